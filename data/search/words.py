"""What the words of a query may stand for: corrections of what nobody sells, and synonyms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources
from typing import Protocol

from data.search.analysis import atoms, singular
from data.search.tree import SPELLING, TEXT_FIELDS

__all__ = ["Phrase", "Vocabulary", "is_known", "nearest", "nearest_beginnings", "read_synonyms", "synonyms"]

#: Words in order, each in the singular.
Phrase = tuple[str, ...]

#: No phrase of the synonyms is longer.
LONGEST_PHRASE = 3
_MOST_CANDIDATES = 12
#: A beginning is compared with beginnings only from this length on: shorter ones are near to everything.
_SHORTEST_BEGINNING = 5


class Vocabulary(Protocol):
    """What an engine knows of its terms, in the state that is being searched."""

    def frequency(self, field: str, text: str) -> int:
        """Return how many documents have the term; deleted ones may still count."""
        ...

    def begins(self, field: str, prefix: str) -> bool:
        """Say whether any term of ``field`` begins with ``prefix``."""
        ...

    def spellings(self) -> Sequence[tuple[str, int]]:
        """Return the words of the field ``SPELLING`` with their document counts. May be some seconds old."""
        ...


def edits(word: str) -> int:
    """Return how many edits ``word`` may be away from what was meant: one from 4 letters, two from 8.

    Numbers, and words with digits in them, are meant as they are typed: one digit off is another product.
    """
    return 0 if len(word) < 4 or not word.isalpha() else 1 if len(word) < 8 else 2


def is_known(vocabulary: Vocabulary, word: str) -> bool:
    """Say whether any product has ``word``, in whatever text."""
    return any(vocabulary.frequency(field, word) for field in (SPELLING, *TEXT_FIELDS))


def nearest(vocabulary: Vocabulary, word: str) -> tuple[str, ...]:
    """Return the other words that are fewest edits from ``word`` (insert, delete, replace, swap), commonest first."""
    return _nearest(word, edits(word), vocabulary.spellings(), cut=False)


def nearest_beginnings(vocabulary: Vocabulary, word: str) -> tuple[str, ...]:
    """Return known words whose beginning is at most one edit from ``word``, for a word that is still being typed."""
    if len(word) < _SHORTEST_BEGINNING or not word.isalpha():
        return ()
    return _nearest(word, 1, vocabulary.spellings(), cut=True)


def _nearest(word: str, most: int, spellings: Sequence[tuple[str, int]], *, cut: bool) -> tuple[str, ...]:
    if not most:
        return ()
    compared = [known[: len(word)] if cut else known for known, _ in spellings]
    from rapidfuzz import process  # 4.5 MB that no program holds before its first typo
    from rapidfuzz.distance import OSA

    found = process.extract(word, compared, scorer=OSA.distance, score_cutoff=most, limit=None)
    own = singular(word)
    others = [(distance, *spellings[place]) for _, distance, place in found if singular(spellings[place][0]) != own]
    closest = min((distance for distance, _, _ in others), default=0)
    near = sorted((-count, known) for distance, known, count in others if distance == closest)
    return tuple(dict.fromkeys(singular(known) for _, known in near[:_MOST_CANDIDATES]))


def read_synonyms(lines: Iterable[str]) -> dict[Phrase, tuple[Phrase, ...]]:
    """Return what each phrase also finds. Raises ``ValueError`` that names a line with no meaning."""
    table: dict[Phrase, dict[Phrase, None]] = {}
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        left, arrow, right = text.partition("=>")
        given, found = _phrases(left), _phrases(right if arrow else left)
        if not given or not found or (not arrow and len(given) < 2):
            raise ValueError(f"synonyms line {number}: {text!r} is neither 'a, b' nor 'a => b'")
        for phrase in given:
            table.setdefault(phrase, {}).update(dict.fromkeys(other for other in found if other != phrase))
    return {phrase: tuple(others) for phrase, others in table.items()}


def _phrases(text: str) -> list[Phrase]:
    phrases = (tuple(singular(piece) for word in atoms(part) for piece in word) for part in text.split(","))
    return [phrase for phrase in phrases if 0 < len(phrase) <= LONGEST_PHRASE]


@lru_cache(maxsize=1)
def synonyms() -> dict[Phrase, tuple[Phrase, ...]]:
    """Return the synonyms that are shipped, ``synonyms.txt`` beside this module."""
    return read_synonyms(resources.files(__package__).joinpath("synonyms.txt").read_text("utf-8").splitlines())
