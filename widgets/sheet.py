"""Sheet: one record laid out as lines, some of which can be entered.

A detail screen is one long page: headings, facts, tables, a timeline. Shape: the screen hands over a list of lines
(``widgets.sheet_lines``) for a given width; the sheet scrolls, keeps a cursor on the lines that carry a key, and
repaints two lines per step, like the grid. Rejected: a column of widgets per section (they fight for 18 rows at 80×24
and each needs its own focus).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from widgets.line import Piece, Toned
from widgets.sheet_lines import SheetLine, facts, heading, table_heading, table_row, with_note
from widgets.text import visible, width_of

__all__ = ["Lay", "Sheet", "SheetLine", "facts", "heading", "table_heading", "table_row"]

#: Makes the lines for a width in cells; called again when the width changes.
Lay = Callable[[int], Sequence[SheetLine]]


def _told(sentence: str, hint: str = "", tone: str = "muted") -> Sequence[SheetLine]:
    return (SheetLine(), SheetLine((Piece(sentence, tone),)), SheetLine((Piece(hint, "muted"),)))


def _loading(width: int) -> Sequence[SheetLine]:
    return _told("Loading …")


@dataclass
class _Place:
    """Where the reader stands: first line shown, line under the cursor (-1: none can be entered)."""

    top: int = 0
    cursor: int = -1
    keys: list[int] = field(default_factory=list)


class Sheet(Toned, can_focus=True):
    """A page of lines with a cursor on those that have a key; without any, the keys scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "down", id="sheet.down"),
        Binding("up,k", "move(-1)", "up", id="sheet.up"),
        Binding("pagedown,ctrl+f", "page(1)", "page down", id="sheet.page_down"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", id="sheet.page_up"),
        Binding("home,ctrl+home", "edge(-1)", "top", id="sheet.top"),
        Binding("end,ctrl+end,G", "edge(1)", "end", id="sheet.bottom"),
        Binding("enter", "choose", "open", id="sheet.open"),
    ]

    DEFAULT_CSS = """
    Sheet { height: 1fr; width: 1fr; }
    """

    class LineChosen(Message):
        """Enter on a line with a key."""

        def __init__(self, sheet: Sheet, key: str, what: object) -> None:
            super().__init__()
            self.sheet = sheet
            self.key = key
            self.what = what

        @property
        def control(self) -> Sheet:
            """The sheet."""
            return self.sheet

    class LineMoved(Message):
        """The cursor stands on another line."""

        def __init__(self, sheet: Sheet, key: str, what: object) -> None:
            super().__init__()
            self.sheet = sheet
            self.key = key
            self.what = what

        @property
        def control(self) -> Sheet:
            """The sheet."""
            return self.sheet

    def __init__(self, *, margin: int = 2, id: str | None = None, focusable: bool = True) -> None:
        super().__init__(id=id)
        self.can_focus = focusable
        self.margin = margin
        #: what the screen is about is read first: a page that nobody has shown yet says so
        self._lay: Lay = _loading if focusable else lambda width: ()
        self._lines: Sequence[SheetLine] = ()
        self._laid_for = -1
        self._place = _Place()
        self._stale = False

    # -- content ----------------------------------------------------------------------------------------------------

    def show(self, lay: Lay, *, keep: bool = True) -> None:
        """Show the lines ``lay`` gives; the cursor stays on its key where it still exists, unless ``keep`` is false."""
        key = self.key if keep else ""
        self._lay = lay
        self._laid_for = -1
        if not keep:
            self._place = _Place()
        self._lay_out(key)
        self.refresh()

    def say(self, sentence: str, hint: str = "", tone: str = "muted") -> None:
        """Show one sentence (loading, empty, error) and what to press."""
        lines = _told(sentence, hint, tone)
        self.show(lambda width: lines, keep=False)

    @property
    def stale(self) -> bool:
        """Whether the lines are older than they should be: they are painted dim."""
        return self._stale

    @stale.setter
    def stale(self, stale: bool) -> None:
        if stale != self._stale:
            self._stale = stale
            self.refresh()

    @property
    def key(self) -> str:
        """The key under the cursor, ``""`` where there is none."""
        line = self.current
        return line.key if line is not None else ""

    @property
    def current(self) -> SheetLine | None:
        """The line under the cursor."""
        cursor = self._place.cursor
        return self._lines[cursor] if 0 <= cursor < len(self._lines) else None

    @property
    def text(self) -> str:
        """All lines as plain text, for copying and tests."""
        return "\n".join("".join(piece.text for piece in line.pieces).rstrip() for line in self._lines)

    @property
    def room(self) -> int:
        """How many lines are left below the page."""
        return max(self.size.height - len(self._lines), 0)

    def _lay_out(self, key: str | None = None) -> None:
        width = max(self.size.width - self.margin, 0)
        if width == self._laid_for or not self.size.width:
            return
        wanted = self.key if key is None else key
        self._lines = tuple(self._lay(width))
        self._laid_for = width
        place = self._place
        place.keys = [index for index, line in enumerate(self._lines) if line.key]
        found = next((index for index in place.keys if self._lines[index].key == wanted), None)
        if found is None:
            found = min(place.keys, key=lambda index: abs(index - place.cursor)) if place.keys else -1
        place.cursor = found
        self._keep_in_view(place.top)

    # -- moving -----------------------------------------------------------------------------------------------------

    def _keep_in_view(self, top: int) -> None:
        place = self._place
        height = max(self.size.height, 1)
        last = max(len(self._lines) - height, 0)
        top = max(0, min(top, last))
        if place.cursor >= 0:
            # The first and the last place show what stands above and below them too.
            if place.keys and place.cursor == place.keys[0] and place.cursor < height:
                top = 0
            elif not top <= place.cursor < top + height:
                top = max(0, min(place.cursor - height // 2, last))
        place.top = top

    def _go(self, cursor: int, top: int) -> None:
        place = self._place
        old_cursor, old_top = place.cursor, place.top
        place.cursor = cursor
        self._keep_in_view(top)
        if place.top != old_top:
            self.refresh()
        elif cursor != old_cursor:
            self.refresh(*(Region(0, line - place.top, self.size.width, 1) for line in (old_cursor, cursor)))
        if cursor != old_cursor and (line := self.current) is not None:
            self.post_message(self.LineMoved(self, line.key, line.what))

    def go_to(self, key: str) -> bool:
        """Put the cursor on the line with ``key``. Return whether there is one."""
        for index in self._place.keys:
            if self._lines[index].key == key:
                self._go(index, self._place.top)
                return True
        return False

    def go_to_first(self, beginning: str) -> bool:
        """Put the cursor on the first line whose key begins so, its heading in view. Return whether there is one."""
        for index in self._place.keys:
            if self._lines[index].key.startswith(beginning):
                self._go(index, max(index - 2, 0))
                return True
        return False

    def action_move(self, steps: int) -> None:
        """Go to the next line that can be entered, or scroll where there is none further on."""
        place = self._place
        onward = [index for index in place.keys if (index - place.cursor) * steps > 0]
        if onward:
            self._go(min(onward) if steps > 0 else max(onward), place.top)
        else:
            last = max(len(self._lines) - self.size.height, 0)
            place.top, old = max(0, min(place.top + steps, last)), place.top
            if place.top != old:
                self.refresh()

    def action_page(self, pages: int) -> None:
        """Scroll by screens; the cursor follows."""
        place = self._place
        step = pages * max(self.size.height - 1, 1)
        if not place.keys:
            self._go(place.cursor, place.top + step)
            return
        target = place.cursor + step
        self._go(min(place.keys, key=lambda index: abs(index - target)), place.top + step)

    def action_edge(self, where: int) -> None:
        """Go to the first or the last place."""
        place = self._place
        if place.keys:
            self._go(place.keys[0] if where < 0 else place.keys[-1], 0 if where < 0 else len(self._lines))
        else:
            self._go(-1, 0 if where < 0 else len(self._lines))

    def action_choose(self) -> None:
        """Enter the line under the cursor."""
        if (line := self.current) is not None:
            self.post_message(self.LineChosen(self, line.key, line.what))

    # -- painting ---------------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """Lay out anew for the new width, keep the cursor in view."""
        self._lay_out()
        self._keep_in_view(self._place.top)
        self.refresh()

    def on_focus(self) -> None:
        """The bar gets its strong tone."""
        self._repaint_cursor()

    def on_blur(self) -> None:
        """The bar gets its quiet tone."""
        self._repaint_cursor()

    def _repaint_cursor(self) -> None:
        place = self._place
        if place.cursor >= 0:
            self.refresh(Region(0, place.cursor - place.top, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """Paint one line of the page; the last one says, where it has room, how many follow below."""
        width = self.size.width
        index = self._place.top + y
        if index >= len(self._lines):
            return self.strip((), width)
        pieces = self._painted(index, width)
        below = len(self._lines) - index - 1
        if below and y == self.size.height - 1:
            pieces = with_note(pieces, f"  ↓ {below} more", width)
        return self.strip(pieces, width)

    def _painted(self, index: int, width: int) -> Sequence[Piece]:
        line = self._lines[index]
        if index == self._place.cursor and self.can_focus:
            tone = "bar" if self.has_focus else "bar-quiet"
            taken = width_of(visible("".join(piece.text for piece in line.pieces)))
            barred = (Piece(piece.text, tone, piece.link) for piece in line.pieces)
            room = Piece(" " * max(width - self.margin - taken, 0), tone)
            return (Piece("▸ ".ljust(self.margin), tone), *barred, room)
        if line.pieces and line.pieces[0].text.startswith("─"):
            return (*line.pieces, Piece("─" * self.margin, "muted"))
        pieces = [Piece(piece.text, "stale") for piece in line.pieces] if self._stale else line.pieces
        return (Piece(" " * self.margin), *pieces)
