"""Dashboard: the day in one look; everything on it can be entered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult

from screens.action import Action
from screens.base import AppScreen
from screens.dashboard_data import Figures, read_figures
from screens.orders import VIEWS
from screens.shown import now, when
from widgets.cells import Column
from widgets.keybar import KeyHint
from widgets.line import OneLine, Piece, spread
from widgets.sheet import Sheet, SheetLine, heading, table_row
from widgets.spark import spark

if TYPE_CHECKING:
    from textual.widget import Widget

_NUMBERS = (
    Column("name", "", 10),
    Column("value", "", 11, right=True),
    Column("note", "", 24, flex=2),
    Column("spark", "", 16, flex=1),
)
_SELLING = (
    Column("units", "", 4, right=True),
    Column("sku", "", 9, flex=1),
    Column("title", "", 12, flex=4),
    Column("left", "", 8, right=True),
)
_IDLE = (Column("sku", "", 9, flex=1), Column("title", "", 12, flex=3))


class DayLine(OneLine):
    """Row 2: which day this is, and how old the figures are."""

    def __init__(self) -> None:
        super().__init__()
        self._read_at: datetime | None = None

    def show(self, read_at: datetime) -> None:
        """Show when the figures were read."""
        self._read_at = read_at
        self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """Day left, age right."""
        today = now().astimezone()
        right = [Piece(f"as of {self._read_at.astimezone():%H:%M:%S}", "muted")] if self._read_at else []
        return spread([Piece(f"{today:%A} {today.day} {today:%B}")], right, width)


class DashboardScreen(AppScreen):
    """The first screen."""

    NAME = "dashboard"
    TITLE_CRUMBS = ("Today",)
    #: seconds between two readings while somebody looks
    REFRESH: ClassVar[float] = 10.0
    ACTIONS = (
        Action("dashboard.reload", ("r", "f5"), "refresh", "reload", help="Read the figures now", rank=80),
        *(
            Action(
                f"dashboard.view_{place}",
                str(place),
                name,
                "open_view",
                "orders.view",
                help=f"Orders: {name}",
                group="Views",
                show=False,
                arguments=(query,),
            )
            for place, (name, query) in enumerate(VIEWS, start=1)
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.day = DayLine()
        self.sheet = Sheet(id="today")
        self.figures: Figures | None = None

    def compose_query(self) -> Iterable[Widget]:
        """The day."""
        yield self.day

    def compose_body(self) -> ComposeResult:
        """The figures."""
        yield self.sheet

    def on_mount(self) -> None:
        """Read now and then, while somebody looks."""
        self.sheet.say("Loading the day …")
        self.set_interval(self.REFRESH, self._again)

    def arrive(self, **arguments: Any) -> None:
        """Show the day."""
        self.sheet.focus()
        self.reload()

    def more_hints(self) -> tuple[KeyHint, ...]:
        """The ways on from here."""
        return (KeyHint("Enter", "open"), KeyHint("1–6", "views"))

    def reload(self) -> None:
        """Read the figures."""
        self.load(read_figures, then=self._show, failed=self._not_read, group="figures")

    def _again(self) -> None:
        if self.is_current and self.shop is not None:
            self.reload()

    def _show(self, figures: Figures) -> None:
        self.figures = figures
        self.day.show(figures.read_at)
        self.sheet.show(lambda width: page(figures, width))

    def _not_read(self, error: Exception) -> None:
        if self.figures is None:
            self.sheet.say(*self.explain(error), tone="bad")
        else:
            self.status.say(str(error), "bad")

    def open_view(self, query: str) -> None:
        """Open the orders of a view."""
        self.shell.open_screen("orders", query=query)

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Go where the line says."""
        if isinstance(event.what, Way):
            self.shell.open_screen(event.what.screen, **event.what.arguments)


@dataclass(frozen=True)
class Way:
    """Where a line of the dashboard leads: a screen and what it is given."""

    screen: str
    arguments: Mapping[str, str]


def _orders(query: str) -> Way:
    return Way("orders", {"query": query})


def page(figures: Figures, width: int) -> list[SheetLine]:
    """Return the dashboard's lines."""
    return [
        *_numbers(figures, width),
        heading("Needs a hand", width),
        *_work(figures),
        *_products(figures, width),
        heading("Stores", width),
        *_stores(figures, width),
    ]


def _number(name: str, value: str, note: str, bars: str, width: int, query: str) -> SheetLine:
    return table_row(_NUMBERS, (name, value, note, bars), width, f"number:{name}", _orders(query))


def _numbers(figures: Figures, width: int) -> list[SheetLine]:
    today = figures.today
    if today is None:
        reason = figures.away.get("postgresql", "")
        return [SheetLine((Piece(f"No figures of today: PostgreSQL is away ({reason}).", "bad"),))]
    compared = figures.compared
    change = compared.change_percent if compared is not None else None
    weekday = f" on last {now():%A}" if change is not None else ""
    revenue = " + ".join(f"{amount:,.2f}" for amount in today.revenue.values()) or "0.00"
    orders_then = compared.last_week.orders if compared is not None else 0
    orders_change = Decimal(today.orders - orders_then) / orders_then * 100 if orders_then else None
    to_ship = sum(today.open_by_status.get(status, 0) for status in ("confirmed", "processing"))
    waiting = today.open_by_status.get("pending", 0)
    days = figures.days
    late = f"{today.late:,} late" if today.late else "none late"
    away = "ClickHouse is away: no comparison" if "clickhouse" in figures.away else ""
    return [
        _number(
            "Revenue",
            revenue,
            (_trend(change) + weekday) or away,
            spark([day.revenue for day in days]),
            width,
            "created:today",
        ),
        _number(
            "Orders",
            f"{today.orders:,}",
            _trend(orders_change),
            spark([day.orders for day in days]),
            width,
            "created:today",
        ),
        _number("Pending", f"{waiting:,}", "to be confirmed", "", width, "status:pending"),
        _number("To ship", f"{to_ship:,}", late, "", width, dict(VIEWS)["To ship"]),
    ]


def _trend(percent: Decimal | None) -> str:
    if percent is None:
        return ""
    arrow = "▲" if percent > 0 else "▼" if percent < 0 else "="
    return f"{arrow} {abs(percent):.0f} %"


def _work(figures: Figures) -> list[SheetLine]:
    lines = []
    work = figures.work
    if work is not None and work.late_orders:
        since = f", the oldest since {when(work.oldest_late_at)}" if work.oldest_late_at else ""
        text = f"{work.late_orders:,} order{_s(work.late_orders)} late to ship{since}"
        lines.append(SheetLine((Piece(text, "warn"),), "work:late", _orders(dict(VIEWS)["Late"])))
    if work is not None and work.low_stock:
        sold_out = f", {work.sold_out:,} of them sold out" if work.sold_out else ""
        text = f"{work.low_stock:,} stock level{_s(work.low_stock)} at or below the reorder level{sold_out}"
        lines.append(SheetLine((Piece(text, "warn"),), "work:low", Way("warehouse", {"query": "low"})))
    if figures.dead_letters:
        text = f"{figures.dead_letters:,} event{_s(figures.dead_letters)} could not be delivered"
        lines.append(SheetLine((Piece(text, "bad"), Piece("  storekeeper relay dead-letters list", "muted"))))
    return lines or [SheetLine((Piece("Nothing: no late order, no short shelf, no lost event.", "good"),))]


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _products(figures: Figures, width: int) -> list[SheetLine]:
    """Selling at the left, idle shelves at the right; one above the other where there is no room."""
    selling = [
        table_row(
            _SELLING,
            (
                item.product.units,
                item.product.sku,
                item.title,
                f"{item.left:,} left" if item.left is not None else "",
            ),
            width if width < 96 else width // 2,
            f"selling:{item.product.product_id}",
            Way("product", {"product_id": item.product.product_id}),
        )
        for item in figures.selling[: 4 if width < 96 else 8]
    ]
    lines = [heading("Selling now: units in 7 days", width), *selling]
    if not selling:
        lines.append(SheetLine((Piece("Nothing sold in the last 7 days.", "muted"),)))
    if figures.idle:
        lines.append(heading("Not moving: on the shelf, not sold in 90 days", width))
        lines += [
            table_row(
                _IDLE,
                (item.sku, item.title),
                width,
                f"idle:{item.product_id}",
                Way("product", {"product_id": item.product_id}),
            )
            for item in figures.idle[: 2 if width < 96 else 6]
        ]
    return lines


def _stores(figures: Figures, width: int) -> list[SheetLine]:
    """All stores that are well in one line, one line for each that is not."""
    well = [f"● {store.engine} {store.version}".rstrip() for store in figures.stores if store.ok]
    in_a_line = 3 if width < 96 else len(well)
    lines = [
        SheetLine((Piece("   ".join(well[start : start + in_a_line]), "good"),))
        for start in range(0, len(well), max(in_a_line, 1))
    ]
    lines += [
        SheetLine((Piece(f"✗ {store.store} is away", "bad"), Piece(f"  {store.detail}", "muted")))
        for store in figures.stores
        if not store.ok
    ]
    return lines
