"""One product: everything the five stores know of it on one page; Enter changes an attribute or follows a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.action import Action
from screens.catalog.data import ProductView, read_product_whole
from screens.catalog.product_sheet import ATTRIBUTE, product_page, product_state, what_changed
from screens.catalog.product_verbs import ProductVerbs, product_actions
from screens.catalog.related_sheet import HISTORY, PRODUCT
from screens.detail import DetailScreen
from screens.forms.product import attribute_form, edit_form
from widgets.keybar import KeyHint
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from data.shop import Shop
    from data.undo.messages import Undone
    from screens.forms.overlay import FormOverlay
    from widgets.line import Piece
    from widgets.sheet import SheetLine


#: Commands that made the product, which taking them back removes.
_CREATIONS = ("catalog.create", "catalog.duplicate")


class ProductScreen(ProductVerbs, DetailScreen[ProductView]):
    """See and change one product."""

    NAME = NOUN = "product"
    TITLE_CRUMBS = ("Catalog",)
    ACTIONS = (
        Action("product.edit", "e", "edit", "edit", "catalog.edit", help="Change title, price, status …", rank=20),
        Action("product.attribute", "A", "add attribute", "add_attribute", "catalog.edit", help="Add an attribute"),
        Action("product.stock", "w", "movements", "movements", "stock.view", help="Why the stock is what it is"),
        Action("product.order", "o", "order it", "order_it", "orders.place", help="New order with it", rank=60),
        Action("product.copy", "y", "copy SKU", "copy_sku", help="Copy the SKU", rank=70),
        Action("product.related", "R", "related", "go_related", help="Go to what is bought with it and like it"),
        Action("product.history", "H", "history", "go_history", help="Go to who changed what when"),
        Action("product.reload", ("r", "f5"), "reload", "reload", help="Read the product again", show=False),
        *product_actions("product"),
    )

    @staticmethod
    def read(shop: Shop, ref: str) -> ProductView:
        """Return what the stores know of the product with this id, SKU or barcode."""
        return read_product_whole(shop, ref)

    def crumb_of(self, thing: ProductView) -> str:
        """Its SKU."""
        return thing.product.sku

    def state_of(self, thing: ProductView) -> tuple[list[Piece], list[Piece]]:
        """Whether it is sold."""
        return product_state(thing.product)

    def page_of(self, thing: ProductView, width: int) -> list[SheetLine]:
        """Price, stock per warehouse, attributes, sales, orders, texts, media."""
        return product_page(thing, width)

    def __init__(self) -> None:
        super().__init__()
        #: the products one came through by related ones, to go back to
        self._trail: list[str] = []

    def arrive(self, product_id: str = "", made: str = "", **arguments: Any) -> None:
        """Show the product with this id, SKU or barcode; ``made`` says how it came to be just now: ``u`` undoes it."""
        if product_id:
            self._trail.clear()
        self.open_ref(product_id)
        if made:
            self.status.say(made, "good", undo=True)

    def leave(self) -> bool:
        """Esc goes back through the related products one came by."""
        if not self._trail:
            return False
        self.open_ref(self._trail.pop())
        return True

    def go_related(self) -> None:
        """Go to what is bought with it, or like it."""
        self._go_to_part(PRODUCT, "Nothing is related to it yet.")

    def go_history(self) -> None:
        """Go to the newest change."""
        self._go_to_part(HISTORY, "Nobody changed it yet.")

    def _go_to_part(self, kind: str, none: str) -> None:
        if not self.sheet.go_to_first(kind):
            self.status.say(none, "warn")

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does."""
        return (KeyHint("Enter", "open or change"),)

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Change the attribute, follow the order, see the movements, copy the address."""
        kind, _, ref = event.key.partition(":")
        if event.key.startswith(ATTRIBUTE) and self.thing is not None:
            self._open(attribute_form(self.thing.product, str(event.what)))
        elif kind == "order":
            self.shell.open_screen("order", order_number=ref)
        elif kind == "stock":
            self._movements(ref)
        elif event.key.startswith(PRODUCT) and self.thing is not None:
            self._trail.append(self._ref)
            self.open_ref(ref.rpartition(":")[0])
        elif kind == "media":
            self.shell.copy_text(ref, "address")

    def _open(self, form: FormOverlay) -> None:
        shop = self.shop
        if shop is not None and not shop.actor.may("catalog.edit"):
            self.app.bell()
            self.status.say(f"{shop.actor.name} may not catalog.edit", "warn")
            return
        self.shell.overlay(form, self._saved)

    def product_in_hand(self) -> tuple[str, str] | None:
        """The product of the page."""
        return (self.thing.product.product_id, self.thing.product.sku) if self.thing is not None else None

    def edit(self) -> None:
        """Change the fixed fields."""
        if self.thing is not None:
            self._open(edit_form(self.thing.product))

    def add_attribute(self) -> None:
        """Add an attribute."""
        if self.thing is not None:
            self._open(attribute_form(self.thing.product))

    def _saved(self, saved: Any) -> None:
        if saved is not None:
            self.status.say(what_changed(saved.changed), "good", undo=True)
            self.reload()

    def undone(self, undone: Undone) -> None:
        """Where the product itself was taken back there is nothing to show any more."""
        if undone.command not in _CREATIONS:
            super().undone(undone)
            return
        self._ref, self.thing = "", None
        self.show_crumbs(*self.TITLE_CRUMBS)
        self.state.show(())
        self.sheet.say(f"{undone.sentence}.", "Esc goes back")
        self.status.say(undone.sentence, "good")
        self.refresh_keys()

    def movements(self) -> None:
        """See why the stock is what it is."""
        self._movements("")

    def _movements(self, warehouse_id: str) -> None:
        if self.thing is not None:
            product = self.thing.product
            self.shell.open_screen(
                "movements",
                product_id=product.product_id,
                warehouse_id=warehouse_id,
                sku=product.sku,
                title=product.title,
            )

    def order_it(self) -> None:
        """Start an order with it."""
        if self.thing is not None:
            self.shell.open_screen("new-order", lines=((self.thing.product.sku, 1),))

    def copy_sku(self) -> None:
        """Copy the SKU."""
        if self.thing is not None:
            self.shell.copy_text(self.thing.product.sku, "SKU")
