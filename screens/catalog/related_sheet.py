"""How a product's surroundings are laid out: related products and the history of its changes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from screens.shown import when
from widgets.cells import Column, Runs
from widgets.line import Piece
from widgets.sheet import SheetLine, heading, table_heading, table_row
from widgets.text import fit, visible

if TYPE_CHECKING:
    from data.access.history import Change
    from screens.catalog.related_data import RelatedRow, Surroundings

PRODUCT = "product:"
HISTORY = "history:"
_COLUMNS = (
    Column("sku", "SKU", 12, min_total=64),  # beside the list the title tells more
    Column("title", "Title", 16, flex=1),
    Column("price", "Price", 9, right=True),
    Column("stock", "Stock", 7, right=True),
    Column("orders", "Orders", 6, right=True),
)
#: Paths that say nothing to a person, or follow from another.
_SILENT = ("pricing.final_price", "revision", "version", "updated_at", "slug")
_CALLED = {
    "pricing.base_price": "price",
    "pricing.discount_percentage": "discount",
    "pricing.currency": "currency",
    "pricing.tax_inclusive": "tax included",
}
_LONGEST = 36


def related_lines(around: Surroundings, width: int) -> list[SheetLine]:
    """Return what is bought with the product and what is like it."""
    together = _table(around.together, width, "Nothing yet.", "ClickHouse or MongoDB is away: not known now.")
    alike = _table(
        around.alike, width, "Nothing of its kind.", "Search or MongoDB is away: not known now.", orders=False
    )
    return [
        heading("Bought together", width, "a year"),
        *_keyed(together, "b"),
        heading("Alike", width, "by its attributes"),
        *_keyed(alike, "a"),
    ]


def _table(
    rows: Sequence[RelatedRow] | None, width: int, empty: str, away: str, *, orders: bool = True
) -> list[SheetLine]:
    if rows is None:
        return [SheetLine((Piece(away, "muted"),))]
    if not rows:
        return [SheetLine((Piece(empty, "muted"),))]
    columns = _COLUMNS if orders else _COLUMNS[:-1]
    lines = [table_heading(columns, width)]
    for row in rows:
        cells = (row.sku, row.title, row.price, _stock(row.available), row.orders)
        lines.append(table_row(columns, cells[: len(columns)], width, f"{PRODUCT}{row.product_id}", row))
    return lines


def _stock(available: int | None) -> Runs | str:
    if available is None:
        return "–"
    return Runs(((f"{available:,}", "plain"),)) if available > 0 else Runs((("▲ none", "bad"),))


def _keyed(lines: Sequence[SheetLine], part: str) -> Iterator[SheetLine]:
    """Yield ``lines`` with keys of their own part: one product may stand in both."""
    for line in lines:
        yield SheetLine(line.pieces, f"{line.key}:{part}" if line.key else "", line.what)


def history_lines(changes: Sequence[Change] | None, created: str, width: int) -> list[SheetLine]:
    """Return who changed what when, newest first; ``created`` is the last line, ``""`` where nobody knows."""
    lines = [heading("History", width, "newest first")]
    if changes is None:
        return [*lines, SheetLine((Piece("PostgreSQL is away: not known now.", "muted"),))]
    for number, change in enumerate(one for one in changes if not (one.after or {}).get("created")):
        who = change.who.partition("@")[0]
        head = f"{when(change.at):<10}  {fit(who, 10)}  "
        said = list(_said(change)) or [change.command]
        for place, text in enumerate(said):
            key = f"{HISTORY}{number}" if place == 0 else ""
            start = Piece(head if place == 0 else " " * 24, "muted")
            lines.append(SheetLine((start, Piece(fit(text, max(width - 24, 10)).rstrip())), key, change))
    if created:
        lines.append(SheetLine((Piece(created, "muted"),)))
    return lines


def _said(change: Change) -> Iterator[str]:
    """Yield one sentence for each field that ``change`` changed: ``price 79.95 → 84.90``."""
    before, after = change.before or {}, change.after or {}
    for path in dict.fromkeys([*after, *before]):
        if path in _SILENT or (path in before and path in after and before[path] == after[path]):
            continue
        yield f"{_name(path)} {_value(before, path)} → {_value(after, path)}"


def _name(path: str) -> str:
    return visible(_CALLED.get(path, path.removeprefix("attributes.")))


def _value(values: Mapping[str, Any], path: str) -> str:
    value = values.get(path)
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = " ".join(visible(text).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
