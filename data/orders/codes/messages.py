"""What may be asked of discount codes: add one, stop one. Handlers: ``data.orders.codes.commands``."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from data.command import Command
from data.orders.codes.rules import CodeTerms

__all__ = ["AddCode", "StopCode"]


class AddCode(Command, frozen=True, kw_only=True):
    """Make a discount code; capitals do not matter. Either ``percent`` (above 0, at most 100) or ``amount``.

    Its terms never change afterwards: orders were promised them. Raises ``Invalid``, also for a code that exists.
    """

    name: ClassVar[str] = "codes.add"
    permission: ClassVar[str] = "codes.manage"
    result: ClassVar[type] = CodeTerms
    handled_in: ClassVar[str] = "data.orders.codes.commands"

    code: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    currency: str = "USD"
    minimum: Decimal = Decimal("0.00")
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    uses_at_most: int | None = None


class StopCode(Command, frozen=True, kw_only=True):
    """Let no further order use a code, for good. Raises ``NotFound``."""

    name: ClassVar[str] = "codes.stop"
    permission: ClassVar[str] = "codes.manage"
    result: ClassVar[type] = CodeTerms
    handled_in: ClassVar[str] = "data.orders.codes.commands"

    code: str
