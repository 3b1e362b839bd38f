"""What holds a product together, said without a store: its price, its attributes as a tree, its words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from data.catalog.types import AttributeValue
from data.money import cents
from data.search.analysis import atoms, fold

_HUNDRED = Decimal(100)
_WORD = re.compile(r"\w+")
#: What is surely no branch of a tree, asked before ``Mapping``, which is dear to ask.
_LEAVES = frozenset({str, int, float, bool, list, type(None)})


def final_price(base_price: Decimal | None, discount_percentage: Decimal) -> Decimal | None:
    """Return what the customer pays: the base price less the discount, half up to the cent."""
    return None if base_price is None else cents(base_price * (_HUNDRED - discount_percentage) / _HUNDRED)


def nest(flat: Mapping[str, AttributeValue]) -> dict[str, Any]:
    """Return ``{"memory.speed": 5}`` as ``{"memory": {"speed": 5}}``.

    Raises ``ValueError`` where one name is a value and has values below it.
    """
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *branches, leaf = name.split(".")
        node = tree
        for branch in branches:
            node = node.setdefault(branch, {})
            if not isinstance(node, dict):
                raise ValueError(f"{name} lies below an attribute that has a value")
        if leaf in node:
            raise ValueError(f"{name} has attributes below it")
        node[leaf] = value
    return tree


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the leaves of ``tree`` by dotted name; an empty branch has none."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if type(value) not in _LEAVES and isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def words_of(*texts: str) -> list[str]:
    """Return the distinct words of ``texts`` as the search's analyser cuts them, at most 40, in their order."""
    found = dict.fromkeys(piece[:40] for word in atoms(" ".join(texts)) for piece in word)
    return list(found)[:40]


def slug_of(name: str) -> str:
    """Return ``name`` as it stands in an address: ``Power supplies`` → ``power-supplies``."""
    return "-".join(_WORD.findall(fold(name))) or "category"
