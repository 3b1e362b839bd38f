"""The world the pictures are taken of: one demo shop at one moment, the same on every machine and in every run.

Everything that varies between runs is held still here, and only here: the clock of those modules that read it, the
dice that order numbers are drawn with, the number of hands that place orders, the time a search took and the relay is
behind, the time zone.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from data.settings import Settings

if TYPE_CHECKING:
    from data.shop import Shop

#: When every picture is taken: a Tuesday afternoon.
PRESENT = datetime(2026, 11, 17, 17, 42, tzinfo=UTC)
#: Whose shop it looks like: the demo's admin.
ACTOR = "ann@storekeeper.example"
#: The dead letters of the shop: topic, what it is about, reason.
LETTERS = (
    ("orders", "01a20544-9d1c-7a35-8f6e-1f0e7c3a5b11", "No order 01a20544-9d1c-7a35-8f6e-1f0e7c3a5b11 in PostgreSQL."),
    ("orders", "4711", "ValueError: the key '4711' is no order id"),
    ("products", "6b036319478e2176a56866bb", "ValueError: the index takes no text of 40,000 words"),
)
#: What colleagues wrote to the admin: who, and what.
NOTES = (
    ("wes", "@ann the blue one is gone, shall I send black?"),
    ("sam", "customer calls again tomorrow at ten, @ann please be there"),
    ("wes", "@ann @sam box 2 came back, the glass is broken"),
)
_BURY = (
    "INSERT INTO dead_letters (event_id, topic, key, kind, payload, created_at, attempts, reason, died_at) VALUES"
    " (:id, :topic, :key, 'status', '{\"version\": 3}', :at, 8, :reason, :at)"
)
#: The modules that ask what time it is.
_CLOCKS = ("data.door", "data.analytics.reads", "data.orders.figures", "data.orders.query", "screens.shown")


class _Like(type):
    """Every ``datetime`` is an instance of the stopped one too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)


class _Stopped(datetime, metaclass=_Like):
    """A clock that stands at ``PRESENT``."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        """Return ``PRESENT``."""
        return PRESENT.astimezone(tz)


@contextmanager
def frozen() -> Iterator[None]:
    """Hold still what varies between runs, until the block is left."""
    with _zone("UTC"), pytest.MonkeyPatch.context() as patch:
        for name in _CLOCKS:
            patch.setattr(import_module(name), "datetime", _Stopped)
        patch.setattr("data.ids.secrets", SimpleNamespace(randbits=random.Random(7).getrandbits))
        patch.setattr("data.demo.load._THREADS", 1)
        patch.setattr("screens.catalog.screen.took", lambda milliseconds: "2 ms")
        patch.setattr("data.events.reads.relay_status", lambda postgres: _still())  # no relay runs beside a test
        dead = replace(_still(), dead_letters=len(LETTERS))  # only on their own screen, not in every row 1
        patch.setattr("screens.events.data.status", lambda shop: dead)
        yield


def _still() -> Any:
    """Return the status of a relay that works, as the status line and the events screen have it."""
    from data.events.reads import Consistency, RelayStatus, TopicStatus

    topics = (
        TopicStatus("orders", 0.2, 1, 1_204, 12, 3, "LookupError: no order with lines in PostgreSQL", PRESENT),
        TopicStatus("stock", 0.0, 0, 3_410, 97, 0, "", None),
        TopicStatus("products", 0.0, 0, 5_127, 204, 0, "", None),
    )
    return RelayStatus(True, "desk-1:4711", 0.2, topics, 0, False, 0, PRESENT, Consistency(100, 0, 63, PRESENT))


@contextmanager
def _zone(name: str) -> Iterator[None]:
    """Live in time zone ``name``."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TZ", name)
            time.tzset()
            yield
    finally:
        time.tzset()


def _write_notes(shop: Shop) -> None:
    """Let colleagues mention the admin on orders that no other picture shows: cancelled ones."""
    from dataclasses import replace as acting

    from data.access.reads import actor_by_email
    from data.notes.messages import AddNote
    from data.orders.reads import list_orders, parse_order_query

    page = list_orders(shop.stores.postgres, parse_order_query("status:cancelled"), limit=len(NOTES))
    for row, (who, body) in zip(page.rows, NOTES, strict=True):
        wes = acting(shop, actor=actor_by_email(shop.stores.postgres, f"{who}@storekeeper.example"))
        wes.door.run(AddNote(order_id=row.order_id, body=body), wes.actor)


def tell(settings: Settings, *, products: int = 160, customers: int = 60, orders: int = 240) -> Shop:
    """Open the shop of ``settings``, empty before, with the demo of seed 7 in it, indexed and counted, as its admin.

    To be called within ``frozen()``.
    """
    import msgspec
    import sqlalchemy

    from data.demo.load import load_demo
    from data.events.relay import drain
    from data.shop import open_shop

    with_demo = open_shop(settings)
    load_demo(with_demo, products=products, customers=customers, orders=orders, seed=7)
    drain(with_demo, 60)
    with with_demo.stores.postgres.writing() as connection:
        for number, (topic, key, reason) in enumerate(LETTERS):
            letter = {"id": 4711 + number, "topic": topic, "key": key, "reason": reason, "at": PRESENT}
            connection.execute(sqlalchemy.text(_BURY), letter)
        connection.execute(sqlalchemy.text("ANALYZE"))  # "~280 levels" is the planner's estimate
    _write_notes(with_demo)
    with_demo.close()
    return open_shop(msgspec.structs.replace(settings, actor=ACTOR))
