"""What somebody meant who wrote a filter's value nearly right: ``50-60`` for ``50..60``, ``>65W`` for ``>65``. Pure.

It only ever suggests: a slip is marked in its place and left out of the search, and ``Tab`` writes what was meant.
Rejected: searching for the guess at once, which would say nothing of it in a saved search or a script.
"""

from __future__ import annotations

import re

from data.search.query import SORTS, read_range

__all__ = ["looks_like_range", "meant_order", "meant_range", "meant_stock"]

#: Written as a range is: a bound's sign in front, or two dots in what has a digit.
_LIKE_RANGE = re.compile(r"[<>].*|(?=.*\d).*\.\..*", re.DOTALL)
#: Behind a number or before it; not the e of 1e3, nor a letter amid digits.
_UNIT = re.compile(r"(?<=\d)\s*([^\W\d_]+|[\"″”%°€$£¥])(?!\w)|[€$£¥](?=\s*\d)")
_DASH = re.compile(r"(?<=\d)\s*(?:-|–|—|\bto\b)\s*(?=[\d.])")
_ONE = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_STOCK_STATES = {"none": "out", "no": "out", "empty": "out", "sold-out": "out", "yes": "in", "available": "in"}


def looks_like_range(text: str) -> bool:
    """Say whether ``text`` is a range, or would be but for a slip: as a value of words it wants quotes."""
    return bool(_LIKE_RANGE.fullmatch(text))


def meant_range(text: str) -> str:
    """Return the range or the number that ``text`` spells but for units, a currency's sign or a dash; else ``""``.

    Bounds in two different units (``500GB..1TB``) mean nothing that can be said without them.
    """
    if len({unit.lower() for unit in _UNIT.findall(text) if unit}) > 1:
        return ""
    plain = _DASH.sub("..", _UNIT.sub("", text)).replace(" ", "")
    meant = plain != text and (_ONE.fullmatch(plain) or ((found := read_range(plain)) and not found.is_empty))
    return plain if meant else ""


def meant_order(text: str) -> str:
    """Return the order whose description begins with ``text`` (``cheapest`` is ``price``), else ``""``."""
    word = text.removeprefix("-")
    return next((order for order, said in SORTS.items() if len(word) > 2 and said.startswith(word)), "")


def meant_stock(text: str) -> str:
    """Return the stock state that people call ``text``, else ``""``."""
    return _STOCK_STATES.get(text.lower(), "")
