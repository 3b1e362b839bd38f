"""Opening the shop on engines of its own: first, again, by two at once, and with an engine that cannot start."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from data import migrations
from data.errors import Unavailable
from data.events import state
from data.events.leader import LEADER
from data.local import bring_down, stack_status
from data.local.paths import Layout
from data.search.layout import LAYOUT
from data.shop import open_shop
from data.types import Progress


def test_first_and_second_opening(home, until) -> None:
    """The first brings everything into being, relay included; the second finds it and changes nothing."""
    settings = msgspec.structs.replace(home, relay=True)
    heard: list[Progress] = []
    shop = open_shop(settings, report=heard.append)
    assert any("up to date" in progress.what for progress in heard)
    assert migrations.is_current(shop.stores.postgres.engine)
    assert set(shop.stores.mongo.db.list_collection_names()) >= {"products", "categories"}
    assert shop.actor.may("access.manage")
    relay = until(lambda: (found := stack_status(settings).relay) and found.state == "up" and found)
    shop.close()

    heard.clear()
    again = open_shop(settings, report=heard.append)
    assert again.actor == shop.actor
    assert not any("up to date" in progress.what for progress in heard)
    assert stack_status(settings).relay == relay, "the same process"
    again.close()


def test_a_relay_from_before_an_update_is_replaced_when_the_shop_is_opened(home, until) -> None:
    """It would never build the index that this program looks for."""
    settings = msgspec.structs.replace(home, relay=True)
    shop = open_shop(settings)

    def leader() -> dict[str, Any]:
        with shop.stores.postgres.reading() as connection:
            return state.load(connection, LEADER)

    relay = until(lambda: (found := stack_status(settings).relay) and found.state == "up" and found)
    until(lambda: leader().get("pid") == relay.pid, 60)
    assert leader()["layout"] == LAYOUT
    open_shop(settings).close()
    assert stack_status(settings).relay == relay
    with shop.stores.postgres.writing() as connection:  # as a program before the last change of the layout would
        state.save(connection, LEADER, leader() | {"layout": LAYOUT - 1})
    open_shop(settings).close()
    successor = until(lambda: (found := stack_status(settings).relay) and found.state == "up" and found, 60)
    assert successor.pid != relay.pid
    until(lambda: leader().get("pid") == successor.pid, 60)
    assert leader()["layout"] == LAYOUT
    shop.close()


def test_two_open_a_fresh_shop_at_once(home) -> None:
    code = (
        "from data.settings import load_settings; from data.shop import open_shop;"
        "shop = open_shop(load_settings()); print(shop.actor.user_id); shop.close()"
    )
    environ = os.environ | home.to_environ()
    racing = [subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate()[0] for process in racing]
    assert [process.returncode for process in racing] == [0, 0]
    assert said[0] == said[1] != b""


def test_without_postgresql_the_reason_is_told_and_without_the_others_it_opens(home) -> None:
    open_shop(home).close()
    bring_down(home)
    layout = Layout(home.home)
    control = layout.data("postgresql") / "global" / "pg_control"
    control.rename(control.with_name("pg_control.away"))
    with pytest.raises(Unavailable, match="not a whole PostgreSQL folder") as caught:
        open_shop(home)
    assert caught.value.store == "postgresql"

    control.with_name("pg_control.away").rename(control)
    bring_down(home)
    (layout.data("mongodb") / "WiredTiger.wt").write_bytes(b"nonsense" * 1000)
    shop = open_shop(home)
    assert not shop.stores.health("mongodb").ok
    assert shop.stores.health("postgresql").ok
    shop.close()
