"""The form that says where an export goes and with which columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from screens.forms.overlay import FormOverlay
from widgets.field import Field

if TYPE_CHECKING:
    from data.shop import Shop


def export_form(which: str) -> FormOverlay:
    """Return the form for ``which``. Dismisses with (path, columns)."""
    fields = [
        Field("path", "File", required=True, placeholder="products.csv or products.jsonl"),
        Field("columns", "Columns", placeholder="sku,title,base_price,attributes.color; empty: all"),
    ]
    return FormOverlay(f"Export {which}", fields, _checked, verb="exports")


def _checked(shop: Shop, values: dict[str, str]) -> tuple[Path, tuple[str, ...]]:
    """Return what was typed. Raises ``Invalid`` by field."""
    from data.catalog.exports import check_export
    from data.errors import Invalid

    path = Path(values["path"]).expanduser()
    columns = tuple(name.strip() for name in values["columns"].split(",") if name.strip())
    try:
        check_export(path.suffix.removeprefix(".").lower(), columns)
    except Invalid as error:
        raise Invalid({"path" if name == "format" else name: why for name, why in error.fields.items()}) from None
    return path, columns
