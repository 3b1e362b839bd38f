"""Keyset cursors: opaque, typed, and refused when they were made for another list."""

from __future__ import annotations

import base64
import binascii
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from data.errors import Invalid
from data.structs import decode

_TAGS: dict[str, Any] = {
    "d": datetime.fromisoformat,
    "D": date.fromisoformat,
    "n": Decimal,
    "u": UUID,
    "s": str,
    "i": int,
}


def _tagged(value: object) -> list[str]:
    match value:
        case datetime():
            return ["d", value.isoformat()]
        case date():
            return ["D", value.isoformat()]
        case Decimal():
            return ["n", str(value)]
        case UUID():
            return ["u", str(value)]
        case bool() | None:
            raise TypeError(f"cannot page by {value!r}")
        case int():
            return ["i", str(value)]
        case _:
            return ["s", str(value)]


def encode_cursor(listing: str, *values: object) -> str:
    """Return the cursor of a row in ``listing`` (its name and sort, ``orders:-created_at``) by its key ``values``."""
    raw = msgspec.json.encode([listing, *(_tagged(value) for value in values)])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(listing: str, cursor: str) -> tuple[Any, ...]:
    """Return the key values in ``cursor``. Raises ``Invalid`` for one that is broken or belongs to another listing."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        name, *pairs = decode(raw, list[Any])
        values = tuple(_TAGS[tag](text) for tag, text in pairs)
    except (ValueError, KeyError, TypeError, binascii.Error, msgspec.DecodeError, ArithmeticError):
        raise Invalid({"cursor": "is not a cursor of this program"}) from None
    if name != listing:
        raise Invalid({"cursor": f"belongs to the list {name}, not {listing}"})
    return values
