"""Only what differs goes to the terminal.

Textual repaints whole regions of widgets: a character typed into a field sends the field, a change of screen sends
every row, often twice. Here each update is compared with the cells last sent, and runs of differing cells are written
with the fewest colour codes. Measured by ``bench.terminal``; bytes decide how a session over SSH feels.

Shape: a filter between Textual's compositor and its driver, on the exactly pinned version's ``App._display``. Rejected:
smaller refresh regions in every widget, because layout changes, focus and screen switches repaint above the widgets.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import repeat

from rich.cells import split_graphemes
from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

from widgets.text import safe_link

#: equal cells between two runs that are sent along, because moving the cursor costs as much
GAP = 6
#: a cell: what stands in it ("" in the right half of a wide character) and its style
Cell = tuple[str, Style | None]


class Run(CompositorUpdate):
    """What is left of an update: (y, x, cells) in order."""

    def __init__(self, runs: list[tuple[int, int, list[Cell]]]) -> None:
        self.runs = runs

    def render_segments(self, console: Console) -> str:
        """Return the bytes as text: cursor moves, colour changes, characters."""
        system = console._color_system or ColorSystem.TRUECOLOR
        parts: list[str] = []
        before: Style | None = None
        linked = ""
        for y, x, cells in self.runs:
            sure = False
            for at, (text, style) in enumerate(cells, x):
                if not text:
                    continue
                if not sure:
                    parts.append(f"\x1b[{y + 1};{at + 1}H")
                if style is not before and style != before:
                    parts.append(_change(before, style, system))
                    before = style
                    if (link := _link(style)) != linked:
                        parts.append(f"\x1b]8;;{link}\x1b\\")
                        linked = link
                parts.append(text)
                sure = text.isascii() or _width_is_agreed(text)
        if linked:
            parts.append("\x1b]8;;\x1b\\")
        if before is not None:
            parts.append("\x1b[0m")
        return "".join(parts)


def _width_is_agreed(text: str) -> bool:
    """Whether every terminal gives ``text`` the width the layout gave it.

    After anything else (emoji sequences, flags, combining marks, scripts that are shaped or run from right to left) the
    cursor is put where the layout wants it, so that a terminal of another opinion shifts no column.
    """
    if len(text) > 1:
        return False
    code = ord(text)
    return code < 0x530 or 0x2000 <= code < 0x2C00 or 0x2E80 <= code < 0xD800 or 0xFF00 <= code < 0xFFE7


class FrameMemory:
    """The rows as they stand in the terminal."""

    def __init__(self) -> None:
        self._rows: list[Strip | None] = []
        self._size = Size(0, 0)

    def forget(self) -> None:
        """The terminal may show anything now (resized, resumed): the next update goes out whole."""
        self._rows = [None] * self._size.height

    def changed(self, update: CompositorUpdate, size: Size) -> CompositorUpdate | None:
        """Return the part of ``update`` that differs from what was sent, ``None`` if nothing does; remember it."""
        if size != self._size:
            self._size = size
            self.forget()
        if not isinstance(update, (LayoutUpdate, ChopsUpdate)):
            self.forget()
            return update
        runs: list[tuple[int, int, list[Cell]]] = []
        for y, x, strip in _strips(update):
            if 0 <= y < size.height and x < size.width:
                runs += self._write(y, x, strip.crop(0, size.width - x))
        return Run(runs) if runs else None

    def _write(self, y: int, x: int, strip: Strip) -> Iterator[tuple[int, int, list[Cell]]]:
        row = self._rows[y]
        end = x + strip.cell_length
        if row is None:
            self._rows[y] = strip if not x and end == self._size.width else None
            yield y, x, _cells(strip)
            return
        old = row.crop(x, end)
        if old == strip:
            return
        self._rows[y] = strip if old is row else Strip.join([row.crop(0, x), strip, row.crop(end, self._size.width)])
        for start, cells in _runs(_cells(old), _cells(strip)):
            yield y, x + start, cells


def _strips(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Yield (y, x, strip) for all that ``update`` would write."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield y, update.region.x, Strip.join(list(strips))
        return
    for y, left, right in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x <= right and end > left:
                yield y, x, strip if end <= right else strip.crop(0, right - x)


def _cells(strip: Strip) -> list[Cell]:
    cells: list[Cell] = []
    for text, style, control in strip:
        if not control:
            cells += zip(text if text.isascii() else _split(text), repeat(style))
    return cells


@lru_cache(512)  # what is painted now is what the next update is compared with
def _split(text: str) -> tuple[str, ...]:
    """Return what stands in each cell of ``text``, nothing in the right half of a wide character."""
    spans, _ = split_graphemes(text)
    return tuple(part for start, end, width in spans for part in (text[start:end], *[""] * (width - 1)))


def _runs(old: list[Cell], new: list[Cell]) -> Iterator[tuple[int, list[Cell]]]:
    """Yield (start, cells) of the runs where ``new`` differs; never beginning or ending inside a wide character."""
    if len(old) != len(new):
        yield 0, new
        return
    differing = [at for at, (before, after) in enumerate(zip(old, new, strict=True)) if before != after]
    start = stop = -1
    for at in differing:
        if start >= 0 and at - stop <= GAP:
            stop = at + 1
            continue
        if start >= 0:
            yield _whole(new, start, stop)
        start, stop = at, at + 1
    if start >= 0:
        yield _whole(new, start, stop)


def _whole(cells: list[Cell], start: int, stop: int) -> tuple[int, list[Cell]]:
    while start > 0 and not cells[start][0]:
        start -= 1
    while stop < len(cells) and not cells[stop][0]:
        stop += 1
    return start, cells[start:stop]


def _change(before: Style | None, after: Style | None, system: ColorSystem) -> str:
    """Return the shortest SGR sequence that leads from ``before`` to ``after``."""
    if after is None:
        return "\x1b[0m"
    attributes, foreground, background = _codes(after, system)
    if before is None:
        codes = ["0", *attributes, foreground, background]
    else:
        old_attributes, old_foreground, old_background = _codes(before, system)
        if old_attributes != attributes:
            codes = ["0", *attributes, foreground, background]
        else:
            codes = []
            if foreground != old_foreground:
                codes.append(foreground or "39")
            if background != old_background:
                codes.append(background or "49")
    text = ";".join(code for code in codes if code)
    return f"\x1b[{text}m" if text else ""


@lru_cache(1024)
def _codes(style: Style, system: ColorSystem) -> tuple[tuple[str, ...], str, str]:
    """Return (attribute codes, foreground code, background code) of ``style``."""
    bits = style._attributes & style._set_attributes
    attributes = tuple(code for bit, code in Style._style_map.items() if bits & (1 << bit))
    foreground = ";".join(style.color.downgrade(system).get_ansi_codes()) if style.color else ""
    background = ";".join(style.bgcolor.downgrade(system).get_ansi_codes(foreground=False)) if style.bgcolor else ""
    return attributes, foreground, background


def _link(style: Style | None) -> str:
    """Return the address ``style`` links to, as OSC 8 may carry it; it is looked at again here, the last place."""
    return safe_link(style.link) if style is not None and style.link else ""
