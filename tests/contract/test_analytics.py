"""The analytics contract: the same cases on every engine there is.

The local engine always; a real ClickHouse server where ``SHOP_TESTS_CLICKHOUSE_URL`` names one (``clickhouse://…``).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from data.errors import Invalid, Unavailable
from data.settings import Settings
from data.stores.clickhouse import Analytics, QueryRefused
from data.stores.clickhouse_urls import open_analytics

SERVER = os.environ.get("SHOP_TESTS_CLICKHOUSE_URL", "")
ENGINES = ["chdb", *(["clickhouse"] if SERVER else [])]

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
HOSTILE = [
    "",
    "it's",
    "\\",
    "\\'; DROP TABLE t; --",
    "a\tb\nc\r",
    "{x:String}",
    "é\u2028\u202e\x1b]52;c;x\x07",
    "'); --",
    "NULL",
]


@pytest.fixture(params=ENGINES)
def analytics(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Analytics]:
    if request.param == "chdb":
        opened = open_analytics(settings.clickhouse_url)
        yield opened
    else:
        name = f"contract_{uuid4().hex}"
        opened = open_analytics(f"{SERVER.rstrip('/')}/{name}")
        yield opened
        opened.command(f"DROP DATABASE {name}")
    opened.close()


def test_every_type_comes_back_as_it_went_in(analytics: Analytics) -> None:
    analytics.command(
        "CREATE TABLE t (n UInt64, amount Decimal(10, 2), text String, maybe Nullable(String), id UUID,"
        " at DateTime64(6, 'UTC'), second DateTime('UTC'), day Date, list Array(String), low LowCardinality(String),"
        " real Float64) ENGINE = MergeTree ORDER BY n"
    )
    columns = ("n", "amount", "text", "maybe", "id", "at", "second", "day", "list", "low", "real")
    row = (2**64 - 1, Decimal("99999999.90"), HOSTILE[3], None, uuid4(), NOW, NOW.replace(microsecond=0))
    row = (*row, date(2026, 3, 1), ["x'", "y\\", ""], "b", 0.1)
    analytics.insert("t", columns, [row])
    found = analytics.query("SELECT * FROM t")
    assert found == [row]
    assert [type(value) for value in found[0]] == [type(value) for value in row]
    assert found[0][5].tzinfo is not None
    assert str(found[0][1]) == "99999999.90"


def test_sums_of_money_are_exact(analytics: Analytics) -> None:
    analytics.command("CREATE TABLE t (n UInt32, amount Decimal(10, 2)) ENGINE = MergeTree ORDER BY n")
    analytics.insert("t", ("n", "amount"), [(n, Decimal("0.10")) for n in range(30_000)])
    assert analytics.query("SELECT sum(amount), count() FROM t") == [(Decimal("3000.00"), 30_000)]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_parameter_is_a_value_whatever_it_says(analytics: Analytics, text: str) -> None:
    sql = "SELECT {x:String}, {list:Array(String)}, length({x:String})"
    assert analytics.query(sql, {"x": text, "list": [text, "b"]}) == [(text, [text, "b"], len(text.encode()))]


def test_parameters_of_every_type(analytics: Analytics) -> None:
    some_id = UUID("61f0c404-5cb3-11e7-907b-a6006ad3dba0")
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    found = analytics.query(
        "SELECT {n:Int64}, {m:Decimal(10, 2)}, {at:DateTime64(6, 'UTC')}, {day:Date}, {id:UUID}, {f:Float64},"
        " {ids:Array(UUID)}, {numbers:Array(UInt32)}",
        {
            "n": -5, "m": Decimal("1.25"), "at": elsewhere, "day": date(2026, 1, 2), "id": some_id, "f": 0.5,
            "ids": [some_id], "numbers": [1, 2],
        },
    )  # fmt: skip
    assert found == [(-5, Decimal("1.25"), NOW, date(2026, 1, 2), some_id, 0.5, [some_id], [1, 2])]


@pytest.mark.parametrize("value", [None, datetime(2026, 1, 1), object()])  # noqa: DTZ001 - a naive time is the case
def test_a_value_that_would_have_to_be_guessed_is_no_parameter(analytics: Analytics, value: object) -> None:
    with pytest.raises(TypeError):
        analytics.query("SELECT {x:String}", {"x": value})


def test_a_block_sent_twice_with_its_token_is_there_once(analytics: Analytics) -> None:
    analytics.command(
        "CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100"
    )
    for _ in range(3):
        analytics.insert("t", ("n",), [(1,), (2,)], token="the same 'block'")
    analytics.insert("t", ("n",), [(1,), (2,)], token="another")
    analytics.insert("t", ("n",), [])
    assert analytics.query("SELECT count() FROM t") == [(4,)]


def test_what_can_never_work_is_no_outage(analytics: Analytics) -> None:
    with pytest.raises(QueryRefused) as refused:
        analytics.query("SELECT nothing FROM nowhere")
    assert refused.value.code == 60
    with pytest.raises(ValueError, match="identifier"):
        analytics.insert("t; DROP", ("n",), [(1,)])
    assert analytics.query("SELECT 1") == [(1,)]


def test_many_threads_share_one_client(analytics: Analytics) -> None:
    found: list[int] = []

    def ask(number: int) -> None:
        for _ in range(20):
            found.extend(row[0] for row in analytics.query("SELECT {n:UInt32} + sleep(0.001)", {"n": number}))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(number for number in range(8) for _ in range(20))


def test_health_names_engine_and_version(analytics: Analytics) -> None:
    health = analytics.health()
    assert health.ok
    assert health.store == "clickhouse"
    assert int(health.version.split(".")[0]) >= 20


def test_databases_do_not_see_each_other(settings: Settings) -> None:
    one = open_analytics(settings.clickhouse_url)
    other = open_analytics(settings.clickhouse_url + "_b")
    one.command("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")
    with pytest.raises(QueryRefused):
        other.query("SELECT * FROM t")
    other.command(f"DROP DATABASE {settings.clickhouse_url.rpartition('=')[2]}_b")


@pytest.mark.parametrize("url", ["http://localhost:8123", "sqlite:///x", "nonsense"])
def test_a_scheme_nobody_serves_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        open_analytics(url)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    for url in ("chdb:///nowhere/at/all.sock", "clickhouse://127.0.0.1:1/shop"):
        nobody = open_analytics(url)
        with pytest.raises(Unavailable):
            nobody.query("SELECT 1")
        assert not nobody.health().ok


class Process:
    """The server, as the host starts it."""

    def __init__(self, folder: Path) -> None:
        self.socket, self.folder = folder / "chdb.sock", folder / "data"
        self.client = open_analytics(f"chdb://{self.socket}")
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "data.analytics.server", str(self.socket), str(self.folder)]
        self.process = subprocess.Popen(command)
        deadline = time.monotonic() + 30
        while not self.client.health().ok:
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    started = Process(tmp_path)
    yield started
    started.process.kill()
    started.process.wait()


def test_what_was_acknowledged_survives_kill_9(server: Process) -> None:
    server.client.command("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")
    for n in range(20):
        server.client.insert("t", ("n",), [(n,)])
    server.process.kill()
    server.process.wait()
    with pytest.raises(Unavailable):
        server.client.query("SELECT 1")
    server.start()
    assert server.client.query("SELECT count() FROM t") == [(20,)]


def test_sigterm_ends_the_server_cleanly(server: Process) -> None:
    server.client.query("SELECT 1")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(15) == 0
    assert not server.socket.exists()


def test_two_servers_never_open_one_folder(server: Process) -> None:
    command = [sys.executable, "-m", "data.analytics.server", str(server.socket), str(server.folder)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert second.returncode == 1
    assert "another server" in second.stderr
    assert server.client.query("SELECT 1") == [(1,)]


def test_only_its_user_may_connect(server: Process) -> None:
    assert server.socket.stat().st_mode & 0o777 == 0o600


def test_a_client_that_speaks_nonsense_harms_nobody(server: Process) -> None:
    import socket

    for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64, b"\x00\x00\x00\x05abc"):
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(str(server.socket))
            rude.sendall(noise)
    assert server.client.query("SELECT 1") == [(1,)]
