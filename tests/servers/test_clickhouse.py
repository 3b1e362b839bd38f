"""clickhouse-driver against a server: the transport, the types and the errors of ``ServerAnalytics``.

Debian's server is of 2018. It takes no ``{name:Type}`` parameters, which the driver sends apart from the statement only
to a server that knows them, and it lacks much of today's SQL: what statements mean is tested on the local engine, in
``tests/contract/test_analytics*.py``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from data.errors import Unavailable
from data.stores.clickhouse import UNKNOWN_TABLE, Analytics, QueryRefused
from data.stores.clickhouse_urls import open_analytics
from tests import servers
from tests.hostile import STORABLE
from tests.servers.processes import free_port


@pytest.fixture
def database() -> str:
    return f"contract_{uuid4().hex}"


@pytest.fixture
def analytics(database: str) -> Iterator[Analytics]:
    """A client for a database that is made by its first use."""
    with closing(open_analytics(f"{servers.CLICKHOUSE}/{database}")) as opened:
        yield opened
        opened.command(f"DROP DATABASE {database}")


def test_the_server_says_who_it_is(analytics: Analytics) -> None:
    health = analytics.health()
    assert (health.ok, health.engine) == (True, "clickhouse")
    assert health.version.startswith("18.")


def test_every_type_comes_back_as_it_went_in(analytics: Analytics) -> None:
    analytics.command(
        "CREATE TABLE t (n UInt64, amount Decimal(10, 2), text String, maybe Nullable(String), id UUID,"
        " second DateTime('UTC'), day Date, list Array(String), real Float64) ENGINE = MergeTree() ORDER BY n"
    )
    columns = ("n", "amount", "text", "maybe", "id", "second", "day", "list", "real")
    moment = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
    row = (2**64 - 1, Decimal("99999999.90"), "it's \\ \t", None, uuid4(), moment, date(2026, 3, 1), ["x'", ""], 0.1)
    analytics.insert("t", columns, [row])
    (found,) = analytics.query("SELECT n, amount, text, maybe, id, second, day, list, real FROM t")
    assert found == row
    assert [type(value) for value in found] == [type(value) for value in row]
    assert found[5].utcoffset() == moment.utcoffset()


def test_money_adds_up_and_large_inserts_arrive_whole(analytics: Analytics) -> None:
    analytics.command("CREATE TABLE t (n UInt32, amount Decimal(10, 2)) ENGINE = MergeTree() ORDER BY n")
    analytics.insert("t", ("n", "amount"), [(n, Decimal("0.10")) for n in range(200_000)])
    assert analytics.query("SELECT count(), sum(amount) FROM t") == [(200_000, Decimal("20000.00"))]


def test_hostile_text_is_data(analytics: Analytics) -> None:
    analytics.command("CREATE TABLE t (n UInt32, text String) ENGINE = MergeTree() ORDER BY n")
    analytics.insert("t", ("n", "text"), list(enumerate(STORABLE)))
    assert analytics.query("SELECT text FROM t ORDER BY n") == [(text,) for text in STORABLE]


def test_a_refusal_says_why_and_leaves_the_connection_good(analytics: Analytics) -> None:
    with pytest.raises(QueryRefused) as refused:
        analytics.query("SELECT * FROM nothing_of_that_name")
    assert refused.value.code == UNKNOWN_TABLE
    with pytest.raises(QueryRefused):
        analytics.query("SELECT {n:UInt32}", {"n": 1})
    assert analytics.query("SELECT 1") == [(1,)]


def test_threads_share_one_client(analytics: Analytics) -> None:
    analytics.command("CREATE TABLE t (n UInt32) ENGINE = MergeTree() ORDER BY n")
    found: list[object] = []

    def work(first: int) -> None:
        analytics.insert("t", ("n",), [(n,) for n in range(first, first + 100)])
        found.extend(analytics.query(f"SELECT count() FROM t WHERE n >= {first} AND n < {first + 100}"))

    threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(100,)] * 8


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with closing(open_analytics(f"clickhouse://127.0.0.1:{free_port()}/x")) as analytics:
        assert not analytics.health().ok
        with pytest.raises(Unavailable) as away:
            analytics.query("SELECT 1")
    assert away.value.store == "clickhouse"
