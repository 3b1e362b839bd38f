"""Handing orders out: all that a query finds, as CSV or JSON lines, with the columns somebody chose.

Read in pages by the list's own keyset, each page completed by one query more, so memory does not grow with the result
and the filter is exactly the list's. It is no snapshot: an order placed meanwhile is newer than the first row and is
not in it. Rejected: one cursor over everything, which would hold a transaction open for as long as the reader takes.

Where a column of a line is chosen (``sku``, ``quantity`` …) every row is a line, else an order. That it was done, by
whom and with which query, is kept by the door before the first row leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import msgspec
from sqlalchemy import text

from data.command import Command
from data.door import UnitOfWork, handles
from data.errors import Invalid
from data.orders.listing import list_orders
from data.orders.query import OrderQuery, parse_order_query
from data.orders.rows import OrderRow
from data.tables import format_of, write_table

if TYPE_CHECKING:
    from data.shop import Shop
    from data.types import ReportProgress

__all__ = ["COLUMNS", "LINE_COLUMNS", "USUAL", "Exported", "LogExport", "export_orders", "parse_columns"]

_PAGE = 500
_PLACE = ("street_address", "city", "state", "postal_code", "country")
_LISTED = tuple(name for name in OrderRow.__dataclass_fields__ if name != "user_id")
_FACTS = (
    *("phone", "subtotal", "tax_amount", "tax_included_amount", "shipping_amount", "discount_amount"),
    *("credited_amount", "payment_method", "shipping_method", "notes", "confirmed_at", "shipped_at", "delivered_at"),
    "cancelled_at",
)
_SHIPPING = {f"shipping_{name}": name for name in _PLACE}
_BILLING = {f"billing_{name}": name for name in _PLACE}
#: every column of a line
LINE_COLUMNS = (
    *("line_no", "sku", "product_name", "quantity", "unit_price", "total_price", "line_tax_amount"),
    *("line_discount_amount", "warehouse_id", "fulfillment_status", "shipped_quantity", "cancelled_quantity"),
    *("returned_quantity", "tracking_number"),
)
#: every column there is, in the order they are offered
COLUMNS = (*_LISTED, *_FACTS, *_SHIPPING, *_BILLING, *LINE_COLUMNS)
#: what is handed out where nobody chose
USUAL = (
    *("order_number", "created_at", "order_status", "channel", "customer_name", "email", "units", "total_amount"),
    *("currency", "paid_amount", "payment_state", "shipping_method", "shipping_country"),
)


class ExportLogged(msgspec.Struct, frozen=True, kw_only=True):
    """That an export begins."""

    query: str


class LogExport(Command, frozen=True, kw_only=True):
    """Keep in the audit log that orders leave the shop in a file: which, with which columns."""

    name: ClassVar[str] = "orders.export"
    permission: ClassVar[str] = "orders.export"
    result: ClassVar[type] = ExportLogged

    query: str
    columns: tuple[str, ...]
    format: str


@handles(LogExport)
def log_export(command: LogExport, uow: UnitOfWork) -> ExportLogged:
    """Write the audit row."""
    uow.record("export", "orders", None, {"query": command.query, "columns": command.columns, "as": command.format})
    return ExportLogged(query=command.query)


@dataclass(frozen=True)
class Exported:
    """How many rows went to ``path`` (``None``: a stream, or nothing was kept because it was cancelled)."""

    rows: int
    path: str | None
    cancelled: bool
    columns: tuple[str, ...]


def parse_columns(asked: str) -> tuple[str, ...]:
    """Return the columns that ``asked`` names, commas between; ``""`` means the usual ones, ``all`` every order's.

    Raises ``Invalid`` naming those that do not exist.
    """
    if not asked.strip():
        return USUAL
    if asked.strip() == "all":
        return tuple(name for name in COLUMNS if name not in LINE_COLUMNS)
    names = tuple(dict.fromkeys(part.strip() for part in asked.split(",") if part.strip()))
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or not names:
        raise Invalid({"columns": f"{', '.join(unknown) or asked!r}: no such column; there are {', '.join(COLUMNS)}"})
    return names


def export_orders(
    shop: Shop,
    query: str = "",
    columns: Sequence[str] = USUAL,
    *,
    numbers: Sequence[str] | None = None,
    path: Path | None = None,
    stream: IO[bytes] | None = None,
    format: str = "",
    report: ReportProgress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Exported:
    """Write the orders that ``query`` (the list's line) finds, newest first, to ``path`` or ``stream``.

    Or those with ``numbers``, whatever the line says. What ``format``, ``report`` and ``cancelled`` mean stands at
    ``data.tables.write_table``. Raises ``Denied``, ``Invalid`` (query, columns, file), ``Unavailable``.
    """
    names = parse_columns(",".join(columns))
    parsed = parse_order_query(query).seen_by(shop.actor.user_id)
    kind = format_of(path, format)
    asked = query if numbers is None else f"{len(numbers):,} marked"
    shop.door.run(LogExport(query=asked, columns=names, format=kind), shop.actor)
    if numbers is None:
        queries = [parsed]
        total = list_orders(shop.stores.postgres, parsed, limit=1).estimate or 0
    else:
        queries = [OrderQuery(numbers=tuple(numbers[at : at + _PAGE])) for at in range(0, len(numbers), _PAGE)]
        total = len(numbers)
    rows = (row for each in queries for row in _rows(shop, each, names))
    done = write_table(
        names, rows, format=kind, path=path, stream=stream, report=report, cancelled=cancelled, total=total
    )
    return Exported(done.rows, done.path, done.cancelled, names)


def _rows(shop: Shop, query: Any, names: Sequence[str]) -> Iterator[tuple[object, ...]]:
    by_line = bool(set(names) & set(LINE_COLUMNS))
    further = by_line or bool(set(names) - set(_LISTED))
    after: str | None = None
    while True:
        page = list_orders(shop.stores.postgres, query, after=after, limit=_PAGE)
        ids = [row.order_id for row in page.rows]
        facts = _facts(shop, ids) if further else {}
        lines = _lines(shop, ids) if by_line else {}
        for row in page.rows:
            known = {name: getattr(row, name) for name in _LISTED} | facts.get(row.order_id, {})
            for line in lines.get(row.order_id, []) if by_line else [{}]:
                whole = known | line
                yield tuple(whole.get(name) for name in names)
        after = page.after
        if after is None:
            return


def _facts(shop: Shop, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return what the list does not show of the orders of one page."""
    found: dict[UUID, dict[str, Any]] = {}
    with shop.stores.postgres.reading() as connection:
        for row in connection.execute(_MORE, {"ids": list(ids)}).mappings():
            values = {name: row[name] for name in _FACTS}
            values |= _place(row["shipping_address"], _SHIPPING) | _place(row["billing_address"], _BILLING)
            found[row["order_id"]] = values
    return found


def _place(address: Mapping[str, Any] | None, names: Mapping[str, str]) -> dict[str, Any]:
    return {column: (address or {}).get(field) for column, field in names.items()}


def _lines(shop: Shop, ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    found: dict[UUID, list[dict[str, Any]]] = {}
    with shop.stores.postgres.reading() as connection:
        for row in connection.execute(_LINES, {"ids": list(ids)}).mappings():
            line = dict(row)
            found.setdefault(line.pop("order_id"), []).append(line)
    return found


_MORE = text(
    f"""
    SELECT o.order_id, o.shipping_address, o.billing_address, u.phone,
           {", ".join(f"o.{name}" for name in _FACTS if name != "phone")}
      FROM orders o LEFT JOIN users u USING (user_id) WHERE o.order_id = ANY(CAST(:ids AS uuid[]))
    """
)
_LINES = text(
    """
    SELECT order_id, line_no, sku, product_name, quantity, unit_price, total_price, tax_amount AS line_tax_amount,
           discount_amount AS line_discount_amount, warehouse_id, fulfillment_status, shipped_quantity,
           cancelled_quantity, returned_quantity, tracking_number
      FROM order_items WHERE order_id = ANY(CAST(:ids AS uuid[]))
     ORDER BY order_id, line_no, warehouse_id, order_item_id
    """
)
