"""Money is ``Decimal`` with two places; half-cents round half up, as the invoices of the trade do."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from data.errors import Invalid

CENT = Decimal("0.01")
#: The seed's columns are DECIMAL(10,2).
MAX_AMOUNT = Decimal("99999999.99")
#: A number whose thousands are parted by commas.
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")


def cents(amount: Decimal | int | str) -> Decimal:
    """Return ``amount`` rounded half up to two places."""
    return Decimal(amount).quantize(CENT, rounding=ROUND_HALF_UP)


def ungrouped(text: str) -> str:
    """Return ``text`` without the commas that part thousands; other commas stay, and make it no number.

    Half of the world writes 22.22 as ``22,22``: who takes every comma away reads a price a hundred times too high.
    """
    text = text.strip()
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text


def parse_money(text: str, *, field: str = "amount") -> Decimal:
    """Return the amount a person typed (``1,204.50`` or ``1204.5``).

    Raises ``Invalid`` naming ``field`` when the text is no finite amount between 0 and 99,999,999.99 with at most two
    decimals.
    """
    try:
        amount = Decimal(ungrouped(text).replace("_", ""))
    except InvalidOperation:
        raise Invalid({field: f"{text!r} is not an amount, write it like 12.50"}) from None
    if not amount.is_finite() or amount < 0 or amount > MAX_AMOUNT:
        raise Invalid({field: f"must be between 0 and {MAX_AMOUNT:,}"})
    if amount != cents(amount):
        raise Invalid({field: "has more than two decimals"})
    return cents(amount)


def show_money(amount: Decimal) -> str:
    """Return ``amount`` as every screen and document shows it: ``1,204.00``."""
    return f"{cents(amount):,}"
