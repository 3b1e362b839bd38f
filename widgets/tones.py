"""Tones: the few ways text is coloured, by name, from the variables of the theme.

Shape: a table from tone to theme variables, read once per theme for the whole program. Rejected: component classes of
each widget, which Textual matches against the style sheet again for every widget at every change of styles; with twelve
tones that was a third of the time to the first paint.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from rich.style import Style
from textual.color import Color


class _Tone(NamedTuple):
    """Theme variables for text and background (``""``: as around it), and attributes."""

    text: str = ""
    background: str = ""
    attributes: str = ""


#: The tones data may carry (``StatusMark.tone``) and those of the program's own text.
_TABLE: dict[str, _Tone] = {
    "plain": _Tone(),
    "good": _Tone("success"),
    "warn": _Tone("warning"),
    "bad": _Tone("error", attributes="bold"),
    "muted": _Tone("tone-muted"),
    "stale": _Tone("tone-muted"),
    "key": _Tone("tone-key", attributes="bold"),
    "strong": _Tone(attributes="bold"),
    "match": _Tone(attributes="bold underline"),
    "bar": _Tone("bar-foreground", "bar-background"),
    "bar-quiet": _Tone("bar-quiet-foreground", "bar-quiet-background"),
    "flash": _Tone(attributes="reverse"),
}
TONES = tuple(_TABLE)
_NEEDED = tuple(sorted({name for tone in _TABLE.values() for name in (tone.text, tone.background) if name}))


def tone_styles(variables: Mapping[str, str]) -> Mapping[str, Style]:
    """Return the style of every tone under the theme's ``variables`` (``App.theme_variables``)."""
    return _styles(tuple(variables.get(name, "") for name in _NEEDED))


@lru_cache(16)
def _styles(values: tuple[str, ...]) -> Mapping[str, Style]:
    colours = {
        name: Color.parse(value).rich_color if value else None for name, value in zip(_NEEDED, values, strict=True)
    }
    return {
        name: Style.from_color(colours.get(tone.text), colours.get(tone.background)) + Style.parse(tone.attributes)
        for name, tone in _TABLE.items()
    }
