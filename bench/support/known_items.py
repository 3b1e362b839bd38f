"""Known items: is a product found under its own title, and under what people make of it?"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from data.search.engine import SearchDocument, SearchEngine
from data.search.query import SearchQuery

__all__ = ["WAYS", "known_items", "title_fits"]


def _typo(word: str, dice: random.Random) -> str:
    place = dice.randrange(1, len(word) - 1)
    match dice.randrange(4):
        case 0:
            return word[:place] + word[place + 1 :]
        case 1:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        case 2:
            return word[:place] + dice.choice("abcdefghijklmnopqrstuvwxyz") + word[place:]
    return word[:place] + dice.choice("abcdefghijklmnopqrstuvwxyz") + word[place + 1 :]


def _mistyped(words: list[str], dice: random.Random) -> list[str]:
    long = [place for place, word in enumerate(words) if word.isalpha() and len(word) >= 4]
    place = dice.choice(long)
    return [_typo(word, dice) if at == place else word for at, word in enumerate(words)]


def _without(words: list[str], place: int) -> list[str]:
    return words[:place] + words[place + 1 :]


WAYS: dict[str, Callable[[list[str], random.Random], list[str]]] = {
    "exact": lambda words, _: words,
    "dropped": lambda words, dice: _without(words, dice.randrange(len(words))),
    "reordered": lambda words, dice: dice.sample(words, len(words)),
    "typo": _mistyped,
    "prefix": lambda words, _: [*words[:-1], words[-1][: max(2, len(words[-1]) // 2)]],
}


def known_items(engine: SearchEngine, documents: Sequence[SearchDocument], count: int) -> dict[str, dict[str, float]]:
    """Return success@1 and success@10: is a product of that title first, or among the first ten?

    Items are titles that stand for at most three products, of three words or more, with one that can be mistyped.
    """
    titles: dict[str, int] = {}
    for one in documents:
        titles[one.title] = titles.get(one.title, 0) + 1
    fit = [title for title, times in titles.items() if times <= 3 and title_fits(title.split())]
    dice = random.Random(7)
    chosen = dice.sample(sorted(fit), min(count, len(fit)))
    outcome: dict[str, dict[str, float]] = {}
    for way, change in WAYS.items():
        ranks = []
        for title in chosen:
            found = engine.search(SearchQuery(" ".join(change(title.split(), dice))), limit=10, facets=False).hits
            ranks.append(next((rank for rank, hit in enumerate(found, 1) if hit.title == title), 0))
        outcome[way] = {
            "at_1": round(sum(rank == 1 for rank in ranks) / len(ranks), 3),
            "at_10": round(sum(rank > 0 for rank in ranks) / len(ranks), 3),
        }
    return outcome


def title_fits(words: list[str]) -> bool:
    """Say whether a title of these words can be dropped from, reordered and mistyped."""
    return len(words) >= 3 and any(word.isalpha() and len(word) >= 4 for word in words)
