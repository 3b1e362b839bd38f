"""Stored text made inert and cut to cells, before it is measured.

Shape: one pure function per job on ``str``, used wherever data becomes cells; the render filter of the shell
(``tui/safety.py``) is only the net below. Rejected: cleaning in the filter alone, because a control character has no
width when the line is laid out and one cell when it is shown, so columns would shift.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

REPLACEMENT = "\ufffd"
#: How many combining marks may stand on one letter; real scripts need at most three.
MAX_MARKS = 3

_C0 = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
_C1 = dict.fromkeys(range(0x80, 0xA0), REPLACEMENT)
_HIDDEN = dict.fromkeys(
    [
        0x00AD,  # soft hyphen
        0x034F,  # combining grapheme joiner
        0x061C,  # Arabic letter mark
        0x115F,
        0x1160,
        0x3164,
        0xFFA0,  # Hangul fillers, drawn as nothing
        *range(0x180B, 0x1810),  # Mongolian selectors
        *range(0x200B, 0x2010),  # zero widths, LRM, RLM
        *range(0x2028, 0x202F),  # separators, bidi embeddings and overrides
        *range(0x2060, 0x2070),  # word joiner, invisible operators, bidi isolates
        0xFEFF,
        *range(0xFFF9, 0xFFFC),  # interlinear annotation
        *range(0xD800, 0xE000),  # lone surrogates: could not be encoded at all
        *range(0xE0000, 0xE0080),  # tags
        *range(0xE0100, 0xE01F0),  # variation selectors supplement
    ],
    REPLACEMENT,
)
#: A terminal decides the width of a character by itself; a selector only makes the two sides disagree.
_SELECTORS = dict.fromkeys(range(0xFE00, 0xFE10), "")
_TABLE: dict[int, str] = _C0 | _C1 | _HIDDEN | _SELECTORS
_MARK = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_MARKS = re.compile(f"([{_MARK}]{{{MAX_MARKS}}})[{_MARK}]+")


@lru_cache(4096)
def _inert(text: str) -> str:
    return _MARKS.sub(rf"\1{REPLACEMENT}", text.translate(_TABLE))


def inert(text: str) -> str:
    """Return ``text`` with everything a terminal could obey or hide turned into visible symbols.

    C0 and DEL become their control pictures (``␛``), C1, bidi controls, zero-width characters and lone surrogates
    become ``�``, variation selectors go, and more than three combining marks in a row are cut to three and ``�``.
    """
    if text.isascii() and text.isprintable():
        return text
    return _inert(text)


def width_of(text: str) -> int:
    """Return how many terminal cells ``text`` takes."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return inert ``text`` in exactly ``width`` cells: padded, or cut with ``…``, never through a wide one."""
    if width <= 0:
        return ""
    text = inert(text)
    taken = width_of(text)
    if taken > width:
        cut = set_cell_size(text, width - 1).rstrip() + "…"
        taken = width_of(cut)
        text = cut
    room = " " * (width - taken)
    return room + text if right else text + room
