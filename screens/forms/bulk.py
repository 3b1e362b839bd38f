"""The form that says what is done to many products. It only asks; the bulk screen tries it and does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.forms.overlay import FormOverlay
from widgets.field import Field, Option, SelectField

if TYPE_CHECKING:
    from data.shop import Shop

_OPERATIONS = (
    Option("price_percent", "price by percent"),
    Option("price_amount", "price by amount"),
    Option("price_set", "price to"),
    Option("discount", "discount %"),
    Option("status", "status"),
    Option("category", "category"),
    Option("attribute", "attribute"),
    Option("attribute_removed", "take attribute away"),
    Option("reorder_level", "reorder level"),
)
_HINTS = {
    "price_percent": "-10 lowers it by ten percent",
    "price_amount": "-1.50 lowers it by that much",
    "price_set": "12.50 for all of them",
    "discount": "0 to 100",
    "status": "draft, active or archived",
    "category": "Electronics > Computers > Laptops",
    "attribute": "name it below; 16, yes, none, 5, 6000 or text",
    "attribute_removed": "name it below, the value is left empty",
    "reorder_level": "units; which warehouse stands below",
}


def bulk_form(which: str, warehouse_id: str) -> FormOverlay:
    """Return the form for ``which`` (``all 412 of this filter``). Dismisses with the arguments of the job's kind."""
    fields = [
        SelectField("op", "Change", _OPERATIONS, value="price_percent"),
        Field("value", "To / by"),
        Field("name", "Attribute", placeholder="only for attributes"),
        Field("warehouse_id", "Warehouse", value=warehouse_id, placeholder="only for reorder levels"),
    ]
    return FormOverlay(
        f"Change {which}", fields, _checked, verb="tries it", aside=lambda values: _HINTS.get(values["op"], "")
    )


def _checked(shop: Shop, values: dict[str, str]) -> dict[str, Any]:
    """Return the arguments as the kind takes them. Raises ``Invalid`` by field."""
    from data.bulk.kinds import kind_called
    from screens.forms.product import read_value

    op = values["op"]
    given: dict[str, Any] = {"op": op, "name": values["name"], "warehouse_id": values["warehouse_id"]}
    given["value"] = read_value(values["value"]) if op == "attribute" else values["value"]
    return kind_called("products.change").check(given)
