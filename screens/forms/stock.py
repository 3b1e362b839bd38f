"""Forms that move stock: receive units, correct a level, set when it counts as low."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data.ids import new_id
from screens.forms.overlay import FormOverlay
from screens.warehouse.data import adjust, available_now, find_product, receive, set_reorder_level
from widgets.field import Field, numeric

if TYPE_CHECKING:
    from data.shop import Shop
    from data.stock.reads import LevelRow


def receive_form(warehouse_id: str, level: LevelRow | None = None, title: str = "") -> FormOverlay:
    """Return the form that takes units in: of ``level``'s product, or of one that is typed or scanned."""
    key = str(new_id())
    fields = [
        Field("quantity", "Units", required=True, check=numeric(low=1), placeholder="how many came"),
        Field("reason", "Note", placeholder="delivery note, supplier …"),
    ]
    if level is None:
        fields.insert(0, Field("product_id", "Product", required=True, placeholder="SKU or barcode"))
        fields.insert(1, Field("warehouse_id", "Warehouse", value=warehouse_id, required=True))

    def save(shop: Shop, values: dict[str, str]) -> Any:
        if level is not None:
            product_id, house = level.product_id, level.warehouse_id
        else:
            product_id, house = _known(shop, values["product_id"]), values["warehouse_id"]
        return receive(shop, product_id, house, int(values["quantity"]), values["reason"], key)

    what = f"{level.sku} {title} into {level.warehouse_id}" if level is not None else "units"
    return FormOverlay(f"Receive {what}", fields, save)


def _known(shop: Shop, ref: str) -> str:
    """Return the id of the product that was typed or scanned; name the field where nobody knows it."""
    from data.errors import Invalid, NotFound

    try:
        return find_product(shop, ref)[0]
    except NotFound:
        raise Invalid({"product_id": "nobody knows this SKU or barcode"}) from None


def adjust_form(level: LevelRow, title: str) -> FormOverlay:
    """Return the form that corrects ``level`` to what was counted; if it moved meanwhile, it says so and asks again."""
    key, book = str(new_id()), level.available_stock
    fields = [
        Field("set_available", "Counted", value=str(book), required=True, check=numeric()),
        Field("reason", "Reason", required=True, placeholder="why the shelf differs from the book"),
    ]

    def save(shop: Shop, values: dict[str, str]) -> Any:
        counted = int(values["set_available"])
        return adjust(shop, level.product_id, level.warehouse_id, counted, book, values["reason"], key)

    def again(shop: Shop) -> dict[str, str]:
        nonlocal key, book
        key, book = str(new_id()), available_now(shop, level.product_id, level.warehouse_id)
        return {"set_available": str(book)}

    title = f"Adjust {level.sku} {title} in {level.warehouse_id}: {book:,} available in the book"
    return FormOverlay(title, fields, save, again=again)


def reorder_form(level: LevelRow, title: str) -> FormOverlay:
    """Return the form that sets the reorder level of ``level``."""
    key = str(new_id())
    fields = [Field("reorder_level", "Low from", value=str(level.reorder_level), required=True, check=numeric())]

    def save(shop: Shop, values: dict[str, str]) -> Any:
        return set_reorder_level(shop, level.product_id, level.warehouse_id, int(values["reorder_level"]), key)

    return FormOverlay(f"Reorder level of {level.sku} {title} in {level.warehouse_id}", fields, save)
