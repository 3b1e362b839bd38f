"""The relay on the real stores: effects, order, retries, dead letters, stores that are away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import text

from data.errors import Denied, Invalid, NotFound, Unavailable
from data.events import delivery
from data.events.commands import DiscardDeadLetters, EditDeadLetter, ReplayDeadLetters
from data.events.facts import load_all_orders
from data.events.outbox import MAX_ATTEMPTS
from data.events.reads import get_dead_letter, list_dead_letters, relay_status
from data.events.relay import drain, run_once
from data.events.routes import ROUTES
from data.events.topics import TOPICS
from data.ids import new_id
from data.shop import Shop, open_shop
from tests.relay_world import (
    books,
    change_status,
    emit,
    facts,
    put_order,
    put_product,
    relay_process,
    set_level,
    until,
    waiting,
)


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once: what is tested is how often, not how long after."""
    monkeypatch.setattr(delivery, "backoff", lambda _: 0.0)


def test_a_placed_order_becomes_facts_and_its_changes_replace_them(shop: Shop) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1", brand="Dell", category=("Computers", "Laptops"))
    order = put_order(stores, [product], quantity=3, price="19.99")
    assert drain(shop).quiet
    assert facts(stores) == books(stores)
    assert facts(stores)[order].amount == Decimal("59.97")
    row = stores.analytics.query("SELECT brand, category, country, sku FROM order_lines")[0]
    assert row == ("Dell", "Computers > Laptops", "US", f"SKU-{product}")
    change_status(stores, order, "confirmed")
    change_status(stores, order, "cancelled")
    assert drain(shop).quiet
    assert facts(stores) == books(stores)
    assert facts(stores)[order].status == "cancelled"
    assert waiting(stores) == 0


def test_events_that_come_again_change_nothing(shop: Shop) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1")
    order = put_order(stores, [product])
    set_level(stores, product, 7)
    drain(shop)
    known, document = facts(stores), stores.mongo.products.find_one({"sku": "A-1"})
    for _ in range(3):
        emit(stores, "orders", str(order))
        emit(stores, "stock", product)
        drain(shop)
    assert facts(stores) == known
    assert stores.mongo.products.find_one({"sku": "A-1"}) == document
    stock = next(topic for topic in relay_status(stores.postgres).topics if topic.topic == "stock")
    assert (stock.handled, stock.skipped) == (4, 3)


def test_stock_reaches_the_document_and_an_older_state_never_does(shop: Shop) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1")
    set_level(stores, product, 5)
    set_level(stores, product, 3, reserved=2)
    set_level(stores, product, 10, warehouse="WH2")
    drain(shop)
    stored = stores.mongo.products.find_one({"sku": "A-1"})
    wanted = {"total_stock": 15, "available_stock": 13, "reserved_stock": 2, "version": 3}
    assert {name: stored["inventory"][name] for name in wanted} == wanted
    # A relay of an hour ago wakes up with what it knew then.
    stores.mongo.products.update_one(
        {"sku": "A-1"}, {"$set": {"inventory.version": 99, "inventory.available_stock": 1}}
    )
    emit(stores, "stock", product)
    drain(shop)
    assert stores.mongo.products.find_one({"sku": "A-1"})["inventory"]["available_stock"] == 1


def test_a_poison_event_is_buried_after_its_tries_and_stops_nobody(shop: Shop, no_backoff: None) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1")
    good = [put_order(stores, [product]) for _ in range(5)]
    missing, nonsense = new_id(), "no order at all"
    emit(stores, "orders", str(missing), payload={"note": "x" * 1_000_000})
    emit(stores, "orders", nonsense)
    good += [put_order(stores, [product]) for _ in range(5)]
    run_once(shop)
    assert set(facts(stores)) == set(good)
    assert drain(shop).quiet
    letters = list_dead_letters(stores.postgres).rows
    assert {letter.key for letter in letters} == {str(missing), nonsense}
    assert {letter.attempts for letter in letters} == {MAX_ATTEMPTS}
    assert any(str(missing) in letter.reason for letter in letters)
    assert relay_status(stores.postgres).dead_letters == 2
    assert waiting(stores) == 0


def test_order_per_key_is_kept_behind_a_failing_event(shop: Shop) -> None:
    """The second event of a key waits with the first; another key passes both."""
    stores = shop.stores
    order = new_id()
    first, second = emit(stores, "orders", str(order)), emit(stores, "orders", str(order))
    product = put_product(stores, "A-1")
    passing = put_order(stores, [product])
    run_once(shop)
    assert set(facts(stores)) == {passing}
    with stores.postgres.reading() as connection:
        found = connection.execute(text("SELECT event_id, attempts FROM outbox ORDER BY event_id")).all()
    assert [row.event_id for row in found] == [first, second]
    # A slow machine takes longer for the first try than the first waits for its second.
    assert found[0].attempts >= 1
    assert found[1].attempts == 0


def test_an_unknown_topic_is_seen_and_not_left_lying(shop: Shop) -> None:
    emit(shop.stores, "weather", "rain")
    assert drain(shop).quiet
    letter = list_dead_letters(shop.stores.postgres).rows[0]
    assert (letter.topic, letter.attempts) == ("weather", 0)
    assert "no handler" in letter.reason
    assert waiting(shop.stores) == 0


def test_a_store_that_is_away_holds_up_its_topic_only_and_costs_no_try(shop: Shop, settings) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1")
    put_order(stores, [product])
    set_level(stores, product, 4)
    away = msgspec.structs.replace(settings, clickhouse_url="chdb:///nowhere/clickhouse.sock")
    with relay_process(away):
        until(lambda: stores.mongo.products.find_one({"sku": "A-1"})["inventory"]["available_stock"] == 4)
        until(lambda: waiting(stores) == 1)
        assert not drain(shop, 1.0).quiet
    status = relay_status(stores.postgres)
    orders = next(topic for topic in status.topics if topic.topic == "orders")
    assert (orders.depth, orders.failed) == (1, 0)
    assert status.lag_seconds >= orders.lag_seconds > 0
    assert drain(shop).quiet
    assert facts(stores) == books(stores)
    assert list_dead_letters(stores.postgres).rows == ()


def test_draining_says_which_store_is_away(shop: Shop, settings) -> None:
    put_order(shop.stores, [put_product(shop.stores, "A-1")])
    away = open_shop(msgspec.structs.replace(settings, clickhouse_url="chdb:///nowhere/clickhouse.sock"))
    with pytest.raises(Unavailable) as unavailable:
        drain(away, 1.0)
    assert unavailable.value.store == "clickhouse"
    away.close()


def test_a_table_somebody_dropped_is_made_again_and_can_be_filled_again(shop: Shop) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1")
    base = datetime.now(UTC) - timedelta(days=90)
    for number in range(30):
        put_order(stores, [product, product], placed_at=base + timedelta(days=number))
    drain(shop)
    stores.analytics.command("DROP TABLE order_lines")
    put_order(stores, [product])
    assert drain(shop).quiet
    assert len(facts(stores)) == 1
    assert load_all_orders(stores) == 61
    assert facts(stores) == books(stores)


def test_replaying_and_discarding_go_through_the_door(shop: Shop, no_backoff: None) -> None:
    stores = shop.stores
    order = new_id()
    emit(stores, "orders", str(order))
    emit(stores, "weather", "rain")
    drain(shop)
    by_topic = {letter.topic: letter.event_id for letter in list_dead_letters(stores.postgres).rows}
    clerk = type(shop.actor)(shop.actor.user_id, "clerk@example.org", "Clerk", frozenset({"support"}))
    with pytest.raises(Denied):
        shop.door.run(ReplayDeadLetters(event_ids=(by_topic["orders"],)), clerk)
    replayed = shop.door.run(ReplayDeadLetters(event_ids=(by_topic["orders"],)), shop.actor, key="again")
    assert shop.door.run(ReplayDeadLetters(event_ids=(by_topic["orders"],)), shop.actor, key="again").replayed
    assert replayed.result.resolution == "replayed"
    assert waiting(stores) == 1
    shop.door.run(DiscardDeadLetters(event_ids=(by_topic["weather"],), reason="rain stops"), shop.actor)
    assert list_dead_letters(stores.postgres).rows == ()
    assert {row.resolution for row in list_dead_letters(stores.postgres, resolved=True).rows} == {
        "replayed",
        "discarded",
    }
    with pytest.raises(NotFound):
        shop.door.run(DiscardDeadLetters(event_ids=(by_topic["weather"],)), shop.actor)


def test_a_letter_is_mended_through_the_door_and_arrives_when_replayed(shop: Shop, no_backoff: None) -> None:
    stores = shop.stores
    order = put_order(stores, [put_product(stores, "A-1")])
    drain(shop)
    emit(stores, "nobody-reads-this", "?", payload={"note": "typo"})
    drain(shop)
    (letter,) = list_dead_letters(stores.postgres).rows
    for wrong, field in (({"topic": "nobody"}, "topic"), ({"key": " "}, "key"), ({"key": "x" * 101}, "key")):
        with pytest.raises(Invalid) as refused:
            shop.door.run(EditDeadLetter(event_id=letter.event_id, **wrong), shop.actor)
        assert field in refused.value.fields
    mended = EditDeadLetter(event_id=letter.event_id, topic="orders", key=str(order), payload={"note": "mended"})
    shop.door.run(mended, shop.actor)
    found = get_dead_letter(stores.postgres, letter.event_id)
    assert (found.topic, found.key, found.payload) == ("orders", str(order), {"note": "mended"})
    shop.door.run(ReplayDeadLetters(event_ids=(letter.event_id,)), shop.actor)
    with pytest.raises(NotFound):
        shop.door.run(mended, shop.actor)
    drain(shop)
    assert not list_dead_letters(stores.postgres).rows
    assert facts(stores) == books(stores)
    with pytest.raises(NotFound):
        get_dead_letter(stores.postgres, letter.event_id + 1000)


def test_dead_letters_are_paged_both_ways(shop: Shop) -> None:
    for number in range(5):
        emit(shop.stores, "weather", f"day {number}")
    drain(shop)
    first = list_dead_letters(shop.stores.postgres, limit=2)
    second = list_dead_letters(shop.stores.postgres, limit=2, after=first.after)
    last = list_dead_letters(shop.stores.postgres, limit=2, after=second.after)
    keys = [row.key for page in (first, second, last) for row in page.rows]
    assert sorted(keys) == [f"day {number}" for number in range(5)]
    assert (first.before, last.after) == (None, None)
    assert list_dead_letters(shop.stores.postgres, limit=2, before=last.before) == second
    assert list_dead_letters(shop.stores.postgres, limit=2, before=second.before).rows == first.rows


def test_a_relay_whose_connections_are_cut_leads_again_by_itself(shop: Shop) -> None:
    """PostgreSQL restarts as the relay sees it: every connection is gone at once, the lock with one of them."""
    stores = shop.stores
    product = put_product(stores, "A-1")
    with relay_process(shop.settings) as relay:
        until(lambda: relay_status(stores.postgres).leader.endswith(f":{relay.pid}"))
        for _ in range(3):
            with stores.postgres.writing() as connection:
                cut = connection.execute(
                    text(
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                ).scalar_one()
            assert cut >= 1
            order = put_order(stores, [product])
            until(lambda order=order: order in facts(stores), 30)
        until(lambda: relay_status(stores.postgres).running)
        assert relay.stop() == 0


def test_a_second_relay_stands_by_and_takes_over(shop: Shop) -> None:
    stores = shop.stores
    product = put_product(stores, "A-1")
    with relay_process(shop.settings) as first:
        until(lambda: relay_status(stores.postgres).leader.endswith(f":{first.pid}"))
        with relay_process(shop.settings) as second:
            assert run_once(shop) == 0, "somebody leads"
            first.kill()
            until(lambda: relay_status(stores.postgres).leader.endswith(f":{second.pid}"))
            order = put_order(stores, [product])
            until(lambda: order in facts(stores))


def test_every_topic_has_one_reader() -> None:
    assert tuple(route.topic for route in ROUTES) == TOPICS
