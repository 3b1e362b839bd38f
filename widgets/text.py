"""Text cut to terminal cells, after ``data.text.visible`` made it inert.

Own widgets clean text before they measure it; the render filter of the shell (``tui/safety.py``) is only the net below.
Rejected: cleaning in the filter alone, because a control character has no width when a line is laid out and one cell
when it is shown, so columns would shift.
"""

from __future__ import annotations

import re

from rich.cells import cell_len, chop_cells, set_cell_size

from data.text import visible

__all__ = ["fit", "safe_link", "visible", "width_of"]

#: What may be sent to a terminal as the address of a link: nothing in it ends the sequence or is no address.
_ADDRESS = re.compile(r"https?://[!-~]{1,2000}")


def width_of(text: str) -> int:
    """Return how many terminal cells ``text`` takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return inert ``text`` in exactly ``width`` cells: padded, or cut with ``…``, never through a wide one."""
    if width <= 0:
        return ""
    text = visible(text)
    taken = width_of(text)
    if taken > width:
        text = set_cell_size(text, width - 1).rstrip() + "…"
        taken = width_of(text)
    room = " " * (width - taken)
    return room + text if right else text + room


def within(text: str, width: int) -> str:
    """Return inert ``text`` in at most ``width`` cells: cut with ``…`` like ``fit``, but not padded."""
    text = visible(text)
    return text if width_of(text) <= width else fit(text, width).rstrip()


def fit_end(text: str, width: int) -> str:
    """Return inert ``text`` in exactly ``width`` cells like ``fit``, but cut at its beginning."""
    text = visible(text)
    if width < 1 or width_of(text) <= width:
        return fit(text, width)
    while width_of(text) > width - 1:
        text = text[1:]
    return fit(f"…{text.lstrip()}", width)


def wrapped(text: str, width: int) -> list[str]:
    """Return inert ``text`` in lines of at most ``width`` cells: its own, broken between words where that is possible.

    Words stand one blank apart; an empty line of ``text`` stays one.
    """
    return [line for row in text.splitlines() for line in _wrapped_row(row, max(width, 2))]  # wide ones have two cells


def _wrapped_row(row: str, width: int) -> list[str]:
    lines, line = [], ""
    for word in visible(row).split():
        longer = f"{line} {word}" if line else word
        if width_of(longer) <= width:
            line = longer
            continue
        lines += [line] if line else []
        *whole, line = chop_cells(word, width)
        lines += whole
    return [*lines, line] if line or not lines else lines


def safe_link(address: str) -> str:
    """Return ``address`` if a terminal may be given it as a link: ``http`` or ``https``, plain ASCII; else ``""``."""
    return address if _ADDRESS.fullmatch(address) else ""
