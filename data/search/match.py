"""What the words of a query ask for, as a tree: the text half of a plan.

Every word must be found somewhere, in any order. The last word may be a beginning, because it may still be typed. A
word that nobody sells is read as the nearest one that somebody does, and said so. A query that is a SKU or a barcode
finds that product first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from data.search.analysis import STOP_WORDS, atoms, code_key, is_measure, singular
from data.search.terms import whole
from data.search.tree import (
    CODE,
    SPELLING,
    TEXT_FIELDS,
    WHOLE_TITLE,
    All,
    AnyOf,
    AtLeast,
    Best,
    Boosted,
    Node,
    Not,
    Prefix,
    Scored,
    Term,
)
from data.search.words import (
    LONGEST_PHRASE,
    Phrase,
    Vocabulary,
    is_known,
    nearest,
    nearest_beginnings,
    synonyms,
)

__all__ = ["Match", "Words", "read_words"]

#: No more words are looked for, and no more excluded: nobody types them, and a pasted page would hold a search up.
_MOST_WORDS = 32

_CODE_SCORE = 100_000.0
_WHOLE_TITLE_SCORE = 100.0
#: How much less another reading of a word is worth than the word itself.
_PIECES, _SYNONYM, _CORRECTED = 0.7, 0.6, 0.8
#: A beginning scores less than any whole word of the same field, but more than the singular of what is no word yet.
_BEGINNING, _CUT_SHORT = 0.3, 0.02
_PREFIX_FIELDS = ("title", "brand", "sku", "category", "attributes")
#: A beginning shorter than that is looked for in what names a product only: half of all words and a tenth of all SKUs
#: begin with one letter or another, which says nothing of a product and is the slowest thing one can ask.
_SHORT_BEGINNING, _NAMING_FIELDS = 3, ("title", "brand")
_SHORTEST_CODE = 3
_MOST_DOUBTS = 3


@dataclass(frozen=True, slots=True)
class Word:
    """One thing asked for: phrases of which one must be found whole, each with its worth."""

    typed: str
    readings: tuple[tuple[Phrase, float], ...]
    beginning: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """One way to read the words of a query: the condition, sentences about the reading, and what to highlight."""

    node: Node
    notes: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a query, read against a vocabulary."""

    text: str
    words: tuple[Word, ...]
    notes: tuple[str, ...]
    excluded: tuple[Node, ...]

    def matches(self, vocabulary: Vocabulary) -> Iterator[Match]:
        """Yield the readings to try, strictest first, until one finds something.

        As typed; with words corrected that exist but do not go together; with all words but one; with half of them.
        """
        yield self._match(self.words, self.notes, need=len(self.words))
        if not self.words:
            return
        doubted = tuple(_doubted(vocabulary, word) for word in self.words)
        if doubted != self.words:
            both = zip(self.words, doubted, strict=True)
            changed = tuple(_note(new.typed, new.readings[1][0]) for old, new in both if new != old)
            yield self._match(doubted, self.notes + changed, need=len(doubted))
        if len(self.words) > 1:
            note = "no product has all of these words; shown are those with all but one"
            yield self._match(self.words, (*self.notes, note), need=len(self.words) - 1)
        if len(self.words) > 3:
            note = "no product has most of these words; shown are those with half of them"
            yield self._match(self.words, (*self.notes, note), need=len(self.words) // 2)

    def _match(self, words: tuple[Word, ...], notes: tuple[str, ...], *, need: int) -> Match:
        nodes = tuple(map(_word_node, words))
        node: Node = All(nodes, self._bonus()) if need == len(nodes) else AtLeast(nodes, need)
        code = code_key(self.text)
        if len(code) >= _SHORTEST_CODE and nodes:
            node = AnyOf((Scored(Term(CODE, code), _CODE_SCORE), node))
        if self.excluded:
            node = All((node, *self.excluded))
        terms = dict.fromkeys(piece for word in words for phrase, _ in word.readings for piece in phrase)
        prefix = next((word.beginning for word in words if word.beginning), "")
        return Match(node, notes, tuple(terms), prefix)

    def _bonus(self) -> tuple[Node, ...]:
        return (Scored(Term(WHOLE_TITLE, whole(self.text)), _WHOLE_TITLE_SCORE),) if self.words else ()


def read_words(text: str, excluded: tuple[str, ...], vocabulary: Vocabulary) -> Words:
    """Return the words of ``text`` with what each may stand for. Words without a letter or digit say nothing."""
    pieces = [word[:_MOST_WORDS] for word in atoms(text) if word]
    said = [word for word in pieces if len(word) > 1 or word[0] not in STOP_WORDS] or pieces
    reader = _Reader(said[:_MOST_WORDS], vocabulary)
    unwanted = tuple(Not(_phrase_of(word)) for word in [word for word in excluded if atoms(word)][:_MOST_WORDS])
    cut = len(said) > _MOST_WORDS or len(excluded) > _MOST_WORDS
    notes = (f"only the first {_MOST_WORDS} words are looked for",) if cut else ()
    return Words(text, tuple(reader.read()), (*reader.notes, *notes), unwanted)


def _phrase_of(text: str) -> Node:
    words = [word[:_MOST_WORDS] for word in atoms(text)[:_MOST_WORDS]]
    return All(tuple(_anywhere("".join(word) if len(word) > 1 else singular(word[0])) for word in words))


class _Reader:
    """One pass over the words, taking together those that mean one thing."""

    def __init__(self, words: list[tuple[str, ...]], vocabulary: Vocabulary) -> None:
        self.notes: list[str] = []
        self._words = words
        self._vocabulary = vocabulary

    def read(self) -> Iterator[Word]:
        at = 0
        while at < len(self._words):
            taken, word = self._phrase(at) or (1, self._single(at))
            yield word
            at += taken

    def _is_last(self, at: int) -> bool:
        return at == len(self._words) - 1

    def _phrase(self, at: int) -> tuple[int, Word] | None:
        """Return several words from ``at`` that have synonyms, or that products write in one."""
        for length in range(min(LONGEST_PHRASE, len(self._words) - at), 0, -1):
            ahead = self._words[at : at + length]
            phrase = tuple(singular(piece) for word in ahead for piece in word)
            others: tuple[Phrase, ...] = synonyms().get(phrase, ())
            if length == 2 and (joined := self._in_one(phrase)):
                others = (*others, joined)
            if others:
                beginning = ahead[0][0] if length == 1 and len(phrase) == 1 and self._is_last(at) else ""
                readings = ((phrase, 1.0), *((other, _SYNONYM) for other in others))
                return length, Word(" ".join(phrase), readings, beginning)
        return None

    def _in_one(self, phrase: Phrase) -> Phrase | None:
        joined = "".join(phrase)
        known = len(phrase) == 2 and joined.isalpha() and self._vocabulary.frequency(SPELLING, joined)
        return (joined,) if known else None

    def _single(self, at: int) -> Word:
        pieces, last = self._words[at], self._is_last(at)
        typed = "".join(pieces)
        if is_measure(pieces) and is_known(self._vocabulary, typed):
            return Word(typed, (((typed,), 1.0),), typed if last else "")
        if len(pieces) > 1:
            corrected = tuple(self._corrected(piece, last=False) or (piece,) for piece in pieces)
            spelt = tuple(options[0] for options in corrected)
            return Word(typed, (((typed,), 1.0), (spelt, _PIECES)), typed if last else "")
        options = self._corrected(typed, last=last)
        if not options:
            worth = _CUT_SHORT if last and self._is_cut_short(typed) else 1.0
            return Word(typed, (((singular(typed),), worth),), typed if last else "")
        return Word(typed, tuple(((option,), _CORRECTED) for option in options))

    def _is_cut_short(self, typed: str) -> bool:
        """Say whether a last word looks like a plural only because it is not typed to its end: ``cors`` of Corsair."""
        vocabulary = self._vocabulary
        return (
            singular(typed) != typed
            and not is_known(vocabulary, typed)
            and any(vocabulary.begins(field, typed) for field in _PREFIX_FIELDS)
        )

    def _corrected(self, word: str, *, last: bool) -> tuple[str, ...]:
        """Return what an unknown word may have been meant to be; nothing for one that is known or cannot be guessed."""
        vocabulary = self._vocabulary
        if is_known(vocabulary, singular(word)) or (last and any(vocabulary.begins(f, word) for f in _PREFIX_FIELDS)):
            return ()
        found = nearest(vocabulary, word) or (nearest_beginnings(vocabulary, word) if last else ())
        if found:
            self.notes.append(_note(word, (found[0],)))
        return found


def _doubted(vocabulary: Vocabulary, word: Word) -> Word:
    """Return ``word`` with its nearest neighbour as a second reading: it is known, but maybe not what was meant."""
    if len(word.readings) > 1:
        return word
    typed = word.readings[0][0][0]
    near = tuple(((other,), _CORRECTED) for other in nearest(vocabulary, typed)[:_MOST_DOUBTS])
    return Word(word.typed, word.readings + near, word.beginning) if near else word


def _note(typed: str, read: Phrase) -> str:
    return f'"{typed}" read as "{" ".join(read)}"'


@lru_cache(maxsize=512)
def _word_node(word: Word) -> Node:
    """Return the condition that the word is found."""
    # While a query is typed its words are mostly the same, and an engine knows the same node again.
    found = [_phrase_node(phrase, worth) for phrase, worth in word.readings]
    if word.beginning:
        fields = _NAMING_FIELDS if len(word.beginning) < _SHORT_BEGINNING else _PREFIX_FIELDS
        found += (Scored(Prefix(field, word.beginning), TEXT_FIELDS[field] * _BEGINNING) for field in fields)
    return Best(tuple(found))


def _phrase_node(phrase: Phrase, worth: float) -> Node:
    node: Node = _anywhere(phrase[0]) if len(phrase) == 1 else All(tuple(_anywhere(piece) for piece in phrase))
    return node if worth == 1.0 else Boosted(node, worth)


def _anywhere(word: str) -> Node:
    return Best(tuple(Boosted(Term(field, word), weight) for field, weight in TEXT_FIELDS.items()))
