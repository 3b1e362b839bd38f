"""The columns of the catalog's list: fixed ones, and any attribute. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from screens.shown import stock_mark
from screens.views.columns import within_room
from widgets.cells import Cell, Column, Highlighted, Runs

if TYPE_CHECKING:
    from screens.catalog.data import ProductHit

#: The columns of the list's own.
OWN = (
    Column("sku", "SKU", 10, flex=1, sort="", min_total=56),  # beside the facets at 80 columns the title tells more
    Column("title", "Title", 16, flex=6, sort="title"),
    Column("brand", "Brand", 10, flex=1, min_total=88),
    Column("category", "Category", 12, flex=1, min_total=104),
    Column("price", "Price", 9, right=True, sort="price"),
    Column("stock", "Stock", 8, right=True, sort="stock"),
)
_FURTHER = (Column("status", "Status", 8), Column("barcode", "Barcode", 13), Column("low_at", "Low at", 6, right=True))
_FIXED = {column.key: column for column in (*OWN, *_FURTHER)}
_ATTRIBUTE = "attributes."
_WIDTH = 10


def column_names(attributes: Iterable[str]) -> list[tuple[str, str]]:
    """Return name and label of every column: the fixed ones, then the attributes."""
    named = [(f"{_ATTRIBUTE}{name}", _label(name)) for name in attributes]
    return [*((key, column.label) for key, column in _FIXED.items()), *named]


def columns_for(names: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns called ``names``, the list's own where none of them is known."""
    return within_room(column for name in names if (column := _column(name)) is not None) or OWN


def _column(name: str) -> Column | None:
    if name.startswith(_ATTRIBUTE):
        return Column(name, _label(name.removeprefix(_ATTRIBUTE)), _WIDTH)
    return _FIXED.get(name)


def _label(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def attributes_of(columns: Iterable[Column]) -> frozenset[str]:
    """Return the query names of the attributes that ``columns`` show."""
    return frozenset(column.key.removeprefix(_ATTRIBUTE) for column in columns if column.key.startswith(_ATTRIBUTE))


def cells_for(columns: Sequence[Column]) -> Callable[[ProductHit], tuple[Cell, ...]]:
    """Return what turns a row into the cells of ``columns``."""
    names = [column.key for column in columns]
    return lambda row: tuple(_cell(row, name) for name in names)


def _cell(row: ProductHit, name: str) -> Cell:
    match name:
        case "title":
            return Highlighted(row.title, row.spans)
        case "stock":
            return _stock(row)
        case "low_at":
            return row.reorder_level or None
        case "price" if row.price is not None and not row.price_sure:
            return Runs(((f"~{row.price:,.2f}", "stale"),))
        case "sku" | "brand" | "category" | "price" | "status" | "barcode":
            value: Cell = getattr(row, name)
            return value
    return row.attributes.get(name.removeprefix(_ATTRIBUTE), "")


def _stock(row: ProductHit) -> Cell:
    if row.status != "active":
        return Runs(((row.status, "muted"),))
    if row.available is None:
        return Runs(((f"~{row.indexed:,}", "stale"),))
    return stock_mark(row.available, row.reorder_level)
