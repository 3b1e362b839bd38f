"""Ids that are derived from what caused a row, so that the same cause gives the same row, however often it comes.

Still a UUIDv7: its time is that of the thing that caused it, so rows of one cause stand together in their index, and
its 74 free bits are a hash instead of chance. A UUIDv5 was rejected: random keys all over the ledger's largest index.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

__all__ = ["cause_id"]

_TIME_BITS = 48


def cause_id(reference: UUID, *parts: str) -> UUID:
    """Return the id of what ``parts`` name, caused by ``reference``; ``parts`` may hold any text."""
    spelled = "".join(f"{len(part)}:{part}" for part in (str(reference), *parts))
    chance = int.from_bytes(hashlib.sha256(spelled.encode()).digest()[:16])
    time = reference.int >> (128 - _TIME_BITS) << (128 - _TIME_BITS)
    value = time | (chance & ((1 << (128 - _TIME_BITS)) - 1))
    value = value & ~(0xF << 76) | (0x7 << 76)  # version 7
    value = value & ~(0x3 << 62) | (0x2 << 62)  # variant of RFC 9562
    return UUID(int=value)
