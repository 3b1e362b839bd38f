"""The net under every widget: nothing that stored text holds reaches the terminal as a control sequence.

Widgets of our own clean text before they measure it (``data.text.visible``); this filter catches what Textual's own
widgets draw (inputs, toasts, tooltips). Measured in docs: Textual passes control characters raw from every widget.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from widgets.text import fit, visible, width_of


class InertFilter(LineFilter):
    """Replaces control, bidi and hidden characters by visible symbols, keeping every line's width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return ``segments`` with inert text; segments that are control codes of Textual itself stay."""
        if all(text.isascii() and text.isprintable() for text, _style, control in segments if not control):
            return segments
        return [segment if segment.control else _clean(segment) for segment in segments]


def _clean(segment: Segment) -> Segment:
    text = segment.text
    clean = visible(text)
    if clean is text or clean == text:
        return segment
    width = segment.cell_length
    # The line was laid out with what is replaced at no width; the segment must not grow, or the columns would shift.
    return Segment(clean if width_of(clean) == width else fit(clean, width), segment.style)
