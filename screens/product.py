"""One product: everything the five stores know of it on one page; Enter changes an attribute or follows a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult

from screens.action import Action
from screens.base import AppScreen
from screens.catalog_data import ProductView, read_product
from screens.forms.product import attribute_form, edit_form
from screens.product_sheet import ATTRIBUTE, product_page, product_state, what_changed
from screens.shown import now
from widgets.keybar import KeyHint
from widgets.line import Piece
from widgets.sheet import Sheet
from widgets.stateline import StateLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from screens.forms.overlay import FormOverlay


class ProductScreen(AppScreen):
    """See and change one product."""

    NAME = "product"
    KEYS_OF = (Sheet,)
    TITLE_CRUMBS = ("Catalog",)
    TOP_RULE = None
    ACTIONS = (
        Action("product.edit", "e", "edit", "edit", "catalog.edit", help="Change title, price, status …", rank=20),
        Action("product.attribute", "A", "add attribute", "add_attribute", "catalog.edit", help="Add an attribute"),
        Action("product.stock", "w", "movements", "movements", "stock.view", help="Why the stock is what it is"),
        Action("product.order", "o", "order it", "order_it", "orders.place", help="New order with it", rank=60),
        Action("product.copy", "y", "copy SKU", "copy_sku", help="Copy the SKU", rank=70),
        Action("product.reload", ("r", "f5"), "reload", "reload", help="Read the product again", show=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self.state = StateLine()
        self.sheet = Sheet(id="product")
        self.view: ProductView | None = None
        self._ref = ""
        self._read_at = now()

    def compose_query(self) -> Iterable[Widget]:
        """Whether it is sold."""
        yield self.state

    def compose_body(self) -> ComposeResult:
        """The page."""
        yield self.sheet

    def arrive(self, product_id: str = "", **arguments: Any) -> None:
        """Show the product with this id, SKU or barcode."""
        if product_id and product_id != self._ref:
            self._ref, self.view = product_id, None
            self.show_crumbs("Catalog")
            self.state.show(())
            self.sheet.say("Loading …")
            self.status.say("")
        self.sheet.focus()
        self.reload()

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does."""
        return (KeyHint("Enter", "open or change"),)

    def why_not(self, action: Action) -> str:
        """Everything here needs the product."""
        return "" if self.view is not None or action.name == "product.reload" else "no product is loaded"

    def reload(self) -> None:
        """Read the product again."""
        if self._ref:
            self.load(read_product, self._ref, then=self._show, failed=self._not_there, group="product")

    def _show(self, view: ProductView) -> None:
        self._read_at, self.sheet.stale = now(), False
        self.view = view
        self.state.show(*product_state(view.product))
        self.show_crumbs("Catalog", view.product.sku)
        self.sheet.show(lambda width: product_page(view, width))
        self.status.facts("")
        self.refresh_keys()

    def _not_there(self, error: Exception) -> None:
        """Keep what was read, dim, with its age; a product nobody knows is said in place of the page."""
        if self.view is None:
            self.sheet.say(*self.explain(error), tone="bad")
            return
        self.sheet.stale = True
        left, _ = product_state(self.view.product)
        self.state.show(left, (Piece(f"as of {self._read_at.astimezone():%H:%M:%S}", "bad"),))
        self.shell.show_error(error, doing="reading the product")

    def recovered(self, stores: tuple[str, ...]) -> None:
        """A store is back: read the product again."""
        self.reload()

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Change the attribute, follow the order, see the movements, copy the address."""
        kind, _, ref = event.key.partition(":")
        if event.key.startswith(ATTRIBUTE) and self.view is not None:
            self._open(attribute_form(self.view.product, str(event.what)))
        elif kind == "order":
            self.shell.open_screen("order", order_number=ref)
        elif kind == "stock":
            self._movements(ref)
        elif kind == "media":
            self.shell.copy_text(ref, "address")

    def _open(self, form: FormOverlay) -> None:
        shop = self.shop
        if shop is not None and not shop.actor.may("catalog.edit"):
            self.app.bell()
            self.status.say(f"{shop.actor.name} may not catalog.edit", "warn")
            return
        self.shell.overlay(form, self._saved)

    def edit(self) -> None:
        """Change the fixed fields."""
        if self.view is not None:
            self._open(edit_form(self.view.product))

    def add_attribute(self) -> None:
        """Add an attribute."""
        if self.view is not None:
            self._open(attribute_form(self.view.product))

    def _saved(self, saved: Any) -> None:
        if saved is not None:
            self.status.say(what_changed(saved.changed), "good")
            self.reload()

    def movements(self) -> None:
        """See why the stock is what it is."""
        self._movements("")

    def _movements(self, warehouse_id: str) -> None:
        if self.view is not None:
            product = self.view.product
            self.shell.open_screen(
                "movements",
                product_id=product.product_id,
                warehouse_id=warehouse_id,
                sku=product.sku,
                title=product.title,
            )

    def order_it(self) -> None:
        """Start an order with it."""
        if self.view is not None:
            self.shell.open_screen("new-order", lines=((self.view.product.sku, 1),))

    def copy_sku(self) -> None:
        """Copy the SKU."""
        if self.view is not None:
            self.shell.copy_text(self.view.product.sku, "SKU")
