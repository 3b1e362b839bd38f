"""The one door against a real PostgreSQL: one effect per key, all or nothing, retries, what is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from data.access.rules import Actor
from data.door import Command, Door, OneStatement, UnitOfWork, handles
from data.errors import Conflict, Denied, Invalid, NotFound
from data.ids import new_id

if TYPE_CHECKING:
    from data.settings import Settings
    from data.stores import Stores


@dataclass(frozen=True)
class Counted:
    """Survives JSON only if the stored result is decoded by type."""

    tally: str
    value: int
    amount: Decimal
    at: datetime
    by: UUID


class Count(Command, frozen=True, kw_only=True):
    name: ClassVar[str] = "test.count"
    permission: ClassVar[str] = "stock.adjust"
    result: ClassVar[type] = Counted

    tally: str = "tally"
    amount: Decimal = Decimal("1.50")
    fail: bool = False


class CountQuietly(Command, frozen=True, kw_only=True):
    name: ClassVar[str] = "test.count_quietly"
    permission: ClassVar[str] = "stock.adjust"
    result: ClassVar[type] = int

    tally: str = "quiet"


class Trip(Command, frozen=True, kw_only=True):
    """Locks two rows in the order given and meets the other party in between: a deadlock by appointment."""

    name: ClassVar[str] = "test.trip"
    permission: ClassVar[str] = "stock.adjust"
    result: ClassVar[type] = int

    first: str
    second: str


class Stumble(Command, frozen=True, kw_only=True):
    name: ClassVar[str] = "test.stumble"
    permission: ClassVar[str] = "stock.adjust"
    result: ClassVar[type] = int

    how: str
    times: int


class CountAtOnce(Command, frozen=True, kw_only=True):
    name: ClassVar[str] = "test.count_at_once"
    permission: ClassVar[str] = "stock.adjust"
    result: ClassVar[type] = int

    tally: str = "at once"
    refuse: bool = False


_meeting: dict[str, threading.Barrier] = {}
_tries: list[str] = []

_BUMP = text(
    "INSERT INTO relay_state (name, value) VALUES (:tally, '1') ON CONFLICT (name)"
    " DO UPDATE SET value = to_jsonb((relay_state.value)::int + 1) RETURNING (value)::int"
)


@handles(Count)
def count(command: Count, uow: UnitOfWork) -> Counted:
    value = uow.connection.execute(_BUMP, {"tally": command.tally}).scalar_one()
    uow.emit("orders", command.tally, "counted", {"value": value, "amount": command.amount})
    uow.record("tally", command.tally, {"value": value - 1}, {"value": value, "amount": command.amount})
    if command.fail:
        raise NotFound("patience", command.tally)
    return Counted(command.tally, value, command.amount, uow.now, uow.actor.user_id)


@handles(CountQuietly)
def count_quietly(command: CountQuietly, uow: UnitOfWork) -> int:
    return uow.connection.execute(_BUMP, {"tally": command.tally}).scalar_one()


@handles(Trip)
def trip(command: Trip, uow: UnitOfWork) -> int:
    _tries.append(command.first)
    uow.connection.execute(_BUMP, {"tally": command.first})
    if len(_tries) <= 2:
        _meeting["both"].wait(timeout=20)
    return uow.connection.execute(_BUMP, {"tally": command.second}).scalar_one()


@handles(Stumble)
def stumble(command: Stumble, uow: UnitOfWork) -> int:
    _tries.append(command.how)
    value = uow.connection.execute(_BUMP, {"tally": command.how}).scalar_one()
    if len(_tries) <= command.times:
        if command.how == "die":
            uow.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        uow.connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{command.how}'; END $$"))
    return value


@handles(CountAtOnce, one_statement=True)
def count_at_once(command: CountAtOnce, unit: OneStatement) -> int:
    claim = unit.claim
    with unit.stores.postgres.autocommit() as line:
        row = line.driver.execute(
            "WITH claimed AS (INSERT INTO idempotency_keys (actor_id, key, command, content_hash, result)"
            " SELECT %(actor)s, %(key)s, %(command)s, %(hash)s, '1' WHERE NOT %(refuse)s"
            " ON CONFLICT DO NOTHING RETURNING 1)"
            " INSERT INTO relay_state (name, value) SELECT %(tally)s, '1' FROM claimed RETURNING (value)::int",
            {
                "actor": claim.actor_id,
                "key": claim.key,
                "command": claim.command,
                "hash": claim.content_hash,
                "refuse": command.refuse,
                "tally": command.tally,
            },
        ).fetchone()
    if row is None:
        stored = unit.stored_result()
        if stored is None:
            raise Invalid({"refuse": "was asked for"})
        return int(stored)
    return int(row[0])


@pytest.fixture
def door(stores: Stores) -> Door:
    _tries.clear()
    return Door(stores)


@pytest.fixture
def actor() -> Actor:
    return Actor(new_id(), "wanda@example.com", "Wanda", frozenset({"warehouse"}))


def rows(stores: Stores, table: str) -> int:
    with stores.postgres.reading() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def tally(stores: Stores, name: str = "tally") -> int:
    with stores.postgres.reading() as connection:
        return connection.execute(
            text("SELECT coalesce(max(value::int), 0) FROM relay_state WHERE name = :name"), {"name": name}
        ).scalar_one()


def together(work: Any, times: int) -> list[Any]:
    """Run ``work`` in as many threads at once, and return what each returned or raised."""
    barrier = threading.Barrier(times)

    def one(_: int) -> Any:
        barrier.wait()
        try:
            return work()
        except Exception as error:  # noqa: BLE001  (the caller looks at it)
            return error

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_a_write_leaves_its_key_its_audit_row_and_its_event(stores: Stores, door: Door, actor: Actor) -> None:
    done = door.run(Count(), actor, key="form-1")
    assert (done.replayed, done.key, done.result.value) == (False, "form-1", 1)
    with stores.postgres.reading() as connection:
        key = connection.execute(text("SELECT * FROM idempotency_keys")).one()
        audit = connection.execute(text("SELECT * FROM audit_log")).one()
        event = connection.execute(text("SELECT * FROM outbox")).one()
    assert (key.actor_id, key.key, key.command, len(key.content_hash)) == (actor.user_id, "form-1", "test.count", 32)
    assert key.result["amount"] == "1.50"
    assert (audit.actor_id, audit.actor_email, audit.command) == (actor.user_id, actor.email, "test.count")
    assert (audit.target_type, audit.target_id, audit.idempotency_key) == ("tally", "tally", "form-1")
    assert (audit.before, audit.after) == ({"value": 0}, {"value": 1, "amount": "1.50"})
    assert audit.host
    assert (event.topic, event.key, event.kind) == ("orders", "tally", "counted")
    assert event.payload == {"value": 1, "amount": "1.50"}
    assert event.attempts == 0


def test_no_write_goes_unaudited(stores: Stores, door: Door, actor: Actor) -> None:
    door.run(CountQuietly(), actor)
    with stores.postgres.reading() as connection:
        audit = connection.execute(text("SELECT command, target_type, before, after FROM audit_log")).one()
    assert tuple(audit) == ("test.count_quietly", "test", None, None)


def test_the_same_key_is_the_same_write(stores: Stores, door: Door, actor: Actor) -> None:
    first = door.run(Count(), actor, key="k")
    again = door.run(Count(amount=Decimal("1.5")), actor, key="k")
    assert again.replayed
    assert again.result == first.result
    assert isinstance(again.result.amount, Decimal)
    assert again.result.at.tzinfo is not None
    assert tally(stores) == 1
    assert rows(stores, "audit_log") == rows(stores, "outbox") == 1


def test_a_key_belongs_to_its_content_its_command_and_its_actor(stores: Stores, door: Door, actor: Actor) -> None:
    door.run(Count(), actor, key="k")
    with pytest.raises(Conflict, match="other content"):
        door.run(Count(amount=Decimal("2")), actor, key="k")
    with pytest.raises(Conflict, match=r"test\.count "):
        door.run(CountQuietly(), actor, key="k")
    other = Actor(new_id(), "otto@example.com", "Otto", actor.roles)
    assert not door.run(Count(), other, key="k").replayed
    assert tally(stores) == 2


def test_without_a_key_every_call_is_a_write_of_its_own(stores: Stores, door: Door, actor: Actor) -> None:
    keys = {door.run(Count(), actor).key for _ in range(3)}
    assert len(keys) == 3
    assert all(UUID(key).version == 7 for key in keys)
    assert tally(stores) == 3


@pytest.mark.parametrize("key", ["", "  ", "x" * 201, "a\0b", "line\nline"])
def test_a_key_that_no_form_makes_is_refused(door: Door, actor: Actor, key: str) -> None:
    with pytest.raises(Invalid) as refused:
        door.run(Count(), actor, key=key)
    assert "key" in refused.value.fields


def test_sixteen_first_calls_at_once_are_one_write(stores: Stores, door: Door, actor: Actor) -> None:
    done = together(lambda: door.run(Count(), actor, key="double click"), 16)
    assert [type(one).__name__ for one in done] == ["Done"] * 16
    assert sum(not one.replayed for one in done) == 1
    assert {one.result for one in done} == {done[0].result}
    assert tally(stores) == 1
    assert rows(stores, "audit_log") == rows(stores, "outbox") == rows(stores, "idempotency_keys") == 1


def test_who_may_not_leaves_nothing(stores: Stores, door: Door) -> None:
    analyst = Actor(new_id(), "ana@example.com", "Ana", frozenset({"analyst", "no such role"}))
    with pytest.raises(Denied) as denied:
        door.run(Count(), analyst, key="k")
    assert denied.value.permission == "stock.adjust"
    assert rows(stores, "idempotency_keys") == rows(stores, "audit_log") == 0


def test_a_refusal_takes_everything_back_and_the_key_is_free_again(stores: Stores, door: Door, actor: Actor) -> None:
    with pytest.raises(NotFound):
        door.run(Count(fail=True), actor, key="k")
    assert tally(stores) == 0
    assert rows(stores, "idempotency_keys") == rows(stores, "audit_log") == rows(stores, "outbox") == 0
    assert not door.run(Count(), actor, key="k").replayed


def test_refusals_in_parallel_do_not_hide_the_one_that_can(stores: Stores, door: Door, actor: Actor) -> None:
    """A call that waits for a failing one with its key does the work itself."""
    done = together(lambda: door.run(Count(fail=True), actor, key="k"), 4)
    assert {type(one) for one in done} == {NotFound}
    assert rows(stores, "idempotency_keys") == 0


def test_a_deadlock_is_tried_again_and_both_go_through(stores: Stores, door: Door, actor: Actor) -> None:
    for name in ("left", "right"):
        door.run(Count(tally=name), actor)
    _meeting["both"] = threading.Barrier(2)
    trips = [Trip(first="left", second="right"), Trip(first="right", second="left")]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda command: door.run(command, actor), trips))
    assert not any(one.replayed for one in done)
    assert len(_tries) > 2, "PostgreSQL saw no deadlock, so this proved nothing"
    assert tally(stores, "left") == tally(stores, "right") == 3


def test_a_connection_that_dies_in_the_middle_is_not_a_second_write(stores: Stores, door: Door, actor: Actor) -> None:
    done = door.run(Stumble(how="die", times=2), actor, key="k")
    assert (done.result, done.replayed, len(_tries)) == (1, False, 3)
    assert tally(stores, "die") == 1


def test_tries_have_an_end(stores: Stores, door: Door, actor: Actor) -> None:
    with pytest.raises(Conflict):
        door.run(Stumble(how="40001", times=1_000), actor)
    assert len(_tries) == 8
    assert tally(stores, "40001") == 0


def test_what_will_not_change_is_not_tried_again(door: Door, actor: Actor) -> None:
    with pytest.raises(Conflict):
        door.run(Stumble(how="23505", times=1_000), actor)
    assert len(_tries) == 1


def test_a_process_killed_inside_a_command_leaves_nothing(
    settings: Settings, stores: Stores, door: Door, actor: Actor
) -> None:
    code = (
        "import os, sys, msgspec, importlib.util\n"
        "spec = importlib.util.spec_from_file_location('test_door', sys.argv[1])\n"
        "module = importlib.util.module_from_spec(spec); sys.modules['test_door'] = module\n"
        "spec.loader.exec_module(module)\n"
        "from data.settings import Settings; from data.stores import Stores\n"
        "module.UnitOfWork.record = lambda *a: os._exit(9)\n"
        "made = lambda kind, value: kind(value)\n"
        "settings = msgspec.json.decode(os.environ['SETTINGS'], type=Settings, dec_hook=made)\n"
        "actor = module.Actor(module.UUID(sys.argv[2]), 'w@example.com', 'W', frozenset({'warehouse'}))\n"
        "module.Door(Stores(settings)).run(module.Count(), actor, key='k')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, __file__, str(actor.user_id)],
        env={**os.environ, "SETTINGS": msgspec.json.encode(settings, enc_hook=str).decode()},
        cwd=os.getcwd(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 9, ended.stderr
    assert not door.run(Count(), actor, key="k").replayed
    assert tally(stores) == 1


def test_one_statement_claims_its_key_itself(stores: Stores, door: Door, actor: Actor) -> None:
    done = together(lambda: door.run(CountAtOnce(), actor, key="k"), 8)
    assert [one.result for one in done] == [1] * 8
    assert sum(not one.replayed for one in done) == 1
    with pytest.raises(Conflict, match="other content"):
        door.run(CountAtOnce(tally="another"), actor, key="k")
    with pytest.raises(Invalid):
        door.run(CountAtOnce(refuse=True), actor, key="k2")
    assert rows(stores, "idempotency_keys") == 1


def test_the_clock_is_the_doors(door: Door, actor: Actor) -> None:
    before = datetime.now(UTC)
    assert before <= door.run(Count(), actor).result.at <= datetime.now(UTC)


def test_content_is_looked_at_before_anything_is_opened(stores: Stores, door: Door, actor: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        door.run(Count(tally="a\0b"), actor, key="k")
    assert list(refused.value.fields) == ["tally"]
    with pytest.raises(Invalid):
        door.run(Count(amount="many"), actor, key="k")  # type: ignore[arg-type]
    assert rows(stores, "idempotency_keys") == 0


def test_hostile_text_comes_back_as_it_went_in(stores: Stores, door: Door, actor: Actor) -> None:
    hostile = "\x1b]52;c;aGk=\x07 \x1b[2J \u202e[@click=app.quit]hi[/] {0} %s '; DROP TABLE users; -- \x9b \U0001f4a9"
    done = door.run(Count(tally=hostile), actor, key="k")
    assert door.run(Count(tally=hostile), actor, key="k").result == done.result
    assert done.result.tally == hostile
    with stores.postgres.reading() as connection:
        assert connection.execute(text("SELECT key FROM outbox")).scalar_one() == hostile
        assert connection.execute(text("SELECT target_id FROM audit_log")).scalar_one() == hostile


def test_registering_is_checked() -> None:
    with pytest.raises(ValueError, match="has a handler already"):
        handles(Count)

    class Nobody(Command, frozen=True, kw_only=True):
        name: ClassVar[str] = "test.nobody"
        permission: ClassVar[str] = "nobody.may"
        result: ClassVar[type] = int

    with pytest.raises(ValueError, match=r"nobody\.may"):
        handles(Nobody)
