"""What may be known of a means of payment: never a full card number. Pure."""

from __future__ import annotations

import re

__all__ = ["CARD_TYPES", "PAYMENT_TYPES", "looks_like_card_number"]

PAYMENT_TYPES = ("credit_card", "debit_card", "paypal", "bank_account")
CARD_TYPES = frozenset({"credit_card", "debit_card"})

#: 12 to 19 digits (ISO/IEC 7812), with the blanks, dots and dashes people type between them.
_DIGIT_RUN = re.compile(r"(?<!\d)\d(?:[ .\-]?\d){11,18}(?!\d)")


def looks_like_card_number(text: str) -> bool:
    """Say whether ``text`` holds 12 to 19 digits in a row that pass the Luhn check of ISO/IEC 7812."""
    runs = _DIGIT_RUN.findall(text)
    return bool(runs) and any(_luhn(re.sub(r"\D", "", run)) for run in runs)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
