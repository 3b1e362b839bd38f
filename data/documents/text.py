"""A paper as plain text, 80 columns wide, for a line printer or a terminal. Pure; stored text comes out inert."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wcwidth import wcswidth, wcwidth

from data.documents.paper import Column, Facts, Lines, Paper, Sums, Table
from data.text import visible

__all__ = ["WIDTH", "paper_text"]

WIDTH = 80
_NAMES = 14


def paper_text(paper: Paper) -> str:
    """Return ``paper`` as lines of at most ``WIDTH`` columns, the last one ended too."""
    return "".join(f"{line.rstrip()}\n" for line in _lines(paper))


def _lines(paper: Paper) -> Iterator[str]:
    for line in paper.sender:
        yield from _wrapped(line, WIDTH)
    if paper.sender:
        yield ""
    yield _pad(visible(paper.title), WIDTH - _width(visible(paper.reference))) + visible(paper.reference)
    yield "=" * WIDTH
    for block in paper.blocks:
        match block:
            case Facts():
                for name, texts in block.rows:
                    parts = [part for text in texts for part in _wrapped(text, WIDTH - _NAMES)]
                    for at, part in enumerate(parts):
                        yield _pad(visible(name) if at == 0 else "", _NAMES) + part
            case Table():
                yield from _table(block)
            case Lines():
                yield from ([visible(block.heading)] if block.heading else [])
                for text in block.lines:
                    yield from _wrapped(text, WIDTH)
            case Sums():
                for name, amount in block.rows:
                    yield f"{_pad(visible(name), 0):>{WIDTH - 16}}{visible(amount):>16}"
        yield ""
    if paper.footer:
        yield from _wrapped(paper.footer, WIDTH)


def _table(table: Table) -> Iterator[str]:
    room = WIDTH - len(table.columns) + 1
    widths = [max(room * column.width // 100, 4) for column in table.columns]
    yield from _row(table.columns, [column.label for column in table.columns], widths)
    yield "-" * WIDTH
    for row in table.rows:
        yield from _row(table.columns, row, widths)


def _row(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    cells = [_wrapped(text, width) for text, width in zip(row, widths, strict=True)]
    for at in range(max(map(len, cells))):
        parts = [
            _pad(cell[at] if at < len(cell) else "", width, right=column.right)
            for column, cell, width in zip(columns, cells, widths, strict=True)
        ]
        yield " ".join(parts)


def _wrapped(text: str, width: int) -> list[str]:
    """Return ``text``, inert, in lines of at most ``width`` columns, broken at blanks where there are any."""
    lines: list[str] = []
    for part in text.replace("\r\n", "\n").split("\n"):
        line = ""
        for word in visible(part).split(" "):
            joined = f"{line} {word}" if line else word
            if _width(joined) <= width:
                line = joined
                continue
            if line:
                lines.append(line)
            *whole, line = _cut(word, width)
            lines += whole
        lines.append(line)
    return lines


def _cut(word: str, width: int) -> list[str]:
    pieces, piece, room = [], "", width
    for letter in word:
        wide = max(wcwidth(letter), 0)
        if wide > room:
            pieces.append(piece)
            piece, room = "", width
        piece, room = piece + letter, room - wide
    return [*pieces, piece]


def _width(text: str) -> int:
    return len(text) if text.isascii() else max(wcswidth(text), 0)


def _pad(text: str, width: int, *, right: bool = False) -> str:
    room = " " * (width - _width(text))
    return room + text if right else text + room
