"""Widgets of one line: what stands in it is a list of pieces, painted by the line API and only when it changed.

Shape: ``OneLine`` asks its subclass for the pieces at the width it has. Rejected: ``Static`` with ``Content``, which
lays out and wraps text on every update, and Textual's own ``Footer``, which mounts a widget per key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from widgets.still import Still
from widgets.sturdy import Sturdy
from widgets.text import fit, safe_link, visible, width_of
from widgets.tones import tone_styles


class Piece(NamedTuple):
    """A run of text with one tone. ``link`` is the address a terminal opens on a click (OSC 8), see ``safe_link``."""

    text: str
    tone: str = "plain"
    link: str = ""


class Toned(Sturdy, Still, Widget):
    """A widget that paints tones (``widgets.tones``) by the line API."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        # Looking styles up costs more than painting with them, and Textual forgets its own at each refresh.
        self._tones: Mapping[str, Style] | None = None
        self._base = Style.null()
        super().__init__(id=id, classes=classes)

    def _on_focus(self, event: events.Focus) -> None:
        # Textual repaints the whole widget on focus and blur; here each widget repaints what looks different (its bar).
        event.prevent_default()
        self.has_focus = True
        if self.parent is not None:
            self.parent.post_message(events.DescendantFocus(self))

    def _on_blur(self, event: events.Blur) -> None:
        event.prevent_default()
        self.has_focus = False
        if self.parent is not None:
            self.parent.post_message(events.DescendantBlur(self))

    def notify_style_update(self) -> None:
        """The theme or a class changed: styles are looked up anew."""
        self._tones = None
        super().notify_style_update()

    def strip(self, pieces: Sequence[Piece], width: int) -> Strip:
        """Return ``pieces`` as one line of exactly ``width`` cells, neighbours of one style joined."""
        if self._tones is None:
            self._tones, self._base = tone_styles(self.app.theme_variables), self.rich_style
        tones, base = self._tones, self._base
        segments: list[Segment] = []
        room = width
        for text, tone, link in pieces:
            clean = visible(text)
            taken = width_of(clean)
            if taken > room:
                clean, taken = fit(clean, room), room
            style = base + tones[tone] if tone in tones else base
            if link and (address := safe_link(link)):
                style += Style(link=address)
            segments.append(Segment(clean, style))
            room -= taken
            if room <= 0:
                break
        if room > 0:
            segments.append(Segment(" " * room, base))
        return Strip(Segment.simplify(segments), width)


class OneLine(Toned):
    """One row of the screen; subclasses say what stands in it."""

    DEFAULT_CSS = """
    OneLine { height: 1; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[Piece, ...] = ()

    def pieces(self, width: int) -> Sequence[Piece]:
        """Return what the line shows when it is ``width`` cells wide."""
        raise NotImplementedError

    def changed(self) -> None:
        """Repaint if what stands in the line is different from what was painted; an equal line costs no byte."""
        if not self.size.width or tuple(self.pieces(self.size.width)) != self._shown:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint the line."""
        width = self.size.width
        if y:
            return Strip.blank(width, self.rich_style)
        self._shown = tuple(self.pieces(width))
        return self.strip(self._shown, width)


def spread(left: Sequence[Piece], right: Sequence[Piece], width: int) -> list[Piece]:
    """Return ``left`` and ``right`` at the two ends of ``width`` cells; the right end stays whole, the left is cut."""
    taken = sum(width_of(visible(piece.text)) for piece in right)
    room = max(width - taken - (1 if right else 0), 0)
    kept: list[Piece] = []
    for piece in left:
        size = width_of(visible(piece.text))
        if size > room:
            kept.append(piece._replace(text=fit(piece.text, room)))
            room = 0
            break
        kept.append(piece)
        room -= size
    gap = room + (1 if right else 0)
    return [*kept, Piece(" " * gap), *right]
