"""Which fonts a text needs, and what of it no font can show. The fonts come in packages, so no machine lacks them.

A text is shown in its own script or plainly told: a character without a glyph stands as ``[U+1F9FF]`` on the paper,
never as a box, and is named in the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from data.text import visible

__all__ = ["Fitted", "Font", "fit"]

#: (name, package, file): the first that has a character shows it. Noto Sans first, for it looks best.
_FILES = (
    ("sans", "manimgx_fonts", "NotoSans[wght].ttf"),
    ("cjk", "paperang_p2_fonts_cjk", "fonts/wqy-microhei.ttc"),
    *(
        (name.lower(), "manimgx_fonts", f"NotoSans{name}[wght].ttf")
        for name in (
            *("Arabic", "Hebrew", "Thai", "Devanagari", "Armenian", "Georgian", "Bengali", "Ethiopic", "Gujarati"),
            *("Gurmukhi", "Kannada", "Khmer", "Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu"),
            "Symbols",
        )
    ),
    ("emoji", "manimgx_fonts", "NotoEmoji[wght].ttf"),
)
#: Pictures of control characters: the fonts that list them draw nothing.
_PICTURES = {0x2400 + code: f"\\x{code:02x}" for code in range(0x21)} | {0x2421: "\\x7f"}


@dataclass(frozen=True)
class Font:
    """A font file and the characters (code points) it draws."""

    name: str
    path: Path
    covers: frozenset[int]


@dataclass(frozen=True)
class Fitted:
    """The fonts a paper needs, the first one always, and the characters that none of all fonts draws."""

    fonts: tuple[Font, ...]
    missing: tuple[str, ...]

    def text(self, stored: str) -> str:
        """Return ``stored`` inert and with nothing in it that the fonts cannot show; line ends stay."""
        return "\n".join(
            "".join(_plain(letter, self.missing) for letter in visible(part))
            for part in stored.replace("\r\n", "\n").split("\n")
        )


def _plain(letter: str, missing: Iterable[str]) -> str:
    if ord(letter) in _PICTURES:
        return _PICTURES[ord(letter)]
    return f"[U+{ord(letter):04X}]" if letter in missing else letter


def fit(text: str) -> Fitted:
    """Return what ``text`` needs; a font is opened only for characters that none before it has."""
    wanted = {ord(letter) for letter in visible(text.replace("\n", " ")) if ord(letter) not in _PICTURES}
    used = [_font(*_FILES[0])]
    # What tells of a missing character must itself be shown; these are in the first font.
    wanted -= used[0].covers
    for one in _FILES[1:]:
        if not wanted:
            break
        font = _font(*one)
        if wanted & font.covers:
            used.append(font)
            wanted -= font.covers
    return Fitted(tuple(used), tuple(chr(code) for code in sorted(wanted)))


@cache
def _font(name: str, package: str, file: str) -> Font:
    from fontTools.ttLib import TTFont

    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0], file)
    with TTFont(path, fontNumber=0, lazy=True) as opened:
        return Font(name, path, frozenset(opened.getBestCmap()))
