"""The lines of a sheet: headings, rows of small tables, facts. Pure: laid out for a width, painted by ``Sheet``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import set_cell_size

from widgets.cells import GAP, MARGIN, Cell, Column, lay_out, to_pieces
from widgets.line import Piece
from widgets.text import visible, width_of, wrapped


@dataclass(frozen=True)
class SheetLine:
    """One line. ``key`` makes it a place the cursor can stand on; ``what`` is handed back when it is entered."""

    pieces: tuple[Piece, ...] = ()
    key: str = ""
    what: object = None


def heading(title: str, width: int, note: str = "") -> SheetLine:
    """Return a rule across ``width`` that names what follows: ``─ Lines ────── note ──``."""
    head = f"─ {visible(title)} "
    tail = f" {visible(note)} ──" if note else ""
    dashes = max(width - width_of(head) - width_of(tail), 0)
    return SheetLine((Piece(head, "strong"), Piece("─" * dashes, "muted"), Piece(tail, "muted")))


def table_heading(columns: Sequence[Column], width: int) -> SheetLine:
    """Return the heading line of a small table."""
    return SheetLine(tuple(_row(columns, [column.label for column in columns], width, tone="muted")))


def table_row(
    columns: Sequence[Column], cells: Sequence[Cell], width: int, key: str = "", what: object = None
) -> SheetLine:
    """Return one row of a small table, its columns laid out as the grid lays them out."""
    return SheetLine(tuple(_row(columns, cells, width)), key, what)


def _row(columns: Sequence[Column], cells: Sequence[Cell], width: int, tone: str = "") -> list[Piece]:
    pieces: list[Piece] = []
    for place, placed in enumerate(lay_out(columns, width + MARGIN)):
        if place:
            pieces.append(Piece(" " * GAP))
        made = to_pieces(cells[placed.index], placed.width, right=placed.column.right)
        pieces += [Piece(piece.text, tone or piece.tone) for piece in made]
    return pieces


def facts(pairs: Sequence[tuple[str, str]], *, label_width: int = 12, width: int = 0) -> list[SheetLine]:
    """Return one line per (label, value), labels in a column; pairs without a value are left out.

    Values that are longer than ``width`` cells leave room for go on below; without a width they are cut when painted.
    """
    lines = []
    for label, value in pairs:
        if value.strip():
            parts = wrapped(value, width - label_width) if width else [value]
            labels = [label, *[""] * (len(parts) - 1)]
            lines += [
                SheetLine((Piece(f"{head:<{label_width}}", "muted"), Piece(part)))
                for head, part in zip(labels, parts, strict=True)
            ]
    return lines


def with_note(pieces: Sequence[Piece], note: str, width: int) -> Sequence[Piece]:
    """Return ``pieces`` with ``note`` at the right end, or as they are where something stands there."""
    text = visible("".join(piece.text for piece in pieces)).rstrip(" ─")
    room = width - width_of(text) - width_of(note)
    if room < 0:
        return pieces
    kept: list[Piece] = []
    left = width - width_of(note)
    for piece in pieces:
        clean = visible(piece.text)
        shown = set_cell_size(clean, min(width_of(clean), left))  # what is cut off is blank
        kept.append(Piece(shown, piece.tone))
        left -= width_of(shown)
    return (*kept, Piece(" " * left), Piece(note, "muted"))
