"""How the timeline of an order is laid out: one line an event, what was said or changed below it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from screens.shown import when
from widgets.cells import GAP, Column
from widgets.line import Piece
from widgets.sheet import SheetLine, heading, table_row
from widgets.text import visible, width_of

if TYPE_CHECKING:
    from data.orders.timeline import TimelineEntry

#: what Enter on the last line means: read further back
OLDER = "timeline:older"
#: lines of one note or edit that the page shows at most
SHOWN_LINES = 12

#: cells of the time, of a name at most, and of the gaps behind them
_AT, _WHO, _GAPS = 9, 14, 2 * GAP


def timeline_lines(
    entries: tuple[TimelineEntry, ...], kind: str, width: int, *, older: bool, key: str = "f"
) -> list[SheetLine]:
    """Return the section, ``width`` cells wide; ``kind`` is what is filtered for, ``older`` whether there is more."""
    lines = [heading("Timeline", width, f"only {kind} · {key} next kind" if kind else f"{key} filter")]
    who = min(max((width_of(visible(_who(entry))) for entry in entries), default=0), _WHO)
    for entry in entries:
        lines += _entry(entry, width, who, whole=bool(kind))
    if not entries:
        lines.append(SheetLine((Piece(f"No {kind or 'event'} yet." if kind else "Nothing happened yet.", "muted"),)))
    if older:
        lines.append(SheetLine((Piece("older events: Enter reads them", "key"),), key=OLDER, what=OLDER))
    return lines


def _who(entry: TimelineEntry) -> str:
    return entry.who or "system"


def _entry(entry: TimelineEntry, width: int, who: int, *, whole: bool) -> Iterator[SheetLine]:
    """Yield one event, its name in ``who`` cells; of a message only the subject, unless it is asked for ``whole``."""
    indent = _AT + who + _GAPS
    columns = (Column("at", "", _AT), Column("who", "", who), Column("what", "", 30, flex=1))
    said = entry.why.strip().split("\n")
    if entry.kind == "message" and not whole:
        said = said[:1]
    short = f"{entry.what} – {said[0]}" if said[0] else entry.what
    rest: list[str] = said[1:]
    changes = [f"{change.label}  {change.was or '–'} → {change.now or '–'}" for change in entry.changes]
    if len(changes) == 1 and not said[0] and width_of(changes[0]) <= width - indent:
        short, changes = changes[0], []  # one change says what was done
    if width_of(short) > width - indent or (rest and entry.kind == "note"):
        short, rest = entry.what, said
    # A place of its own, so that one reads on from it when older ones come.
    key = f"event:{entry.at.isoformat()}:{entry.entry_id}"
    yield table_row(columns, (when(entry.at), _who(entry), short), width, key)
    below = [part for line in rest if line.strip() for part in _folded(line, width - indent)]
    below += changes
    for line in below[:SHOWN_LINES]:
        yield SheetLine((Piece(" " * indent), Piece(line, "muted" if entry.changes else "plain")))
    if len(below) > SHOWN_LINES:
        yield SheetLine((Piece(" " * indent), Piece(f"… {len(below) - SHOWN_LINES} lines more", "muted")))


def _folded(text: str, width: int) -> Iterator[str]:
    """Yield ``text``, inert, in lines of at most ``width`` cells, broken at blanks where there are any."""
    line = ""
    for word in visible(text).split(" "):
        for piece in _pieces(word, width):
            joined = f"{line} {piece}" if line else piece
            if width_of(joined) <= width:
                line = joined
            else:
                yield line
                line = piece
    yield line


def _pieces(word: str, width: int) -> Iterator[str]:
    piece = ""
    for letter in word:
        if width_of(piece + letter) > width:
            yield piece
            piece = ""
        piece += letter
    yield piece
