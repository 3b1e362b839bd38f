"""What the machine of orders believes: a plain model that knows nothing of SQL.

Three numbers per level, a handful per line, a few sums of money per order. A unit costs 10.00 unless an edit says
otherwise and is not taxed, so that what things are worth can be counted on fingers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

WAREHOUSES, NAMES = ("WH1", "WH2"), ("A", "B")
PRICE, SHIPPING = Decimal("10.00"), Decimal("4.90")
OPEN = ("pending", "confirmed", "processing")


@dataclass
class Level:
    """Units of one product in one warehouse."""

    available: int = 0
    reserved: int = 0
    damaged: int = 0


@dataclass
class Line:
    """What one warehouse serves of line ``number``, and what became of it; ``coming`` is asked back and not decided."""

    name: str
    place: str
    ordered: int
    number: int = 0
    price: Decimal = PRICE
    shipped: int = 0
    cancelled: int = 0
    returned: int = 0
    credited: int = 0
    coming: int = 0

    @property
    def allocated(self) -> int:
        return self.ordered - self.shipped - self.cancelled

    @property
    def refundable(self) -> int:
        return self.shipped - (self.credited - self.cancelled)

    @property
    def fixed(self) -> int:
        """Units that no edit takes away."""
        return max(self.shipped + self.cancelled, self.credited)


@dataclass
class Order:
    """One order: its lines by id and its money."""

    order_id: UUID
    lines: dict[UUID, Line]
    status: str = "pending"
    credited: Decimal = Decimal(0)
    captured: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return sum((line.price * line.ordered for line in self.lines.values()), SHIPPING)

    @property
    def owed(self) -> Decimal:
        return self.total - self.credited - self.captured + self.refunded

    def credit(self, amount: Decimal) -> None:
        self.credited = min(self.total, self.credited + amount)

    def credit_units(self, line: Line) -> None:
        fresh = max(0, line.cancelled + line.returned - line.credited)
        line.credited += fresh
        self.credit(line.price * fresh)

    def follow_lines(self) -> None:
        left = any(line.allocated for line in self.lines.values())
        sent = any(line.shipped for line in self.lines.values())
        if left and sent and self.status == "confirmed":
            self.status = "processing"
        elif not left:
            self.status = "shipped" if sent else "cancelled"
        if self.status == "cancelled":
            self.credited = self.total
            for line in self.lines.values():
                line.credited = line.ordered


@dataclass
class Back:
    """A return of units of one line: ``received`` have arrived, ``left`` of these wait at ``place`` to be inspected."""

    return_id: UUID
    order: Order
    item: UUID
    asked: int
    place: str = ""
    received: int = 0
    left: int = 0
    rejected: int = 0
    closed: bool = False
    cancelled: bool = False
    exchanged: bool = False

    @property
    def to_come(self) -> int:
        return 0 if self.closed else self.asked - self.received


@dataclass
class World:
    """What the model thinks there is."""

    levels: dict[tuple[str, str], Level]
    orders: list[Order] = field(default_factory=list)
    backs: list[Back] = field(default_factory=list)
    holds: dict[str, dict[tuple[str, str], int]] = field(default_factory=dict)
