"""Plain text for a person: aligned columns, without colour, and inert whatever the stores hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from wcwidth import wcswidth

from data.money import show_money
from data.text import visible

__all__ = ["columns", "pairs", "shown"]

_GAP = "  "
#: Widest a text column grows; a title of 300 characters must not push the numbers off the line.
MAX_WIDTH = 60


def shown(value: object) -> str:
    """Return one value as a person reads it: inert, on one line; ``-`` where there is none."""
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return show_money(value)
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.1f}"
        case datetime():
            return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        case list() | tuple() | set() | frozenset():
            return ", ".join(shown(each) for each in value) or "-"
        case Mapping():
            return ", ".join(f"{visible(str(name))}={shown(inner)}" for name, inner in value.items()) or "-"
        case _:
            return visible(str(value))


def columns(headings: Sequence[str], rows: Iterable[Sequence[object]], *, whole: Collection[str] = ()) -> Iterable[str]:
    """Yield a heading and one line per row; numbers stand at the right of their column, everything else at the left.

    Text is cut at ``MAX_WIDTH``, except in the columns headed by one of ``whole``: what a person copies from there.
    """
    values = [tuple(row) for row in rows]
    cells = [
        [shown(value) if heading in whole else _cut(shown(value)) for heading, value in zip(headings, row, strict=True)]
        for row in values
    ]
    numeric = [all(_is_number(row[at]) for row in values) and bool(values) for at in range(len(headings))]
    widths = [max(map(_width, column)) for column in zip(headings, *cells, strict=True)]
    for line in [list(headings), *cells]:
        padded = [_pad(cell, width, right=right) for cell, width, right in zip(line, widths, numeric, strict=True)]
        yield _GAP.join(padded).rstrip()


def pairs(values: Mapping[str, object], *, indent: str = "") -> Iterable[str]:
    """Yield one ``name  value`` line per entry, values in one column."""
    width = max(map(_width, values), default=0)
    for name, value in values.items():
        yield f"{indent}{_pad(visible(name), width)}{_GAP}{shown(value)}"


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool))


def _width(text: str) -> int:
    return len(text) if text.isascii() else max(wcswidth(text), 0)


def _pad(text: str, width: int, *, right: bool = False) -> str:
    room = " " * (width - _width(text))
    return room + text if right else text + room


def _cut(text: str) -> str:
    if _width(text) <= MAX_WIDTH:
        return text
    kept = text[: MAX_WIDTH - 1]
    while _width(kept) > MAX_WIDTH - 1:
        kept = kept[:-1]
    return kept.rstrip() + "…"
