"""What may be asked of the tax table: set a row of one's own, remove one. Handlers: ``data.orders.taxes.commands``."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import msgspec

from data.command import Command
from data.orders.taxes.rules import TaxRow

__all__ = ["RemoveTax", "SetTax", "TaxSet"]


class TaxSet(msgspec.Struct, frozen=True, kw_only=True):
    """The row that was set or removed; ``created`` is false where one of that place and category was there."""

    row: TaxRow
    created: bool


class SetTax(Command, frozen=True, kw_only=True):
    """Tax goods of a category delivered somewhere at ``percent``; an empty field means any.

    It takes the place of the standard row, or of one's own, of the same place and category; orders that stand keep
    their amounts. ``inclusive`` says whether prices contain the tax, ``None`` leaves it to the product. Raises
    ``Invalid``.
    """

    name: ClassVar[str] = "taxes.set"
    permission: ClassVar[str] = "taxes.manage"
    result: ClassVar[type] = TaxSet
    handled_in: ClassVar[str] = "data.orders.taxes.commands"

    percent: Decimal
    country: str = ""
    state: str = ""
    category: str = ""
    label: str = "Tax"
    inclusive: bool | None = None
    on_shipping: bool = True


class RemoveTax(Command, frozen=True, kw_only=True):
    """Remove a row of one's own; the standard row holds again. Raises ``NotFound``."""

    name: ClassVar[str] = "taxes.remove"
    permission: ClassVar[str] = "taxes.manage"
    result: ClassVar[type] = TaxSet
    handled_in: ClassVar[str] = "data.orders.taxes.commands"

    country: str = ""
    state: str = ""
    category: str = ""
