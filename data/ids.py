"""Identifiers: UUIDv7 for rows, and an order number a human can read out over the phone.

An order number is ``K7M2-QX4C``: one symbol for the customer's shard, six random ones, one check symbol, in
Crockford's base 32 (no I, L, O, U). It says nothing about how many orders a shop has. The check symbol is a weighted
sum modulo the prime 37, so every single wrong symbol and every swap of two neighbours is caught; a draw whose sum
falls on 32 to 36, for which there is no symbol, is drawn again.
"""

from __future__ import annotations

import secrets
from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7

__all__ = ["looks_like_order_number", "new_id", "new_id_text", "new_order_number", "normal_order_number", "parse_id"]

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}
#: What people type for what they read: Crockford's decoding table.
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})
_BODY = 7
_PRIME = 37
_SHIFTS = range(25, -1, -5)


def new_id() -> UUID:
    """Return a new UUIDv7 (RFC 9562): time-ordered, so primary keys grow at the right-hand edge of their index."""
    return uuid7()


def new_id_text() -> str:
    """Return a new UUIDv7 as text: a fifth of the price of ``new_id`` where it goes straight into a statement."""
    return str(uuid_utils.uuid7())


def parse_id(text: str) -> UUID | None:
    """Return the UUID that ``text`` spells, or ``None``."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _check(body: str) -> int:
    # Weights 2..8 differ from each other and from 0 modulo 37, and neighbours differ by 1: single errors and
    # transpositions of neighbours always change the sum.
    return sum([weight * _VALUE[symbol] for weight, symbol in enumerate(body, 2)]) % _PRIME


def new_order_number(shard: int = 0) -> str:
    """Return a fresh order number for a customer of ``shard`` (0 to 31), as ``XXXX-XXXX``."""
    if not 0 <= shard < len(ALPHABET):
        raise ValueError(f"shard {shard} is not between 0 and {len(ALPHABET) - 1}")
    while True:
        bits = secrets.randbits(30)
        body = ALPHABET[shard] + "".join([ALPHABET[(bits >> shift) & 31] for shift in _SHIFTS])
        check = _check(body)
        if check < len(ALPHABET):
            number = body + ALPHABET[check]
            return f"{number[:4]}-{number[4:]}"


def normal_order_number(text: str) -> str | None:
    """Return ``text`` as the order number it spells, or ``None`` where its check symbol says it is a typo.

    Case, dashes and blanks do not matter; I and L read as 1, O as 0, U as V.
    """
    plain = text.strip().upper().replace("-", "").replace(" ", "").translate(_READ_AS)
    if len(plain) != _BODY + 1 or any(symbol not in _VALUE for symbol in plain):
        return None
    if _check(plain[:_BODY]) != _VALUE[plain[_BODY]]:
        return None
    return f"{plain[:4]}-{plain[4:]}"


def looks_like_order_number(text: str) -> bool:
    """Say whether ``text`` is shaped like an order number, right or mistyped."""
    plain = text.strip().upper().replace("-", "").replace(" ", "").translate(_READ_AS)
    return len(plain) == _BODY + 1 and all(symbol in _VALUE for symbol in plain)
