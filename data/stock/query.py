"""The warehouse list's line of query, read into a frozen value. Pure.

Words and ``field:value`` pairs, all of which must hold: ``warehouse:WH1 low corsair``. ``low`` and ``out`` (or
``stock:low``, ``stock:out``) keep the levels at or below their reorder level, or empty. Everything else are words of
the product, its SKU or its barcode. What can't be read raises ``Invalid`` with the token as the field.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from data.errors import Invalid

__all__ = ["StockFilter", "parse_stock_filter"]

_STATES = ("low", "out")


@dataclass(frozen=True)
class StockFilter:
    """Which levels: of one warehouse (``""`` = all), of products the ``words`` find, only low, only sold out."""

    warehouse_id: str = ""
    words: str = ""
    low: bool = False
    out: bool = False


def parse_stock_filter(text: str) -> StockFilter:
    """Return the filter ``text`` spells. Raises ``Invalid`` naming the token that can't be read."""
    try:
        tokens = shlex.split(text, posix=True)
    except ValueError:
        tokens = text.split()
    warehouse, states, words = "", set(), []
    for token in tokens:
        name, colon, value = token.partition(":")
        if token.lower() in _STATES:
            states.add(token.lower())
        elif colon and name.lower() in ("warehouse", "wh"):
            warehouse = value
        elif colon and name.lower() == "stock":
            if value.lower() not in _STATES:
                raise Invalid({token: "stock: takes low or out"})
            states.add(value.lower())
        elif colon and name.lower() in ("sku", "product"):
            words.append(value)
        elif colon:
            raise Invalid({token: f"there is no {name}: here, only warehouse: and stock:"})
        else:
            words.append(token)
    return StockFilter(warehouse, " ".join(words), "low" in states, "out" in states)
