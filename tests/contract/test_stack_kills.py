"""What the local engines survive: kill -9 of each and of the host, at their very first start too; broken folders."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import msgspec
import psutil
import psycopg
import pytest
import sqlalchemy as sa

from data.local import bring_down, ensure_up, stack_status
from data.local.paths import Layout
from data.local.processes import remember
from data.settings import Settings
from data.stores import NAMES, Stores
from data.structs import decode
from tests.families import asked, family, lives

PROCESSES = ("postgresql", "mongodb", "redis", "clickhouse")


class Notes:
    """One acknowledged fact in each store, to be found again."""

    def __init__(self, settings: Settings) -> None:
        self._stores = Stores(settings)

    def write(self, number: int) -> None:
        with self._stores.postgres.writing() as connection:
            connection.execute(sa.text("CREATE TABLE IF NOT EXISTS notes (n int PRIMARY KEY)"))
            connection.execute(sa.text("INSERT INTO notes VALUES (:n)"), {"n": number})
        self._stores.mongo.db["notes"].insert_one({"n": number})
        self._stores.redis.durable.sadd("notes", number)
        analytics = self._stores.analytics
        analytics.command("CREATE TABLE IF NOT EXISTS notes (n UInt32) ENGINE = MergeTree ORDER BY n")
        analytics.insert("notes", ["n"], [[number]])

    def read(self) -> dict[str, set[int]]:
        with self._stores.postgres.reading() as connection:
            books = set(connection.scalars(sa.text("SELECT n FROM notes")))
        return {
            "postgresql": books,
            "mongodb": {note["n"] for note in self._stores.mongo.db["notes"].find()},
            "redis": {int(number) for number in self._stores.redis.durable.smembers("notes")},
            "clickhouse": {row[0] for row in self._stores.analytics.query("SELECT n FROM notes")},
        }

    def close(self) -> None:
        self._stores.close()


def everywhere(*numbers: int) -> dict[str, set[int]]:
    """What ``Notes.read`` returns when every store holds ``numbers``."""
    return {store: set(numbers) for store in PROCESSES}


@pytest.fixture
def notes(home):
    opened = Notes(home)
    yield opened
    opened.close()


def gone(processes: list[psutil.Process]) -> bool:
    return not any(map(lives, processes))


def names(process: psutil.Process) -> tuple[int, str]:
    """Its number and how it calls itself (nothing: a zombie)."""
    return process.pid, next(iter(process.cmdline()), "")


def test_kill_each_engine_then_up(home, notes) -> None:
    ensure_up(home)
    for number, store in enumerate(PROCESSES, start=1):
        notes.write(number)
        engine = stack_status(home).engine(store)
        assert engine
        killed = psutil.Process(engine.pid)  # before the kill: its host may have reaped it a moment later
        killed.kill()
        killed.wait()

        status = stack_status(home)
        down = {one.name: one.detail for one in status.engines if one.state == "down"}
        assert down == {store: "was ended by SIGKILL"}, "it names the one, with its reason"
        assert not status.ok
        assert ensure_up(home, revive=False) == status, "doctor sees it as it is"

        assert ensure_up(home).ok
        assert notes.read() == everywhere(*range(1, number + 1))


def test_kill_the_host_and_its_engines_go_with_it(home, notes, until) -> None:
    up = ensure_up(home)
    notes.write(1)
    everybody = family(up.host_pid)
    assert len(everybody) > 8
    os.kill(up.host_pid, signal.SIGKILL)
    until(lambda: gone(everybody), 5)
    assert {engine.state for engine in stack_status(home).engines} == {"stopped"}

    again = ensure_up(home)
    assert again.ok
    assert again.host_pid != up.host_pid
    assert notes.read() == everywhere(1)


def test_kill_everything_at_once_with_work_going_on(home, notes, until) -> None:
    """Also a backend in a loop, which never looks whether its postmaster lives and keeps the shared memory busy."""
    up = ensure_up(home)
    notes.write(1)
    url = next(engine.url for engine in up.engines if engine.name == "postgresql")
    with contextlib.closing(psycopg.connect(url, autocommit=True)) as connection:
        busy = psutil.Process(connection.info.backend_pid)
        connection.pgconn.send_query(b"DO 'BEGIN LOOP END LOOP; END'")
        backends = {pid for pid, name in asked(family(up.host_pid), names) if name.startswith("postgres: ")}
        assert busy.pid in backends
        others = [process for process in family(up.host_pid) if process.pid not in backends]
        asked(others[::-1], psutil.Process.kill)  # the host last: its death would have the postmaster end them
        until(lambda: stack_status(home).host_pid is None)
        assert busy.is_running()
        assert ensure_up(home).ok
    assert gone([busy])
    assert notes.read() == everywhere(1)


def test_a_child_that_outlived_its_host_is_ended(home) -> None:
    """A process on the record whose host is gone; a stranger that got a number on the record is left alone."""
    layout = Layout(home.home)
    layout.make()
    sleepers = [subprocess.Popen(["sleep", "600"]) for _ in range(2)]
    child, stranger = sleepers
    remember(layout.run / "redis.pid", child.pid)
    remember(layout.run / "mongodb.pid", stranger.pid)
    record = decode((layout.run / "mongodb.pid").read_bytes())
    (layout.run / "mongodb.pid").write_bytes(msgspec.json.encode(record | {"tick": record["tick"] - 1}))
    try:
        layout.lock.touch()
        bring_down(home)
        assert child.poll() is not None
        assert stranger.poll() is None
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()


@pytest.mark.parametrize("seed", range(4))
def test_killed_in_the_middle_of_the_first_start(home, seed, until) -> None:
    """Wherever the first start is cut off, the next one comes up, whole, and leaves no half-made folder."""
    delay = random.Random(seed).uniform(0.05, 1.2)
    code = "from data.local import ensure_up; from data.settings import load_settings; ensure_up(load_settings())"
    first = subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | home.to_environ(), stderr=subprocess.DEVNULL
    )
    host = until(lambda: stack_status(home).host_pid)
    everybody = family(host)
    until_then = time.monotonic() + delay
    until(lambda: time.monotonic() > until_then)
    os.kill(host, signal.SIGKILL)
    first.wait()
    until(lambda: gone(everybody))

    up = ensure_up(home)
    assert {
        engine.name: (engine.state, engine.detail) for engine in up.engines if engine.name != "search"
    } == dict.fromkeys(PROCESSES, ("up", ""))
    assert sorted(path.name for path in home.home.iterdir() if "." in path.name) == ["host.lock"]


def damage_postgresql(layout: Layout) -> str:
    (layout.data("postgresql") / "global" / "pg_control").unlink()
    return "is not a whole PostgreSQL folder (global/pg_control missing)"


def damage_mongodb(layout: Layout) -> str:
    (layout.data("mongodb") / "WiredTiger.wt").write_bytes(b"nonsense" * 1000)
    return "WiredTiger.wt"


def damage_redis(layout: Layout) -> str:
    log = layout.data("redis") / "appendonly.aof"
    log.write_bytes(b"*3\r\n$3\r\nnonsense" + log.read_bytes())
    return "append only file"


@pytest.mark.parametrize("damage", [damage_postgresql, damage_mongodb, damage_redis])
def test_a_broken_folder_is_named_and_the_others_come_up(home, notes, damage) -> None:
    ensure_up(home)
    notes.write(1)
    bring_down(home)
    why = damage(Layout(home.home))
    store = damage.__name__.removeprefix("damage_")

    up = ensure_up(home)
    assert {engine.name: engine.state for engine in up.engines} == dict.fromkeys(NAMES, "up") | {store: "down"}
    engine = up.engine(store)
    assert engine
    assert why in engine.detail

    shutil.rmtree(Layout(home.home).data(store))  # what the message says to do, in its crudest form
    assert ensure_up(home).ok


def test_a_torn_tail_of_the_append_only_file_is_cut_off(home, notes) -> None:
    """As a power cut leaves it: the last command half written."""
    ensure_up(home)
    notes.write(1)
    bring_down(home)
    with (Layout(home.home).data("redis") / "appendonly.aof").open("ab") as log:
        log.write(b"*3\r\n$4\r\nSADD\r\n$5\r\nno")
    assert ensure_up(home).ok
    assert notes.read()["redis"] == {1}


def test_stale_files_of_a_killed_machine_do_not_matter(home, notes) -> None:
    """Locks and sockets that name living processes which are not ours, as after a container's restart."""
    ensure_up(home)
    notes.write(1)
    layout = Layout(home.home)
    everybody = family(stack_status(home).host_pid)
    asked(everybody, psutil.Process.kill)  # a child may follow its killed parent before its own turn comes
    psutil.wait_procs(everybody, timeout=5)
    me = str(os.getpid())
    pid_file = layout.data("postgresql") / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([me, *lines[1:]]) + "\n")
    lock = layout.socket("postgresql") / ".s.PGSQL.5432.lock"
    lock.write_text("\n".join([me, *lock.read_text().splitlines()[1:]]) + "\n")
    (layout.data("mongodb") / "mongod.lock").write_text(f"{me}\n")
    assert ensure_up(home).ok
    assert notes.read() == everywhere(1)


def test_data_moves_with_its_folder(home, notes, tmp_path) -> None:
    """The replica set's member is named by its socket's path, so MongoDB has to be told of the new one."""
    ensure_up(home)
    notes.write(1)
    bring_down(home)
    moved = Settings(home=tmp_path / "moved", relay=False)
    home.home.rename(moved.home)
    try:
        assert ensure_up(moved).ok
        found = Notes(moved)
        assert found.read() == everywhere(1)
        found.close()
    finally:
        bring_down(moved)
