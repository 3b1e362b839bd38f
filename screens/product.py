"""One product: everything the five stores know of it on one page; Enter changes an attribute or follows a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult

from screens.action import Action
from screens.base import AppScreen
from screens.catalog_data import ProductView, read_product
from screens.forms.product import attribute_form, edit_form
from screens.product_sheet import ATTRIBUTE, product_page
from widgets.keybar import KeyHint
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from textual.screen import Screen


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
        self.sheet = Sheet(id="product")
        self.view: ProductView | None = None
        self._ref = ""

    def compose_body(self) -> ComposeResult:
        """The page."""
        yield self.sheet

    def arrive(self, product_id: str = "", **arguments: Any) -> None:
        """Show the product with this id, SKU or barcode."""
        if product_id and product_id != self._ref:
            self._ref, self.view = product_id, None
            self.show_crumbs("Catalog")
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
        self.view = view
        self.show_crumbs("Catalog", view.product.sku)
        self.sheet.show(lambda width: product_page(view, width))
        self.status.facts("")
        self.refresh_keys()

    def _not_there(self, error: Exception) -> None:
        if self.view is None:
            self.sheet.say(*self.explain(error), tone="bad")
        else:
            self.status.facts(f"as it was when last read · {error}")

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

    def _open(self, form: Screen[Any]) -> None:
        shop = self.shop
        if shop is not None and not shop.actor.may("catalog.edit"):
            self.app.bell()
            self.status.say(f"{shop.actor.name} may not catalog.edit", "warn")
            return
        self.app.push_screen(form, self._saved)

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
            changed = ", ".join(saved.changed) or "nothing"
            self.status.say(f"{changed} changed", "good")
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
