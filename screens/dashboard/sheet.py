"""How the day is laid out in lines. Pure. A line that has a ``Way`` can be entered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from screens.dashboard.data import IDLE_DAYS, SELLING_DAYS, Books, Figures, Sales
from screens.orders.screen import VIEWS
from screens.shown import age, now, when
from widgets.cells import Column
from widgets.line import Piece
from widgets.sheet import SheetLine, heading, table_row
from widgets.spark import spark

if TYPE_CHECKING:
    from data.types import Health
    from screens.order.kept import Keep

#: From here on there is room for more lines of each kind.
ROOMY = 96
_NUMBERS = (
    Column("name", "", 10),
    Column("value", "", 12, right=True),
    Column("note", "", 24, flex=2),
    Column("spark", "", 16, flex=1),
)
_SELLING = (
    Column("units", "", 5, right=True),
    Column("sku", "", 11),
    Column("title", "", 20, flex=1),
    Column("revenue", "", 10, right=True),
    Column("left", "", 10, right=True),
)
_IDLE = (Column("sku", "", 11), Column("title", "", 20, flex=1))
_VIEWS = dict(VIEWS)


@dataclass(frozen=True)
class Way:
    """Where a line of the dashboard leads: a screen and what it is given."""

    screen: str
    arguments: Mapping[str, str]


def _orders(query: str) -> Way:
    return Way("orders", {"query": query})


def page(figures: Figures, width: int) -> list[SheetLine]:
    """Return the dashboard's lines for ``width`` cells."""
    lines: list[SheetLine] = []
    if figures.books is None:
        reason = figures.away.get("postgresql", "")
        lines.append(SheetLine((Piece(f"PostgreSQL is away ({reason}): no figures of today yet.", "bad"),)))
        lines.append(SheetLine((Piece("They come by themselves when it is back; r asks now.", "muted"),)))
    else:
        books = [*_numbers(figures.books, figures.sales, width), heading("Needs a hand", width), *_work(figures)]
        lines += _stale(books) if "postgresql" in figures.away else books
    if figures.sales is None:
        lines.append(heading("Selling now", width))
        lines.append(SheetLine((Piece(f"{_names(figures)} is away: no sales figures yet.", "bad"),)))
    else:
        sales = [*_selling(figures.sales, width), *_idle(figures.sales, width)]
        lines += _stale(sales) if figures.away else sales
    return [*lines, heading("Stores", width), *_stores(figures.stores)]


def _names(figures: Figures) -> str:
    return " and ".join(figures.away) or "a store"


def _stale(lines: list[SheetLine]) -> list[SheetLine]:
    """Dim what was read before its store went away; headings stay as they are."""
    return [
        line
        if line.pieces[0].text.startswith("─")
        else replace(line, pieces=tuple(Piece(piece.text, "stale") for piece in line.pieces))
        for line in lines
    ]


def _numbers(books: Books, sales: Sales | None, width: int) -> list[SheetLine]:
    today, work = books.today, books.work
    revenue = " + ".join(f"{amount:,.2f}" for amount in today.revenue.values()) or "0.00"
    days = sales.days if sales is not None else ()
    late = f"{work.late_orders:,} late" if work.late_orders else "none late"
    unpaid = f"oldest {age(work.oldest_unpaid_at)}" if work.oldest_unpaid_at else "all paid"
    rows = (
        ("Revenue", revenue, _revenue_trend(sales), spark([day.revenue for day in days]), "created:today"),
        ("Orders", f"{today.orders:,}", _orders_trend(sales), spark([day.orders for day in days]), "created:today"),
        ("Pending", f"{today.open_by_status.get('pending', 0):,}", "to be confirmed", "", "status:pending"),
        ("To ship", f"{today.to_ship:,}", late, "", _VIEWS["To ship"]),
        ("Unpaid", f"{work.unpaid_orders:,}", unpaid, "", _VIEWS["Unpaid"]),
    )
    return [
        table_row(_NUMBERS, (name, value, note, bars), width, f"number:{name}", _orders(query))
        for name, value, note, bars, query in rows
    ]


def _revenue_trend(sales: Sales | None) -> str:
    if sales is None:
        return ""
    then = sales.compared.last_week.revenue
    return _trend(sales.compared.change_percent, f"{then:,.2f}")


def _orders_trend(sales: Sales | None) -> str:
    if sales is None:
        return ""
    today, then = sales.compared.today.orders, sales.compared.last_week.orders
    return _trend(Decimal(today - then) / then * 100 if then else None, f"{then:,}")


def _trend(percent: Decimal | None, then: str) -> str:
    """Return the change against this time last week: in percent, or what it was where that was nothing."""
    weekday = f"last {now().astimezone():%A}"
    if percent is None:
        return f"{then} on {weekday}"
    arrow = "▲" if percent > 0 else "▼" if percent < 0 else "="
    return f"{arrow} {abs(percent):,.0f} % on {weekday}"


def _work(figures: Figures) -> list[SheetLine]:
    books = figures.books
    assert books is not None
    lines = [_unfinished(number, count) for number, count in figures.edits]
    lines += [_begun(keep, place) for place, keep in enumerate(figures.begun)]
    work = books.work
    if work.late_orders:
        since = f", the oldest since {when(work.oldest_late_at)}" if work.oldest_late_at else ""
        text = f"{work.late_orders:,} order{_s(work.late_orders)} late to ship{since}"
        lines.append(SheetLine((Piece(text, "warn"),), "work:late", _orders(_VIEWS["Late"])))
    if work.low_stock:
        sold_out = f", {work.sold_out:,} of them sold out" if work.sold_out else ""
        text = f"{work.low_stock:,} stock level{_s(work.low_stock)} at or below the reorder level{sold_out}"
        lines.append(SheetLine((Piece(text, "warn"),), "work:low", Way("warehouse", {"query": "low"})))
    if books.dead_letters:
        text = f"{books.dead_letters:,} event{_s(books.dead_letters)} could not be delivered"
        lines.append(SheetLine((Piece(text, "bad"),), "work:dead", Way("events", {})))
    return lines or [SheetLine((Piece("Nothing: no late order, no short shelf, no lost event.", "good"),))]


def _unfinished(number: str, count: int) -> SheetLine:
    text = f"Your edit of {number} is not finished: {count:,} change{_s(count)} kept"
    return SheetLine((Piece(text, "warn"),), f"edit:{number}", Way("order-edit", {"order_number": number}))


def _begun(keep: Keep, place: int) -> SheetLine:
    text = f"Your {keep.label} of {keep.order_number} is not finished: there {keep.key} goes on with it"
    return SheetLine((Piece(text, "warn"),), f"begun:{place}", Way("order", {"order_number": keep.order_number}))


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _selling(sales: Sales, width: int) -> list[SheetLine]:
    lines = [heading("Selling now", width, f"units and revenue of {SELLING_DAYS} days, units left")]
    lines += [
        table_row(
            _SELLING,
            (item.product.units, item.product.sku, item.title, item.product.revenue, f"{item.left:,} left"),
            width,
            f"selling:{item.product.product_id}",
            Way("product", {"product_id": item.product.product_id}),
        )
        for item in sales.selling[: 3 if width < ROOMY else 8]
    ]
    if not sales.selling:
        lines.append(SheetLine((Piece(f"Nothing sold in the last {SELLING_DAYS} days.", "muted"),)))
    return lines


def _idle(sales: Sales, width: int) -> list[SheetLine]:
    if not sales.idle:
        return []
    return [
        heading("Not moving", width, f"on the shelf, not sold in {IDLE_DAYS} days"),
        *(
            table_row(
                _IDLE,
                (item.sku, item.title),
                width,
                f"idle:{item.product_id}",
                Way("product", {"product_id": item.product_id}),
            )
            for item in sales.idle[: 2 if width < ROOMY else 8]
        ),
    ]


def _stores(stores: tuple[Health, ...]) -> list[SheetLine]:
    """All stores that are well in one line, one line for each that is not."""
    well = [f"● {store.engine}" for store in stores if store.ok]
    lines = [SheetLine((Piece("   ".join(well), "good"),))] if well else []
    lines += [
        SheetLine((Piece(f"✗ {store.store} is away", "bad"), Piece(f"  {store.detail}", "muted")))
        for store in stores
        if not store.ok
    ]
    return lines
