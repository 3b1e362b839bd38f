"""Staff in the database: the first administrator, roles, and that nobody locks everybody out."""

from __future__ import annotations

import getpass
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec
import pytest
from sqlalchemy import text

from data.access.commands import SaveStaff, ensure_local_actor
from data.access.reads import actor_by_email
from data.access.rules import Actor
from data.customers.messages import SaveCustomer
from data.door import Door
from data.errors import Conflict, Denied, Invalid, NotFound

if TYPE_CHECKING:
    from data.settings import Settings
    from data.stores import Stores

ME = f"{getpass.getuser()}@localhost"


@pytest.fixture
def me(stores: Stores, settings: Settings) -> Actor:
    return ensure_local_actor(stores.postgres, settings)


@pytest.fixture
def door(stores: Stores) -> Door:
    return Door(stores)


def test_the_first_to_start_is_the_administrator_once(stores: Stores, settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: ensure_local_actor(stores.postgres, settings), range(8)))
    assert len(found) == 1
    me = found.pop()
    assert (me.email, me.roles) == (ME, {"admin"})
    assert me.may("access.manage")
    with stores.postgres.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM users")).scalar_one() == 1
        audit = connection.execute(text("SELECT * FROM audit_log")).one()
    assert (audit.command, audit.actor_id, audit.after) == (
        "access.bootstrap",
        me.user_id,
        {"email": ME, "roles": ["admin"]},
    )


def test_on_a_server_with_an_administrator_nobody_else_makes_themselves_one(
    stores: Stores, settings: Settings, me: Actor, door: Door
) -> None:
    door.run(SaveStaff(email="boss@example.com", roles=("admin",)), me)
    with stores.postgres.writing() as connection:
        connection.execute(text("UPDATE users SET email = 'other@localhost' WHERE user_id = :me"), {"me": me.user_id})
    with pytest.raises(NotFound):
        ensure_local_actor(stores.postgres, settings)
    local = msgspec.structs.replace(settings, postgres_url="")
    assert ensure_local_actor(stores.postgres, local).email == ME, "whoever can open the local socket owns the shop"


def test_the_actor_of_the_settings_acts(stores: Stores, settings: Settings, me: Actor, door: Door) -> None:
    door.run(SaveStaff(email="wanda@example.com", first_name="Wanda", roles=("warehouse", "support")), me)
    chosen = msgspec.structs.replace(settings, actor="WANDA@example.com")
    wanda = ensure_local_actor(stores.postgres, chosen)
    assert (wanda.email, wanda.name, wanda.roles) == ("wanda@example.com", "Wanda", {"warehouse", "support"})
    with pytest.raises(NotFound):
        ensure_local_actor(stores.postgres, msgspec.structs.replace(settings, actor="nobody@example.com"))


def test_customers_and_leavers_do_not_act(stores: Stores, me: Actor, door: Door) -> None:
    door.run(SaveCustomer(email="ann@lee.example"), me)
    door.run(SaveStaff(email="left@example.com", roles=("support",), is_active=False), me)
    for email in ("ann@lee.example", "left@example.com", "", "%"):
        with pytest.raises(NotFound):
            actor_by_email(stores.postgres, email)


def test_roles_are_exactly_those_asked_for(stores: Stores, me: Actor, door: Door) -> None:
    first = door.run(SaveStaff(email="wanda@example.com", roles=("warehouse", "support")), me).result
    again = door.run(SaveStaff(email="Wanda@Example.com", roles=("catalogue", "catalogue")), me).result
    assert (first.created, again.created, again.user_id) == (True, False, first.user_id)
    assert again.roles == ("catalogue",)
    assert actor_by_email(stores.postgres, "wanda@example.com").roles == {"catalogue"}
    with stores.postgres.reading() as connection:
        audit = connection.execute(text("SELECT before, after FROM audit_log ORDER BY audit_id DESC LIMIT 1")).one()
    assert (audit.before["roles"], audit.after["roles"]) == (["support", "warehouse"], ["catalogue"])


def test_a_customer_may_become_staff(stores: Stores, me: Actor, door: Door) -> None:
    ann = door.run(SaveCustomer(email="ann@lee.example", last_name="Lee"), me).result
    done = door.run(SaveStaff(email="ann@lee.example", first_name="Ann", roles=("support",)), me).result
    assert (done.user_id, done.created) == (ann.user_id, False)
    assert actor_by_email(stores.postgres, "ann@lee.example").may("orders.place")


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (SaveStaff(email="wanda@example.com", roles=("queen",)), "roles"),
        (SaveStaff(email="wanda", roles=("support",)), "email"),
    ],
)
def test_what_cannot_be_is_refused(me: Actor, door: Door, command: SaveStaff, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        door.run(command, me)
    assert list(refused.value.fields) == [field]


def test_only_who_manages_access_makes_staff(stores: Stores, me: Actor, door: Door) -> None:
    door.run(SaveStaff(email="sue@example.com", roles=("support",)), me)
    sue = actor_by_email(stores.postgres, "sue@example.com")
    with pytest.raises(Denied):
        door.run(SaveStaff(email="sue@example.com", roles=("admin",)), sue)


def test_the_last_administrators_cannot_take_each_other_away(stores: Stores, me: Actor, door: Door) -> None:
    door.run(SaveStaff(email="boss@example.com", roles=("admin",)), me)
    boss = actor_by_email(stores.postgres, "boss@example.com")
    moves = [(me, "boss@example.com"), (boss, ME)]

    def demote(move: tuple[Actor, str]) -> str:
        try:
            door.run(SaveStaff(email=move[1], roles=("analyst",)), move[0])
        except Conflict:
            return "refused"
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, moves)) == ["done", "refused"]
    left = next(actor for actor in (me, boss) if "admin" in actor_by_email(stores.postgres, actor.email).roles)
    with pytest.raises(Conflict):
        door.run(SaveStaff(email=left.email, roles=("admin",), is_active=False), left)
