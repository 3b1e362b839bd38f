"""How what a bulk job would do is laid out in lines. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widgets.line import Piece
from widgets.sheet import SheetLine, heading
from widgets.text import visible, width_of, within, wrapped

if TYPE_CHECKING:
    from data.bulk.runs import DryRun
    from screens.bulk.data import Tried


def told_lines(tried: Tried, width: int) -> list[SheetLine]:
    """Return what a job would do, as lines."""
    told = tried.told
    partial = [SheetLine((Piece("Stopped before the last row: r tries again.", "warn"),))] if told.partial else []
    lines = [
        heading("Dry run", width, f"{told.total:,} records"),
        *_sentence(told, width),
        *partial,
        SheetLine((Piece(f"{told.changed:>8,}  ", "strong"), Piece("would be changed"))),
        SheetLine((Piece(f"{told.unchanged:>8,}  ", "strong"), Piece("are so already", "muted"))),
        SheetLine(
            (Piece(f"{told.refused:>8,}  ", "strong"), Piece("would be refused", "bad" if told.refused else "muted"))
        ),
    ]
    if told.reasons:
        lines += [SheetLine(), heading("Refused", width)]
        lines += [
            _refused(count, reason, first, width)
            for (reason, count), first in zip(told.reasons, told.first, strict=True)
        ]
    if told.examples:
        size = min(max(len(visible(label)) for label, _ in told.examples) + 2, width // 3)
        lines += [SheetLine(), heading("For example", width)]
        lines += [
            SheetLine((Piece(f"{visible(label)[: size - 2]:<{size}}", "muted"), Piece(visible(what))))
            for label, what in told.examples
        ]
    return lines


def _refused(count: int, reason: str, first: str, width: int) -> SheetLine:
    """Return one reason: how many records it refuses, and the first of them, so that it can be looked up."""
    record = f"  {'first ' if count > 1 else ''}{visible(first)}"
    told = within(reason, width - 10 - width_of(record))
    return SheetLine((Piece(f"{count:>8,}  ", "strong"), Piece(told), Piece(record, "muted")))


def _sentence(told: DryRun, width: int) -> list[SheetLine]:
    """Return the dry run in a sentence, where a job has a word for what it does."""
    if told.done == "changed":
        return []
    return [*(SheetLine((Piece(line, "strong"),)) for line in wrapped(told.sentence, width)), SheetLine()]
