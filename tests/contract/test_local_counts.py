"""Counting over many products of the local index: on all cores and once for each state, and never anything else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from data.search import tantivy_snapshot
from data.search.engine import SearchEngine
from data.search.kept import KeptCounts
from data.search.language import parse_query
from data.search.tree import EVERYTHING, Term
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


def test_kept_counts_stay_within_their_bound_and_their_state() -> None:
    kept = KeptCounts(most_bytes=50_000)
    counts = {"brand": [(f"brand {number}", number) for number in range(100)]}
    nodes = [Term("title", str(number)) for number in range(10)]
    for node in nodes:
        kept.keep(1, node, counts)
    found = [bool(kept.known(1, node)) for node in nodes]
    assert found == [False] * 8 + [True] * 2
    kept.keep(1, nodes[-1], {"stock": [("in", 5)]})
    assert kept.known(1, nodes[-1]) == counts | {"stock": [("in", 5)]}
    kept.keep(2, EVERYTHING, counts)
    assert not kept.known(2, nodes[-1])
    kept.keep(1, nodes[0], counts)
    assert not kept.known(1, nodes[0])
    assert kept.known(2, EVERYTHING) == counts
