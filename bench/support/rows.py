"""Rows made on the fly, for measuring the terminal without a store behind it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from data.types import Page, StatusMark
from widgets.cells import Cell, Column

COLUMNS = (
    Column("number", "Order", 9, sort="order_number"),
    Column("placed", "Placed", 9, sort="created_at"),
    Column("customer", "Customer", 12, flex=1),
    Column("items", "Items", 5, right=True),
    Column("total", "Total", 10, right=True, sort="total_amount"),
    Column("payment", "Payment", 9),
    Column("parcel", "Parcel", 7, min_total=80),
)
_NAMES = ("Ann Lee", "Björk Guðmundsdóttir", "Chen Wei", "O'Neil & Sons", "山田太郎", "Zoë Müller")
_MARKS = (StatusMark("●", "paid", "good"), StatusMark("◐", "part", "warn"), StatusMark("○", "unpaid", "bad"))


@dataclass(frozen=True)
class MadeRow:
    """Row ``number`` of a list that exists only as its length."""

    number: int

    @property
    def key(self) -> str:
        """Its identity."""
        return str(self.number)


def cells(row: MadeRow) -> tuple[Cell, ...]:
    """Return one cell per column."""
    number = row.number
    return (
        f"{number:07d}",
        f"{number % 59 + 1} min",
        _NAMES[number % len(_NAMES)],
        number % 12 + 1,
        Decimal(number % 500_000) / 100 + 1,
        _MARKS[number % 3],
        StatusMark("○", f"0/{number % 3 + 1}"),
    )


class MadeRows:
    """A page source over ``count`` rows; cursors are row numbers."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked = 0

    def __call__(self, *, after: str | None, before: str | None, limit: int) -> Page[MadeRow]:
        """Return the page after or before a cursor, ``before=""`` the last one."""
        self.asked += 1
        if before is not None:
            end = int(before) if before else self.count
            start = max(end - limit, 0)
        else:
            start = int(after) + 1 if after else 0
            end = min(start + limit, self.count)
        rows = tuple(MadeRow(number) for number in range(start, end))
        following = str(end - 1) if rows and end < self.count else None
        preceding = str(start) if rows and start > 0 else None
        return Page(rows, following, preceding, self.count)

    async def fetch(self, *, after: str | None, before: str | None, limit: int) -> Page[MadeRow]:
        """The same for a grid."""
        return self(after=after, before=before, limit=limit)
