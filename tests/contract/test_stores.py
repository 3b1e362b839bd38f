"""The stores against their real engines: what they promise when all is well, and what they say when it is not."""

from __future__ import annotations

import threading
import time

import bson
import msgspec
import psutil
import psycopg
import pymongo
import pytest
import sqlalchemy as sa

from data.errors import Conflict, Invalid, Unavailable
from data.local import ensure_up
from data.settings import Settings
from data.stores import LETTERS, NAMES, Stores, mongo, postgres, redis
from data.stores.autocommit import AutocommitPool
from tests.families import asked, family, stands_still

#: a port on which nobody listens
NOBODY = "127.0.0.1:1"


def only(home: Settings, *local: str) -> Settings:
    """Return ``home`` with every store but ``local`` given a URL where nobody answers, so that they are not started."""
    urls = {
        "postgresql": {"postgres_url": f"postgresql://{NOBODY}/shop"},
        "mongodb": {"mongodb_url": f"mongodb://{NOBODY}/shop"},
        "search": {"search_url": f"http://{NOBODY}"},
        "redis": {"redis_url": f"redis://{NOBODY}/0"},
        "clickhouse": {"clickhouse_url": f"clickhouse://{NOBODY}"},
    }
    given = {key: url for name in NAMES if name not in local for key, url in urls[name].items()}
    return msgspec.structs.replace(home, **given)


@pytest.mark.parametrize(
    ("store", "engine"),
    [("postgresql", "PostgreSQL"), ("mongodb", "MongoDB"), ("redis", "Redis"), ("clickhouse", "chdb")],
)
def test_health_names_engine_and_version(settings, store, engine) -> None:
    stores = Stores(settings)
    health = stores.health(store)
    assert (health.store, health.engine, health.ok, health.detail) == (store, engine, True, "")
    assert health.version.split(".")[0].isdigit()
    assert health.latency_ms > 0
    stores.close()


def test_every_store_has_a_letter() -> None:
    assert "".join(LETTERS[name] for name in NAMES) == "PMSRC"


@pytest.mark.parametrize("store", [name for name in NAMES if name != "search"])
def test_health_of_a_store_that_is_away_is_quick_and_says_why(home, store) -> None:
    stores = Stores(only(home))
    started = time.monotonic()
    health = stores.health(store)
    assert not health.ok
    assert health.detail
    assert time.monotonic() - started < 15
    stores.close()


@pytest.mark.parametrize("store", ["postgresql", "mongodb", "redis", "clickhouse"])
def test_health_of_a_stopped_engine_answers_in_time(home, store) -> None:
    """SIGSTOP: the socket takes the connection, and then nothing comes."""
    settings = only(home, store)
    engine = ensure_up(settings).engine(store)
    assert engine
    assert engine.pid
    processes = family(engine.pid)
    stores = Stores(settings)
    assert stores.health(store).ok
    try:
        asked(processes, psutil.Process.suspend)
        while not all(map(stands_still, processes)):  # a signal reaches busy threads one by one
            time.sleep(0.01)
        for _ in range(3):  # also while the first question still hangs
            started = time.monotonic()
            assert not stores.health(store).ok
            assert time.monotonic() - started < 15
    finally:
        asked(processes, psutil.Process.resume)
    stores.close()


def test_stores_can_be_used_again_after_close(settings) -> None:
    stores = Stores(settings)
    first = stores.redis
    stores.close()
    assert stores.redis is not first
    assert stores.redis.durable.ping()
    stores.close()


def test_many_threads_share_one_adapter(settings) -> None:
    stores = Stores(settings)
    found: list[postgres.Postgres] = []
    threads = [threading.Thread(target=lambda: found.append(stores.postgres)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in found}) == 1
    stores.close()


def write(stores: Stores, *statements: str) -> None:
    """Run ``statements`` in one writing transaction."""
    with stores.postgres.writing() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


class TestPostgres:
    """PostgreSQL."""

    def test_every_session_has_our_limits(self, stores) -> None:
        with stores.postgres.reading() as connection:
            shown = {
                name: connection.scalar(sa.text(f"SHOW {name}"))
                for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone")
            }
        assert shown == {
            "statement_timeout": "10s",
            "lock_timeout": "3s",
            "idle_in_transaction_session_timeout": "30s",
            "TimeZone": "UTC",
        }

    def test_the_url_wins_over_our_limits(self, settings) -> None:
        url = settings.postgres_url + "&options=-c%20statement_timeout%3D2s&application_name=import"
        pg = postgres.Postgres(url)
        with pg.reading() as connection:
            assert connection.scalar(sa.text("SHOW statement_timeout")) == "2s"
            assert connection.scalar(sa.text("SHOW lock_timeout")) == "3s"
            assert connection.scalar(sa.text("SHOW application_name")) == "import"
        pg.close()

    def test_reading_cannot_write(self, stores) -> None:
        with pytest.raises(sa.exc.InternalError, match="read-only"), stores.postgres.reading() as connection:
            connection.execute(sa.text("CREATE TABLE t (a int)"))

    def test_writing_commits_whole_or_not_at_all(self, stores) -> None:
        with stores.postgres.writing() as connection:
            connection.execute(sa.text("CREATE TABLE t (a int PRIMARY KEY, b varchar(3))"))
        with pytest.raises(Conflict):
            write(stores, "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)")
        with stores.postgres.reading() as connection:
            assert connection.scalar(sa.text("SELECT count(*) FROM t")) == 0

    @pytest.mark.parametrize(
        ("statement", "error", "again"),
        [
            ("INSERT INTO t VALUES (1), (1)", Conflict, False),
            ("INSERT INTO t VALUES (-1)", Conflict, False),
            ("INSERT INTO t VALUES (1, 'four')", Invalid, False),
            ("DO $$ BEGIN RAISE serialization_failure; END $$", Conflict, True),
            ("DO $$ BEGIN RAISE deadlock_detected; END $$", Conflict, True),
            ("SELECT pg_terminate_backend(pg_backend_pid())", Unavailable, True),
            ("SET LOCAL statement_timeout = 20; SELECT pg_sleep(5)", Unavailable, False),
            ("SELEC", sa.exc.ProgrammingError, False),
        ],
    )
    def test_driver_errors_are_translated(self, stores, statement, error, again) -> None:
        with stores.postgres.writing() as connection:
            connection.execute(sa.text("CREATE TABLE t (a int PRIMARY KEY CHECK (a > 0), b varchar(3))"))
        with pytest.raises(error) as caught:
            write(stores, *([statement] if statement.startswith("DO") else statement.split(";")))
        assert postgres.retryable(caught.value) is again

    def test_a_lock_that_is_held_is_worth_another_try(self, stores) -> None:
        with stores.postgres.writing() as holder:
            holder.execute(sa.text("SELECT pg_advisory_xact_lock(1)"))
            with pytest.raises(Conflict) as caught:
                write(stores, "SET LOCAL lock_timeout = 50", "SELECT pg_advisory_xact_lock(1)")
        assert postgres.sqlstate(caught.value) == "55P03"
        assert postgres.retryable(caught.value)

    def test_connections_closed_in_the_pool_are_not_handed_out(self, stores) -> None:
        """Every idle connection is cut by the server; the next readers notice nothing."""
        pg = stores.postgres
        held = [pg.reading() for _ in range(3)]
        pids = [connection.__enter__().scalar(sa.text("SELECT pg_backend_pid()")) for connection in held]
        for connection in held:
            connection.__exit__(None, None, None)
        with Stores(stores.settings).postgres.writing() as other:
            for pid in pids:
                other.execute(sa.text("SELECT pg_terminate_backend(:pid, 2000)"), {"pid": pid})
        for _ in range(3):
            with pg.reading() as connection:
                assert connection.scalar(sa.text("SELECT pg_backend_pid()")) not in pids

    def test_a_statement_of_its_own_gets_a_connection_that_works(self, stores) -> None:
        """Kept for the next one, unless it was cut while it lay there or is left with an open transaction."""
        pg = stores.postgres
        with pg.autocommit() as line:
            first = line.driver.info.backend_pid
        with pg.autocommit() as line:
            assert line.driver.info.backend_pid == first
        with pg.writing() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid, 2000)"), {"pid": first})
        with pg.autocommit() as line:
            second = line.driver.info.backend_pid
            line.driver.execute("BEGIN")
        with pg.autocommit() as line:
            assert line.driver.info.backend_pid not in (first, second)
            assert line.driver.execute("SELECT now() = statement_timestamp()").fetchone() == (True,)
        with pytest.raises(Invalid), pg.autocommit() as line:
            line.driver.execute("SELECT 1 / 0")

    def test_statements_of_their_own_wait_for_a_connection_and_say_when_there_is_none(self, stores) -> None:
        pool = AutocommitPool(stores.postgres._connect, kept=1, most=2, patience=0.05)
        held = [pool.take(), pool.take()]
        assert all(held)
        assert pool.take() is None
        for line in held:
            pool.give_back(line)
        assert [line.driver.closed for line in held] == [False, True]
        with pytest.raises(psycopg.OperationalError):
            (nowhere := AutocommitPool(lambda: psycopg.connect("host=/nowhere"), 1, 1, 0.05)).take()
        assert nowhere.taken == 0
        line = pool.take()
        pool.close()
        pool.give_back(line)
        assert line.driver.closed
        assert pool.taken == 0

    def test_a_silent_server_is_given_up(self, home) -> None:
        settings = only(home, "postgresql")
        engine = ensure_up(settings).engine("postgresql")
        assert engine
        processes = family(engine.pid)
        pg = Stores(settings).postgres
        with pg.reading() as connection:
            processes.append(psutil.Process(connection.scalar(sa.text("SELECT pg_backend_pid()"))))
        try:
            asked(processes, psutil.Process.suspend)
            started = time.monotonic()
            with pytest.raises(Unavailable, match="stopped answering"), pg.reading() as connection:
                connection.execute(sa.text("SELECT 1"))
            assert time.monotonic() - started < 10
        finally:
            asked(processes, psutil.Process.resume)
        with pg.reading() as connection:
            assert connection.scalar(sa.text("SELECT 1")) == 1
        pg.close()

    def test_a_slow_statement_is_not_taken_for_a_silent_server(self, stores) -> None:
        with stores.postgres.reading() as connection:
            connection.execute(sa.text("SELECT pg_sleep(6)"))

    def test_a_full_pool_says_so(self, settings, monkeypatch) -> None:
        pg = postgres.Postgres(settings.postgres_url)
        pg.engine.pool._timeout = 0.05  # type: ignore[attr-defined]
        held = [pg.reading() for _ in range(48)]
        for connection in held:
            connection.__enter__()
        with pytest.raises(Unavailable, match="all 48 connections are busy"), pg.reading():
            pass
        assert pg.health().ok
        for connection in held:
            connection.__exit__(None, None, None)
        pg.close()

    def test_a_wrong_url_does_not_show_its_password(self) -> None:
        with pytest.raises(Invalid) as caught:
            postgres.Postgres("postgresql://ada:Zq7secret@db/shop?nonsense=1")
        assert "secret" not in str(caught.value)


class TestMongo:
    """MongoDB."""

    def test_writes_are_majority_and_journalled_and_the_url_wins(self, stores, settings) -> None:
        concern = stores.mongo.db.write_concern.document
        assert (concern["w"], concern["j"]) == ("majority", True)
        assert stores.mongo.db.read_concern.level == "majority"
        lax = mongo.Mongo(settings.mongodb_url + "&w=1&serverSelectionTimeoutMS=50")
        assert lax.db.write_concern.document["w"] == 1
        assert lax.db.name == stores.mongo.db.name
        lax.close()

    def test_errors_are_translated(self, stores) -> None:
        things = stores.mongo.db["things"]
        things.create_index("sku", unique=True)
        things.insert_one({"sku": "A"})
        with pytest.raises(Conflict, match="sku 'A'"), mongo.translate_errors():
            things.insert_one({"sku": "A"})
        with pytest.raises(Invalid), mongo.translate_errors():
            things.insert_one({"sku": object()})
        with pytest.raises(Invalid, match="too large"), mongo.translate_errors():
            things.insert_one({"sku": "x" * (17 * 1024 * 1024)})
        with pytest.raises(Unavailable), mongo.translate_errors():
            things.find_one({"$where": "sleep(500) || true"}, max_time_ms=50)
        with pytest.raises(pymongo.errors.OperationFailure), mongo.translate_errors():
            stores.mongo.db.command("nonsense")

    def test_times_come_back_aware(self, stores) -> None:
        things = stores.mongo.db["things"]
        things.insert_one({"_id": bson.ObjectId(), "at": bson.datetime_ms.DatetimeMS(0).as_datetime()})
        found = things.find_one()
        assert found["at"].utcoffset().total_seconds() == 0

    def test_away_is_unavailable_within_two_seconds(self) -> None:
        away = mongo.Mongo(f"mongodb://{NOBODY}/shop")
        started = time.monotonic()
        with pytest.raises(Unavailable, match="no server answers"), mongo.translate_errors():
            away.products.find_one()
        assert time.monotonic() - started < 15
        away.close()


class TestRedis:
    """Redis."""

    def test_cache_is_the_next_database_unless_it_has_its_own_url(self, stores, settings) -> None:
        stores.redis.durable.set("k", "durable")
        assert stores.redis.cache.get("k") is None
        stores.redis.cache.set("k", "cached", ex=60)
        assert stores.redis.durable.get("k") == "durable"
        own = redis.Redis(settings.redis_url, settings.redis_url)
        assert own.cache.get("k") == "durable"
        own.close()

    def test_nothing_is_evicted_and_every_write_is_on_disk(self, stores) -> None:
        durable = stores.redis.durable
        assert durable.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
        assert durable.config_get("append*")["appendonly"] == "yes"
        assert durable.config_get("append*")["appendfsync"] == "always"

    def test_errors_are_translated(self, stores) -> None:
        with pytest.raises(Unavailable), redis.translate_errors():
            redis.Redis(f"redis://{NOBODY}/0").durable.ping()
        durable = stores.redis.durable
        pipe = durable.pipeline()
        pipe.watch("k")
        durable.set("k", "changed meanwhile")
        pipe.multi()
        pipe.set("k", "mine")
        with pytest.raises(Conflict), redis.translate_errors():
            pipe.execute()

    def test_a_slow_answer_is_unavailable(self, stores) -> None:
        with pytest.raises(Unavailable, match=r"(?i)timeout"), redis.translate_errors():
            stores.redis.durable.blpop(["nothing"], timeout=3)


def test_stores_recover_when_their_engines_are_back(home, until) -> None:
    """Killed and started again: the first use after it works, through the pools of before."""
    settings = only(home, "postgresql", "mongodb", "redis", "clickhouse")
    stores = Stores(settings)

    def use() -> tuple[object, ...]:
        with stores.postgres.reading() as connection:
            answer = connection.scalar(sa.text("SELECT 1"))
        with mongo.translate_errors():
            stores.mongo.db["things"].find_one()
        return answer, stores.redis.durable.ping(), stores.analytics.query("SELECT 1")

    status = ensure_up(settings)
    before = use()
    for engine in status.engines:
        if engine.pid:
            psutil.Process(engine.pid).kill()
    until(lambda: not any(engine.pid and psutil.pid_exists(engine.pid) for engine in status.engines))
    assert ensure_up(settings).ok
    assert use() == before
    stores.close()
