"""Cutting a stream into batches of one size, for requests and transactions that are neither one by one nor endless."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

__all__ = ["batches"]

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int = 500) -> Iterator[list[Item]]:
    """Yield ``items`` in lists of ``size``."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
