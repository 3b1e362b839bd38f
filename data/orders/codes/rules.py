"""What a discount code takes off, and when it holds. Pure: the screen asks here at every key, placement once more."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from data.money import cents

__all__ = ["CodeTerms", "normal_code"]


def normal_code(text: str) -> str:
    """Return a code as it is stored: in capitals, without blanks at the ends."""
    return text.strip().upper()


class CodeTerms(msgspec.Struct, frozen=True, kw_only=True):
    """A code as it stands. Either ``percent`` of the goods or ``amount`` off; times are UTC, ``valid_until`` excluded.

    ``amount`` and ``minimum`` are in ``currency``; ``uses_at_most`` ``None`` means any number.
    """

    code: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    currency: str = "USD"
    minimum: Decimal = Decimal("0.00")
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    uses_at_most: int | None = None
    used: int = 0
    is_active: bool = True

    @property
    def label(self) -> str:
        """What it takes off, in words."""
        return f"{self.percent.normalize():f} %" if self.percent is not None else f"{self.amount:,.2f} {self.currency}"

    def spent(self, now: datetime) -> str:
        """Say why it holds for no order at ``now``, ``""`` when it may."""
        if not self.is_active:
            return "was stopped"
        if self.valid_from is not None and now < self.valid_from:
            return f"holds from {self.valid_from:%Y-%m-%d %H:%M} UTC on"
        if self.valid_until is not None and now >= self.valid_until:
            return f"ended {self.valid_until:%Y-%m-%d %H:%M} UTC"
        if self.uses_at_most is not None and self.used >= self.uses_at_most:
            return f"was used {self.used:,} times, as often as it may be"
        return ""

    def why_not(self, goods: Decimal, currency: str) -> str:
        """Say why it does not hold for ``goods`` of this worth, ``""`` when it does."""
        if currency != self.currency and (self.amount is not None or self.minimum):
            return f"is in {self.currency}, the order in {currency}"
        if goods < self.minimum:
            return f"needs goods of {self.minimum:,.2f}, these are {goods:,.2f}"
        return ""

    def off(self, goods: Decimal) -> Decimal:
        """Return what it takes off goods of this worth: percent rounded half up to the cent, never more than all."""
        return min(goods, cents(goods * self.percent / 100) if self.percent is not None else self.amount or Decimal(0))
