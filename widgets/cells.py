"""What may stand in a grid's cell, and how it becomes pieces of exactly the column's width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from data.types import StatusMark
from widgets.line import Piece
from widgets.text import fit, visible, width_of

GAP = 2
#: the two cells at the left that carry ``▌`` (marked) and ``▸`` (cursor)
MARGIN = 2


@dataclass(frozen=True)
class Column:
    """One column of a grid, its width fixed by the schema, never measured.

    ``width`` is in cells and, where ``flex`` is above 0, the least it takes: flexible columns share the room that is
    left in proportion to ``flex``. ``min_total`` hides the column where the grid is narrower than that many cells.
    ``right`` aligns right (numbers). ``sort`` is the name the source sorts by, ``""`` where it can't.
    """

    key: str
    label: str
    width: int
    flex: int = 0
    right: bool = False
    min_total: int = 0
    sort: str = ""


@dataclass(frozen=True)
class Highlighted:
    """Text with the parts that matched a search: ``ranges`` are (start, end) offsets into ``text``."""

    text: str
    ranges: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Runs:
    """Text of several tones: ``Runs((("3", "plain"), (" ▲", "warn")))``."""

    runs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Placed:
    """A column with the width it got."""

    column: Column
    index: int
    width: int


Cell: TypeAlias = str | int | Decimal | StatusMark | Highlighted | Runs | None


def lay_out(columns: Sequence[Column], total: int) -> tuple[Placed, ...]:
    """Return the columns a grid of ``total`` cells shows, with their widths."""
    shown = [(index, column) for index, column in enumerate(columns) if total >= column.min_total]
    taken = MARGIN + sum(column.width for _, column in shown) + GAP * max(len(shown) - 1, 0)
    spare = max(total - taken, 0)
    parts = sum(column.flex for _, column in shown)
    placed: list[Placed] = []
    for index, column in shown:
        extra = 0
        if column.flex and parts:
            extra = spare * column.flex // parts
            spare -= extra
            parts -= column.flex
        placed.append(Placed(column, index, column.width + extra))
    return tuple(placed)


def plain(cell: Cell) -> str:
    """Return the text of ``cell``: numbers with thousands marks, amounts with two decimals, ``None`` as ``–``."""
    match cell:
        case None:
            return "–"
        case str():
            return cell
        case Decimal():
            return f"{cell:,.2f}"
        case int():
            return f"{cell:,}"
        case Highlighted():
            return cell.text
        case Runs():
            return "".join(text for text, _ in cell.runs)
        case _:
            return str(cell)


def to_pieces(cell: Cell, width: int, *, right: bool = False) -> list[Piece]:
    """Return ``cell`` as pieces of exactly ``width`` cells in all."""
    match cell:
        case StatusMark():
            return [Piece(fit(str(cell), width, right=right), cell.tone)]
        case Runs():
            return _cut([Piece(text, tone) for text, tone in cell.runs], width, right=right)
        case Highlighted() if cell.ranges:
            return _cut(_split(cell), width, right=right)
        case _:
            return [Piece(fit(plain(cell), width, right=right))]


def _split(cell: Highlighted) -> list[Piece]:
    pieces: list[Piece] = []
    at = 0
    for start, end in sorted(cell.ranges):
        start, end = max(start, at), min(end, len(cell.text))
        if start >= end:
            continue
        pieces += [Piece(cell.text[at:start]), Piece(cell.text[start:end], "match")]
        at = end
    pieces.append(Piece(cell.text[at:]))
    return pieces


def _cut(pieces: list[Piece], width: int, *, right: bool) -> list[Piece]:
    clean = [Piece(visible(text), tone) for text, tone, _ in pieces if text]
    taken = sum(width_of(piece.text) for piece in clean)
    if taken <= width:
        pad = Piece(" " * (width - taken))
        return [pad, *clean] if right else [*clean, pad]
    kept: list[Piece] = []
    room = width
    for text, tone, _ in clean:
        size = width_of(text)
        if size >= room:
            kept.append(Piece(fit(text + "…" if size == room else text, room), tone))
            break
        kept.append(Piece(text, tone))
        room -= size
    return kept
