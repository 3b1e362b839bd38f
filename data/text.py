"""Stored text is hostile: :func:`visible` makes it inert before any terminal, log or document shows it.

One pure function on ``str`` for everything that shows text (widgets, screens, the headless twin, exports), and the
terminal app's render filter as the net below it. Rejected: cleaning on the way in, because other programs write to the
stores too, and a name is data that has to come out as it went in.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["MAX_MARKS", "REPLACEMENT", "inert_json", "visible"]

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
        *(0x115F, 0x1160, 0x3164, 0xFFA0),  # Hangul fillers, drawn as nothing
        *range(0x180B, 0x1810),  # Mongolian selectors
        *range(0x200B, 0x2010),  # zero widths, LRM, RLM
        *range(0x2028, 0x202F),  # separators, bidi embeddings and overrides
        *range(0x2060, 0x2070),  # word joiner, invisible operators, bidi isolates
        0xFEFF,  # byte order mark
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
#: What a terminal could obey or hide; inside JSON it only ever stands in strings, where an escape means the same.
_UNSAFE_IN_JSON = re.compile(
    "[\x7f-\x9f\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e01ef]"
)
_MARKS = re.compile(f"([{_MARK}]{{{MAX_MARKS}}})[{_MARK}]+")


def visible(text: str) -> str:
    """Return ``text`` on one line with everything a terminal could obey or hide turned into visible symbols.

    C0 and DEL become control pictures (``␛``, ``␊``), C1, bidi controls, zero-width characters and lone surrogates
    become ``�``, variation selectors go, and more than three combining marks in a row are cut to three and ``�``. Every
    other character stays as it is, one for one, so that nothing after a hostile byte is swallowed.
    """
    if text.isascii() and text.isprintable():
        return text
    return _visible(text)


@lru_cache(1024)  # what is painted again and again; 4,096 were a megabyte more
def _visible(text: str) -> str:
    return _MARKS.sub(rf"\1{REPLACEMENT}", text.translate(_TABLE))


def inert_json(encoded: str) -> str:
    """Return JSON that no terminal obeys: parsed, it has every character that ``encoded`` has."""
    return _UNSAFE_IN_JSON.sub(_escape, encoded)


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{int.from_bytes(units[at : at + 2], 'big'):04x}" for at in range(0, len(units), 2))
