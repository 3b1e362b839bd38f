"""Counts over many products of a cluster: kept, brought forward over commits, and never anything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from data.search.elasticsearch import counts as elasticsearch_counts
from data.search.elasticsearch.counts import Counting
from data.search.engine import SearchEngine
from data.search.language import parse_query
from data.search.requests import Requests
from data.search.tree import Node
from data.search.urls import open_engine
from tests import servers
from tests.contract.test_local_counts import edits, panels
from tests.contract.test_search import small
from tests.relay_world import until


@pytest.fixture
def url() -> Iterator[str]:
    url = servers.fresh_index()
    yield url
    servers.drop_index(url)


@pytest.fixture
def engine(url: str) -> Iterator[SearchEngine]:
    with closing(open_engine(url)) as engine:
        yield engine


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What was counted anew, by its name, and not kept from before; everything is broad enough to be kept."""
    names: set[str] = set()
    keep = Counting.keep

    def noted(self: Counting, node: Node, requests: Requests, counts: Mapping[str, Any], total: int) -> None:
        names.update(requests)
        keep(self, node, requests, counts, total)

    monkeypatch.setattr(Counting, "keep", noted)
    monkeypatch.setattr(elasticsearch_counts, "BROAD", 1)
    return names


def plain(url: str) -> Any:
    """What the panel shows for every line to a process that has nothing kept."""
    with closing(open_engine(url)) as other:
        return panels(other)


def fill(engine: SearchEngine) -> None:
    """Put products of which every line finds some: what finds nothing is not kept."""
    engine.put_many(
        small(number, f"thing {number}", brand="Acme", price=Decimal(60), attributes={"color": "red"}, status=status)
        for number, status in enumerate(["active"] * 60 + ["archived"] * 30)
    )
    engine.commit()


def test_counts_are_brought_forward_over_commits_and_never_made_again(
    engine: SearchEngine, url: str, counted: set[str]
) -> None:
    random = Random(4)
    fill(engine)
    panels(engine)
    for _ in range(12):
        written, deleted = edits(random)
        engine.put_many(written)
        engine.delete_many(deleted)
        engine.commit()
        expected = plain(url)
        counted.clear()
        assert panels(engine) == expected
        # An attribute is counted where no product found had it before.
        assert counted <= {"color", "size"}


def test_after_too_many_changes_all_is_counted_again(
    engine: SearchEngine, url: str, counted: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elasticsearch_counts, "MOST_CHANGED", 3)
    monkeypatch.setattr(elasticsearch_counts, "_AT_ONE_MOMENT", 0)
    fill(engine)
    panels(engine)
    for revision, size in ((2, 3), (3, 4)):
        engine.put_many(small(number, "thing", revision=revision, brand="Other") for number in range(size))
        engine.commit()
        expected = plain(url)
        counted.clear()
        assert panels(engine) == expected
        assert ("stock" in counted) == (size > 3)


def test_another_index_is_counted_anew(engine: SearchEngine, counted: set[str]) -> None:
    engine.put_many(small(number, "old", brand="Old") for number in range(9))
    engine.commit()
    brands = [value.value for value in engine.facet(parse_query(""), "brand").values]
    counted.clear()
    engine.rebuild(small(number, "new", brand="New") for number in range(5))
    found = engine.facet(parse_query(""), "brand").values
    assert (brands, [(value.value, value.count) for value in found]) == (["Old"], [("New", 5)])
    assert "brand" in counted


def test_where_the_state_before_is_lost_all_is_counted_again(engine: SearchEngine, url: str, counted: set[str]) -> None:
    fill(engine)
    panels(engine)
    before = engine._reader._current.snapshot.point.id  # type: ignore[attr-defined]
    engine.put_many([small(1, "thing", revision=2, brand="Other")])
    engine.commit()
    expected = plain(url)
    counted.clear()
    with Elasticsearch(url.rpartition("/")[0]) as client:
        client.close_point_in_time(id=before)
    assert panels(engine) == expected
    assert "stock" in counted


def test_what_the_cluster_keeps_open_is_bounded_and_is_let_go_in_the_end(
    engine: SearchEngine, url: str, counted: set[str]
) -> None:
    """Each line asked once and left: its counts are those of the state of then, which stays open for them."""
    fill(engine)
    for revision in range(2, 30):
        engine.put_many([small(revision, "thing", revision=revision)])
        engine.commit()
        engine.search(parse_query(f"thing price:{revision}.."))
    assert counted
    until(lambda: 0 < states_open(url) <= 10)
    engine.close()
    until(lambda: states_open(url) == 0)


def states_open(url: str) -> int:
    """Return how many points in time the cluster keeps of the index."""
    host, _, name = url.rpartition("/")
    with Elasticsearch(host) as client:
        return int(
            client.indices.stats(index=f"{name}-layout*", metric="search")["_all"]["total"]["search"]["open_contexts"]
        )
