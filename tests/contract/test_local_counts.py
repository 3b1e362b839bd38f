"""Counting over many products of the local index: on all cores, kept over commits, and never anything else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from data.search.carried import moved
from data.search.engine import SearchDocument, SearchEngine
from data.search.kept import Counted, KeptCounts
from data.search.language import parse_query
from data.search.tantivy import changes as tantivy_changes
from data.search.tantivy import counts as tantivy_counts
from data.search.tantivy import snapshot as tantivy_snapshot
from data.search.tree import Term
from data.search.urls import open_engine
from data.types import Facet
from tests.contract.test_search import small

LINES = ("", "thing", "status:any", "brand:Acme", "status:archived", "price:5..", "color:red thing")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SearchEngine]:
    with closing(open_engine(f"tantivy://{tmp_path}/search")) as engine:
        yield engine


def panels(engine: SearchEngine) -> list[tuple[int, tuple[Facet, ...]]]:
    """What the panel shows for every line, twice: counted, and as it is kept."""
    found = [engine.search(parse_query(line)) for line in LINES for _ in range(2)]
    return [(one.total, one.facets) for one in found]


def test_counts_of_many_products_are_those_of_one_count(
    engine: SearchEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    colours = ("red", "Red", "blue")
    things = [
        small(number, f"thing {number}", brand=("Acme", "Other")[number % 2], attributes={"color": colours[number % 3]})
        for number in range(60)
    ]
    engine.put_many(things)
    for revision, status in enumerate(("archived", "active", "draft"), 2):
        engine.put_many([small(7, "thing 7", revision=revision, status=status, attributes={"color": "green"})])
        engine.delete_many([(things[20 + revision].product_id, 1)])
        engine.commit()
        with closing(open_engine(f"tantivy://{tmp_path}/search")) as other:
            plain = panels(other)
        with monkeypatch.context() as patch:
            patch.setattr(tantivy_snapshot, "BROAD", 1)
            assert panels(engine) == plain
    assert plain[0][0] == len(things) - 3


def told(counted: set[str], tasks: Sequence[partial[Any]]) -> list[Any]:
    """Count, and note of which facets."""
    for task in tasks:
        counted.update(task.args[1])
    return tantivy_counts.together(tasks)


def edits(random: Random) -> tuple[list[SearchDocument], list[tuple[str, int]]]:
    """Some products written anew and some deleted, the revision always above what was."""
    revision = random.randrange(2, 2**40)
    numbers = random.sample(range(80), random.randrange(1, 12))
    written = [
        small(
            number,
            f"thing {number}",
            revision=revision,
            brand=random.choice(("Acme", "Other", "acme", "")),
            status=random.choice(("active", "active", "archived", "draft")),
            attributes=random.choice(({}, {"color": ["red", "Blue"]}, {"color": "green", "size": number})),
            price=random.choice((None, Decimal(5), Decimal(60))),
        )
        for number in numbers
    ]
    return written, [(f"{number:024x}", revision + 1) for number in random.sample(range(80), random.randrange(4))]


def test_counts_are_brought_forward_over_commits_and_never_made_again(
    engine: SearchEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(4)
    monkeypatch.setattr(tantivy_snapshot, "BROAD", 1)
    # Every line finds something from the beginning: what finds nothing is not kept.
    shelf = [
        small(number, f"thing {number}", brand="Acme", price=Decimal(60), attributes={"color": "red"}, status=status)
        for number, status in enumerate(["active"] * 60 + ["archived"] * 30)
    ]
    engine.put_many(shelf)
    engine.commit()
    panels(engine)
    for _ in range(12):
        written, deleted = edits(random)
        engine.put_many(written)
        engine.delete_many(deleted)
        engine.commit()
        with monkeypatch.context() as patch, closing(open_engine(f"tantivy://{tmp_path}/search")) as other:
            patch.setattr(tantivy_snapshot, "BROAD", 1_000_000)
            plain = panels(other)
        with monkeypatch.context() as patch:
            counted: set[str] = set()
            patch.setattr(tantivy_snapshot, "together", partial(told, counted))
            assert panels(engine) == plain
            # An attribute is counted where no product found had it before.
            assert counted <= {"color", "size"}


def test_after_too_many_changes_all_is_counted_again(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tantivy_snapshot, "BROAD", 1)
    monkeypatch.setattr(tantivy_changes, "MOST_CHANGED", 3)
    for revision, size in enumerate((20, 3, 4), 1):
        engine.put_many(small(number, f"thing {revision}", revision=revision) for number in range(size))
        engine.commit()
        counted: set[str] = set()
        monkeypatch.setattr(tantivy_snapshot, "together", partial(told, counted))
        stock = next(one for one in engine.search(parse_query("")).facets if one.name == "stock")
        assert [(value.value, value.count) for value in stock.values] == [("out", 20)]
        assert ("stock" in counted) == (size != 3)


def test_another_index_is_counted_anew(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tantivy_snapshot, "BROAD", 1)
    engine.put_many(small(number, "old", brand="Old") for number in range(9))
    engine.commit()
    brands = [value.value for value in engine.facet(parse_query(""), "brand").values]
    engine.rebuild(small(number, "new", brand="New") for number in range(5))
    found = engine.facet(parse_query(""), "brand").values
    assert (brands, [(value.value, value.count) for value in found]) == (["Old"], [("New", 5)])


def test_counts_that_were_cut_off_are_not_brought_forward() -> None:
    asked = {"terms": {"field": "facet.fcolor", "size": 3}}
    before = Counted(asked, [("red", 5), ("blue", 2)])
    assert moved(before, [("blue", 2), ("red", 1)], [("green", 3)]) == Counted(asked, [("red", 4), ("green", 3)])
    assert moved(before, [], []) == before
    three = [("a", 1), ("b", 1), ("c", 1)]
    assert moved(before, three, []) is moved(before, [], three) is moved(Counted(asked, three), [], []) is None


@dataclass(frozen=True)
class State:
    generation: int


def test_kept_counts_stay_within_their_bound() -> None:
    kept: KeptCounts[State] = KeptCounts(most_bytes=50_000)
    counts = {"brand": Counted({}, [(f"brand {number}", number) for number in range(100)])}
    nodes = [Term("title", str(number)) for number in range(10)]
    now, later = State(1), State(2)
    for node in nodes:
        kept.keep(now, node, counts)
    assert [kept.known(node) is not None for node in nodes] == [False] * 8 + [True] * 2
    stock = {"stock": Counted({}, [("in", 5)])}
    kept.keep(now, nodes[-1], stock)
    assert kept.known(nodes[-1]) == (now, counts | stock)
    kept.keep(later, nodes[-1], stock)
    kept.keep(now, nodes[-1], counts)
    assert kept.known(nodes[-1]) == (later, stock)


def test_counts_of_few_states_are_kept() -> None:
    kept: KeptCounts[State] = KeptCounts()
    nodes = [Term("title", str(number)) for number in range(6)]
    for number, node in enumerate(nodes):
        kept.keep(State(number), node, {})
    assert [kept.known(node) is not None for node in nodes] == [False] * 2 + [True] * 4
