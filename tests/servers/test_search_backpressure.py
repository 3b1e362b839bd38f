"""A cluster that is full, busy, restarted or stopped: writes wait, nothing is lost, errors are the domain's."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from data.errors import Unavailable
from data.search.elasticsearch import writer
from data.search.elasticsearch.client import SearchRefused, connect, read_url
from data.search.elasticsearch.pace import Pace
from data.search.engine import SearchEngine
from data.search.language import SearchQuery, parse_query
from data.search.urls import open_engine
from tests import servers
from tests.contract.test_search import opened, small
from tests.relay_world import until
from tests.servers.processes import free_port


@pytest.fixture
def url() -> str:
    return servers.fresh_index()


@pytest.fixture
def engine(url: str) -> Iterator[SearchEngine]:
    with opened(url) as engine:
        yield engine


@pytest.fixture
def cluster() -> Iterator[Elasticsearch]:
    with Elasticsearch(servers.ELASTICSEARCH) as client:
        yield client


def block(cluster: Elasticsearch, url: str, *, on: bool) -> None:
    """Make the indexes below ``url`` read-only as a full disk does, or writable again."""
    setting = {"index.blocks.read_only_allow_delete": True if on else None}
    cluster.indices.put_settings(index=f"{url.rpartition('/')[2]}-layout*", settings=setting)


def test_a_read_only_index_pauses_a_write_that_then_goes_through(
    engine: SearchEngine, url: str, cluster: Elasticsearch
) -> None:
    engine.put_many([small(1, "before")])
    engine.commit()
    block(cluster, url, on=True)
    written: list[int] = []
    thread = threading.Thread(target=lambda: written.append(engine.put_many(small(n, "after") for n in range(2, 900))))
    thread.start()
    thread.join(1.0)
    assert thread.is_alive()
    assert engine.search(SearchQuery()).total == 1
    block(cluster, url, on=False)
    thread.join(30)
    assert written == [898]
    engine.commit()
    assert engine.count() == 899


def test_a_cluster_that_stays_full_is_unavailable_and_says_why(
    engine: SearchEngine, url: str, cluster: Elasticsearch
) -> None:
    engine.put_many([small(1, "before")])
    engine.commit()
    block(cluster, url, on=True)
    impatient = writer.Target(connect(read_url(url)), engine._catalog.alias, patience=0.5)  # type: ignore[attr-defined]
    with pytest.raises(Unavailable, match=r"takes no writes now.*read-only"):
        impatient.put([small(2, "after")])
    block(cluster, url, on=False)
    assert impatient.put([small(2, "after")]) == 1


def test_a_document_that_can_never_be_taken_is_refused_alone_and_named(engine: SearchEngine) -> None:
    with pytest.raises(SearchRefused, match=f"{7:024x}"):
        engine.put_many([small(6, "good"), small(7, "bad", available_stock=2**70)])
    engine.commit()
    assert engine.count() == 1


def test_a_server_that_is_not_there_is_unavailable() -> None:
    away = open_engine(f"http://127.0.0.1:{free_port()}/x")
    assert not away.health().ok
    for ask in (lambda: away.search(SearchQuery()), lambda: away.put_many([small(1, "x")]), away.count):
        with pytest.raises(Unavailable) as gone:
            ask()
        assert gone.value.store == "search"


def test_a_lost_point_in_time_is_opened_anew(engine: SearchEngine, cluster: Elasticsearch) -> None:
    engine.put_many([small(1, "kettle")])
    engine.commit()
    assert engine.search(parse_query("kettle")).total == 1
    # What a restarted node does to all of them; the generation is the same as before.
    held = engine._reader._current  # type: ignore[attr-defined]
    cluster.close_point_in_time(id=held.snapshot.point.id)
    assert engine.search(parse_query("kettle")).total == 1
    assert engine.suggest("ket") != ()


def test_a_build_rests_while_others_search_and_only_then(engine: SearchEngine, cluster: Elasticsearch) -> None:
    engine.put_many(small(number, f"kettle {number}") for number in range(900))
    engine.commit()
    pace = Pace(cluster, engine._catalog.alias)  # type: ignore[attr-defined]
    assert pace.rest(10.0) == 0
    # The cluster counts whole milliseconds, and one search may take less.
    until(lambda: engine.search(SearchQuery(), limit=500).total and pace.rest(10.0))
    engine.search(SearchQuery(), limit=500)
    assert pace.rest(0.0) == 0


def test_a_login_goes_along_and_the_root_is_never_asked() -> None:
    cluster = read_url("https://ann:s%40crt@one.example.com,two.example.com:9243/shop?shards=3&replicas=1")
    assert cluster.hosts == ("https://one.example.com:9200", "https://two.example.com:9243")
    assert (cluster.name, cluster.user, cluster.password) == ("shop", "ann", "s@crt")
    assert (cluster.shards, cluster.replicas) == (3, "1")
    with connect(read_url("http://ann:s%40crt@127.0.0.1:1/x")) as client:
        assert client._headers["authorization"].startswith("Basic ")
    with connect(read_url("http://127.0.0.1:1/x?api_key=abc")) as client:
        assert client._headers["authorization"] == "ApiKey abc"
