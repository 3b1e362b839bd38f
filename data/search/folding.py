"""What every text is before it is compared: lower case without accents, and each short text folded once.

It stands apart from the analyser because names, keys and sorting fold too.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

__all__ = ["SHORT", "fold", "remembered"]

Made = TypeVar("Made")

#: What is worked out of a text no longer than this is remembered: products repeat words and values, not prose.
SHORT = 120

#: Letters that carry no combining mark and yet are read as a plain one.
_PLAIN = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ħ": "h",
        "ı": "i",
        "ŧ": "t",
        "×": "x",
        "µ": "u",
        "μ": "u",
    }
)


def remembered(most: int) -> Callable[[Callable[[str], Made]], Callable[[str], Made]]:
    """Remember what a function makes of the ``most`` last used texts, so long as they are ``SHORT``.

    A plain cache would keep any text whole as its key, and a text in one piece may be long.
    """

    def decorate(make: Callable[[str], Made]) -> Callable[[str], Made]:
        known = lru_cache(maxsize=most)(make)

        @wraps(make)
        def remember(text: str) -> Made:
            return known(text) if len(text) <= SHORT else make(text)

        return remember

    return decorate


def fold(text: str) -> str:
    """Return ``text`` in lower case without accents: ``Björk`` and ``BJORK`` are both ``bjork``, ``ß`` is ``ss``."""
    return text.lower() if text.isascii() else _fold_other(text)


@remembered(16_384)
def _fold_other(text: str) -> str:
    # Twice, because the lower case of some compatibility letters is again composed, and of others a letter of _PLAIN.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_PLAIN)
    return "".join(character for character in plain if not unicodedata.combining(character))
