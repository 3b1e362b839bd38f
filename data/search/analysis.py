"""The one text analyser: what is written in a product and what is typed in a query become the same tokens.

A token is lower case without accents. Text is cut at everything that is no letter or digit and where letters meet
digits, and the pieces are kept apart *and* joined, so that ``rtx4070``, ``RTX 4070`` and ``RTX-4070`` find each other.
English plurals lose their ending, units have one spelling. It runs when a product is indexed and when a query is read;
the engines only ever see its tokens, which is why they agree. Rejected: the engines' own filters (word delimiter,
stemmers, ASCII folding), which differ between tantivy and Elasticsearch and are missing from its smaller builds.

Scripts without blanks between words (Chinese, Thai) are not cut further: they are found by their beginning only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from data.search.folding import fold, remembered

__all__ = [
    "MAX_CHARACTERS",
    "STOP_WORDS",
    "Said",
    "Token",
    "atoms",
    "code_key",
    "fold",
    "is_measure",
    "is_number",
    "name_key",
    "said",
    "singular",
    "spans",
    "tokens",
    "value_key",
]

#: No more of one text is indexed: a 10 MB description is found by its beginning.
MAX_CHARACTERS = 65_536
#: A token longer than this is no word anybody types; it is left out.
_LONGEST = 64
#: What follows a number and is longer is a word of its own (``3060 Ventus``), not a unit or a model's suffix.
_LONGEST_UNIT = 5
#: What stands before a number and is longer is no series' name (``Vengeance 8 GB``); ``RTX``, ``iPhone`` are.
_LONGEST_SERIES = 6
#: At most this many pieces are joined: ``NF-A12x25`` is one word, a sentence in dashes is not.
_MOST_JOINED = 6
#: Left out of queries where anything else is asked. Sparing: in a shop "on", "in" and "x" may be half a model's name.
STOP_WORDS = frozenset({"a", "an", "and", "for", "of", "or", "the", "with"})

_MARK = "\u0300-\u036f"
_LETTERS = rf"(?:[^\W\d_][{_MARK}]*|×)+"
_INCH = r"(?<=\d)(?:\"|″|”|'')"
_PIECE = re.compile(rf"(\d+(?:\.\d+)*|{_LETTERS}|{_INCH})")
_CHUNK = re.compile(r"\S+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_NOT_WORD = re.compile(r"\W+")
_DECIMAL = re.compile(r"-?\d+\.\d+")
_SAME_VALUE = {"true": "yes", "false": "no", "-0": "0"}
_NUMBER_UNIT_GAP = re.compile(r"(?<=\d) (?=[^\W\d_])")

_UNITS = {
    # A double prime folds to two primes.
    '"': "in", "′′": "in", "”": "in", "''": "in", "inch": "in", "inches": "in",
    "gigabyte": "gb", "gigabytes": "gb", "terabyte": "tb", "terabytes": "tb", "megabyte": "mb", "megabytes": "mb",
    "gigahertz": "ghz", "megahertz": "mhz", "hertz": "hz", "watt": "w", "watts": "w", "volt": "v", "volts": "v",
    "millimeter": "mm", "millimeters": "mm", "millimetre": "mm", "millimetres": "mm",
    "centimeter": "cm", "centimeters": "cm", "centimetre": "cm", "centimetres": "cm",
    "meter": "m", "meters": "m", "metre": "m", "metres": "m",
    "gram": "g", "grams": "g", "kilogram": "kg", "kilograms": "kg", "kilo": "kg", "kilos": "kg",
    "lbs": "lb", "pound": "lb", "pounds": "lb", "ounce": "oz", "ounces": "oz",
    "liter": "l", "liters": "l", "litre": "l", "litres": "l", "milliliter": "ml", "milliliters": "ml",
}  # fmt: skip
#: What may stand apart from its number in a query and still belongs to it: ``32 gb``.
_UNIT_NAMES = frozenset(_UNITS.values()) | {
    "kb",
    "khz",
    "mah",
    "wh",
    "kw",
    "mp",
    "dpi",
    "rpm",
    "db",
    "ms",
    "ft",
    "bit",
    "pack",
}


class Token(NamedTuple):
    """One token and the part of the text it stands for, as character offsets."""

    text: str
    start: int
    end: int


def is_number(word: str) -> bool:
    """Say whether the token ``word`` is all digits (``4070``, ``3.5``): such words are never taken for a typo."""
    return word.replace(".", "").isdigit()


@lru_cache(maxsize=8_192)
def name_key(name: str) -> str:
    """Return the name by which a query calls the attribute ``name``: ``Max Memory`` is ``max_memory``.

    Dots stay, they are nesting. A part without any letter or digit (an emoji) is spelt by its code points, so that two
    such names stay different.
    """
    return ".".join(_part_key(part) for part in name.split(".") if part.strip()) or _part_key(name)


def _part_key(part: str) -> str:
    key = _NOT_WORD.sub("_", fold(part.strip())).strip("_")
    return key or "x" + "_".join(f"{ord(character):x}" for character in part.strip())


@lru_cache(maxsize=32_768)
def value_key(value: str) -> str:
    """Return what two spellings of one facet value have in common: case, accents, blanks.

    ``32 GB`` is ``32gb``, ``5.0`` is ``5``, ``true`` is ``yes``.
    """
    key = _NUMBER_UNIT_GAP.sub("", " ".join(fold(value).split()))
    if _DECIMAL.fullmatch(key):
        key = key.rstrip("0").rstrip(".")
    return _SAME_VALUE.get(key, key)


def code_key(code: str) -> str:
    """Return a SKU or barcode as it is compared: letters and digits only, in lower case. May be empty."""
    return "".join(filter(str.isalnum, fold(code)))


def _folded(piece: str) -> str:
    # A ligature may fold to several words ("ﷺ" to four), and a token has no blank in it.
    return "".join(fold(piece).split())


def _cut(chunk: str) -> tuple[tuple[str, ...], list[str]]:
    """Cut one run of non-blanks into folded letter runs and numbers; return them, and what stands around each."""
    if not chunk.isascii():
        parts = _PIECE.split(chunk)
        pieces = [_folded(piece) for piece in parts[1::2]]
    elif chunk.isalpha() or chunk.isdigit():  # nearly every word of a title
        return (chunk.lower(),), ["", ""]
    else:
        parts = _PIECE.split(chunk.lower())
        pieces = parts[1::2]
    for place, before in enumerate(pieces[:-1], 1):
        if is_number(before):
            pieces[place] = _UNITS.get(pieces[place], pieces[place])
    return tuple(pieces), parts[::2]


def is_measure(word: tuple[str, ...]) -> bool:
    """Say whether a query's word is a number with its unit (``32gb``): its halves apart mean something else."""
    return len(word) == 2 and is_number(word[0]) and word[1] in _UNIT_NAMES


def singular(word: str) -> str:
    """Return the form of ``word`` that every text with the word or its plural has as a token.

    English, and only the few endings that are safe.
    """
    if len(word) < 4 or not word.endswith("s") or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word if word.endswith(("ss", "us", "is")) else word[:-1]


#: A token of one run of non-blanks, with the first and the last of the pieces that it stands for, as indexes.
_Form = tuple[str, int, int]


def _forms(chunk: str, pieces: tuple[str, ...], gaps: list[str]) -> list[_Form]:
    """Return every token of one run of non-blanks: its pieces, their joins, and the halves of camel case."""
    out = [(form, place, place) for place, piece in enumerate(pieces) for form in _numbers(piece)]
    if len(pieces) > 1:
        out += _joins(pieces, gaps)
    if _CAMEL.search(chunk):
        for place, piece in enumerate(_PIECE.findall(chunk)):
            halves = _CAMEL.split(piece)
            if len(halves) > 1:
                out += ((form, place, place) for half in halves for form in _numbers(_folded(half)))
    return [form for form in dict.fromkeys(out) if 0 < len(form[0]) <= _LONGEST]


def _numbers(word: str) -> tuple[str, ...]:
    """Return ``word`` and, where it is a plural, its singular."""
    one = singular(word)
    return (word,) if one == word else (word, one)


def _joins(pieces: tuple[str, ...], gaps: list[str]) -> Iterator[_Form]:
    """Yield what is written in one: each glued run, its neighbouring pairs, and the whole chunk without its dashes."""
    first, runs = 0, 0
    for last, gap in enumerate(gaps[1:]):  # what stands behind each piece
        if not gap and last + 1 < len(pieces):
            yield pieces[last] + pieces[last + 1], last, last + 1
            continue
        if 2 < last + 1 - first <= _MOST_JOINED:
            yield "".join(pieces[first : last + 1]), first, last
        first, runs = last + 1, runs + 1
    if len(pieces) <= _MOST_JOINED and runs > 1:
        yield "".join(pieces), 0, len(pieces) - 1


def _belong(left: str, right: str) -> bool:
    """Say whether two pieces with a blank between may be one word: ``RTX 4070``, ``4070 Ti``, ``32 GB``."""
    if left[-1].isdigit():
        return not right[0].isdigit() and len(right) <= _LONGEST_UNIT
    return right[0].isdigit() and len(left) <= _LONGEST_SERIES


class _Chunk(NamedTuple):
    """One run of non-blanks with where everything in it stands."""

    pieces: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    tokens: tuple[Token, ...]


@remembered(4_096)
def _chunk(chunk: str) -> _Chunk:
    pieces, gaps = _cut(chunk)
    places = tuple(match.span() for match in _PIECE.finditer(chunk))
    found = (Token(form, places[first][0], places[last][1]) for form, first, last in _forms(chunk, pieces, gaps))
    return _Chunk(pieces, places, tuple(found))


def tokens(text: str) -> tuple[Token, ...]:
    """Return the tokens of a text to be indexed, with what each stands for. Repeats stay, they are frequencies."""
    out: list[Token] = []
    before: tuple[int, _Chunk] | None = None
    for match in _CHUNK.finditer(text[:MAX_CHARACTERS]):
        chunk, at = _chunk(match.group()), match.start()
        if not chunk.pieces:
            continue
        out += (Token(token.text, token.start + at, token.end + at) for token in chunk.tokens)
        if before is not None:
            left_at, left = before
            for join, first, last in _across(left.pieces, chunk.pieces):
                out.append(Token(join, left_at + left.places[first][0], at + chunk.places[last][1]))
        before = at, chunk
    return tuple(out)


class Said(NamedTuple):
    """One text as an index keeps it: its ``tokens`` in their order, with blanks between, and its ``atoms``."""

    tokens: str
    atoms: tuple[tuple[str, ...], ...]


def said(text: str, *, common: bool = True) -> Said:
    """Return what an index keeps of ``text``, cutting it once.

    ``common``: its words are those of many texts, so what they become is remembered; not so a SKU's.
    """
    words_of = _known_words if common else _words
    out: list[str] = []
    atoms_: list[tuple[str, ...]] = []
    before: tuple[str, ...] = ()
    for chunk in text[:MAX_CHARACTERS].split():
        words, pieces = words_of(chunk)
        if not pieces:
            continue
        out.append(words)
        if before:
            out += (join for join, _, _ in _across(before, pieces))
        before = pieces
        _add_atom(atoms_, pieces)
    return Said(" ".join(filter(None, out)), tuple(atoms_))


def _words(chunk: str) -> tuple[str, tuple[str, ...]]:
    """Return the tokens of one run of non-blanks, with blanks between, and its pieces."""
    pieces, gaps = _cut(chunk)
    return " ".join([form for form, _, _ in _forms(chunk, pieces, gaps)]), pieces


_known_words = remembered(16_384)(_words)


def _across(left: tuple[str, ...], right: tuple[str, ...]) -> list[tuple[str, int, int]]:
    """Return the joins over a blank, where a word meets a number: ``RTX 4070`` and ``32 GB`` as one.

    Each is the join, the piece of ``left`` it begins with and the piece of ``right`` it ends with, as indexes.
    """
    if not (left[-1][-1].isdigit() or right[0][0].isdigit()):
        return []  # as between most words
    unit = _UNITS.get(right[0], right[0])
    if not _belong(left[-1], unit):
        return []
    joined = {left[-1] + unit: (-1, 0)}
    if 2 < len(left) + len(right) <= _MOST_JOINED:
        head, tail = "".join(left), "".join(right)
        joined[left[-1] + tail] = (-1, -1)
        joined[head + tail] = (0, -1)
    return [(join, *ends) for join, ends in joined.items() if len(join) <= _LONGEST]


def atoms(text: str) -> tuple[tuple[str, ...], ...]:
    """Return a query's words, each as the pieces it was cut into: ``rtx4070 white`` is ``((rtx, 4070), (white,))``.

    A unit written apart joins its number: ``32 GB`` is the one word ``((32, gb),)``. Plurals are left as they are.
    """
    words: list[tuple[str, ...]] = []
    for chunk in text[:MAX_CHARACTERS].split():
        pieces, _ = _cut(chunk)
        if pieces:
            _add_atom(words, pieces)
    return tuple(words)


def _add_atom(words: list[tuple[str, ...]], pieces: tuple[str, ...]) -> None:
    if len(pieces) == 1 and words and len(words[-1]) == 1 and is_number(words[-1][0]):
        unit = _UNITS.get(pieces[0], pieces[0])
        if unit in _UNIT_NAMES:
            words[-1] = (words[-1][0], unit)
            return
    words.append(pieces)


def spans(text: str, terms: Iterable[str], *, prefix: str = "") -> tuple[tuple[int, int], ...]:
    """Return the parts of ``text`` to highlight as ``(start, end)``, in order, not touching each other.

    ``terms`` are tokens (``SearchResult.terms``); ``prefix`` matches every token that begins with it.
    """
    wanted = frozenset(terms)
    found = sorted(
        (token.start, token.end)
        for token in tokens(text)
        if token.text in wanted or (prefix and token.text.startswith(prefix))
    )
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
