"""M11 at about a tenth: relays killed all the time while orders, stock and products change. Nothing is lost or doubled.

Two relays stand side by side, so that a kill also means a change of leader; producers write on meanwhile; some events
are poison. In the end every view must be what its source is.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from dataclasses import replace

import pytest

from data.events import delivery, relay
from data.events.consistency import sample_consistency
from data.events.delivery import TopicDelivery
from data.events.outbox import Event
from data.events.reads import list_dead_letters, relay_status
from data.events.reconcile import differences
from data.events.relay import drain, run_once
from data.events.stock_summary import summary
from data.ids import new_id
from data.shop import Shop
from data.stock.reads import levels_of
from tests.relay_world import (
    RelayNursery,
    books,
    change_status,
    emit,
    facts,
    foreign_edit,
    put_order,
    put_product,
    set_level,
    until,
    waiting,
)

KILLS = 10
PRODUCTS = 20
STATES = ("confirmed", "processing", "shipped", "cancelled")


@pytest.mark.torture
@pytest.mark.serial
def test_kill_9_of_relays_loses_and_doubles_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "backoff", lambda attempts: 0.2)
    seed = random.randrange(10**6)
    print("seed", seed)
    stores = shop.stores
    products = [put_product(stores, f"T-{number}", title="Kettle") for number in range(PRODUCTS)]
    poison = [str(new_id()) for _ in range(3)]
    stop = threading.Event()

    def produce(number: int) -> None:
        chance = random.Random(seed + number)
        while not stop.is_set():
            order = put_order(stores, chance.sample(products, 2), quantity=chance.randint(1, 3))
            for state in chance.sample(STATES, chance.randint(0, 3)):
                change_status(stores, order, state)
            set_level(stores, chance.choice(products), chance.randint(0, 50))
            foreign_edit(stores, chance.choice(products), title=f"Kettle {chance.random()}")
            time.sleep(0.02)

    producers = [threading.Thread(target=produce, args=(number,)) for number in range(2)]
    for thread in producers:
        thread.start()
    for key in poison:
        emit(stores, "orders", key)
    relays = RelayNursery(shop.settings, pause=0.2)
    chance = random.Random(seed)
    kills = 0
    taken_over: list[float] = []
    try:
        relays.start()
        relays.start()
        while kills < KILLS:
            leader = until(lambda: relay_status(stores.postgres).leader, 60)
            time.sleep(chance.uniform(0.0, 0.6))
            if relays.kill(leader):
                kills += 1
                relays.start()
                died = time.monotonic()
                until(lambda dead=leader: relay_status(stores.postgres).leader not in ("", dead), 60)
                taken_over.append(time.monotonic() - died)
    finally:
        stop.set()
        for thread in producers:
            thread.join()
        relays.close()
    print(f"taken over after {statistics.median(taken_over):.2f} s, at the latest {max(taken_over):.2f} s")
    assert drain(shop, 120).quiet
    assert facts(stores) == books(stores)
    assert len(facts(stores)) > 50
    levels = levels_of(stores.postgres, products)
    for document in stores.mongo.products.find({}):
        wanted = summary(levels[str(document["_id"])])
        assert {name: document["inventory"][name] for name in wanted} == wanted
    assert differences(stores).count == 0
    assert sample_consistency(shop.stores).consistent
    assert {letter.key for letter in list_dead_letters(stores.postgres).rows} == set(poison)
    assert waiting(stores) == 0


class Killed(BaseException):
    """Stands for the moment of a SIGKILL: nothing catches it."""


@pytest.mark.parametrize("point", ["before the effect", "after the effect"])
def test_a_kill_on_either_side_of_the_effect(shop: Shop, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    stores = shop.stores
    order = put_order(stores, [put_product(stores, "A-1")])

    def die(*_: object) -> None:
        raise Killed

    if point == "before the effect":
        monkeypatch.setattr(TopicDelivery, "_deliver", die)
    else:
        monkeypatch.setattr(TopicDelivery, "_done", die)
    with pytest.raises(Killed):
        run_once(shop)
    assert (order in facts(stores)) is (point == "after the effect")
    assert waiting(stores) == 1
    monkeypatch.undo()
    run_once(shop)
    assert facts(stores) == books(stores)
    assert stores.analytics.query("SELECT count() FROM order_lines") == [(1,)], "its token kept the second block out"
    assert waiting(stores) == 0


def test_the_whole_history_again_and_shuffled_changes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was ever sent comes once more, in any order: no view moves."""
    stores = shop.stores
    chance = random.Random(11)
    products = [put_product(stores, f"S-{number}", title="Kettle") for number in range(5)]
    sent: list[tuple[str, str]] = []
    real = TopicDelivery._deliver

    def remember(self: TopicDelivery, events: list[Event]) -> None:
        sent.extend((event.topic, event.key) for event in events)
        real(self, events)

    monkeypatch.setattr(TopicDelivery, "_deliver", remember)
    monkeypatch.setattr(relay, "ROUTES", tuple(replace(route, batch=7) for route in relay.ROUTES))
    for _ in range(20):
        order = put_order(stores, chance.sample(products, 2))
        change_status(stores, order, chance.choice(STATES))
        set_level(stores, chance.choice(products), chance.randint(0, 9))
    drain(shop)
    known = facts(stores), list(stores.mongo.products.find({}).sort("_id"))
    again = list(sent)
    assert len(again) >= 60
    chance.shuffle(again)
    for topic, key in again:
        emit(stores, topic, key)
    drain(shop)
    assert (facts(stores), list(stores.mongo.products.find({}).sort("_id"))) == known
    stock = next(topic for topic in relay_status(stores.postgres).topics if topic.topic == "stock")
    assert stock.skipped >= 20
