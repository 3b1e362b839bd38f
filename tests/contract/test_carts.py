"""Carts and sessions on the durable Redis."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from uuid import UUID

import pytest

from data.carts.carts import CART_SECONDS, MAX_LINES, add_line, clear_cart, get_cart, remove_line, set_line
from data.carts.sessions import SESSION_SECONDS, create_session, read_session, revoke_session, revoke_sessions_of
from data.errors import Conflict, Invalid
from data.ids import new_id
from data.stores.redis import Redis


@pytest.fixture
def redis(settings) -> Redis:
    opened = Redis(settings.redis_url)
    yield opened
    opened.close()


@pytest.fixture
def user() -> UUID:
    return new_id()


def test_lines_are_added_set_and_taken_out(redis: Redis, user: UUID) -> None:
    assert get_cart(redis, user).version == 0
    add_line(redis, user, "p1", "SKU-1", 2)
    add_line(redis, user, "p2", "SKU-2", warehouse_id="WH1")
    add_line(redis, user, "p2", "SKU-2", warehouse_id="WH2")
    cart = add_line(redis, user, "p1", "SKU-1", 3)
    assert [(line.product_id, line.warehouse_id, line.quantity) for line in cart.lines] == [
        ("p1", "", 5), ("p2", "WH1", 1), ("p2", "WH2", 1),
    ]  # fmt: skip
    set_line(redis, user, "p1", "SKU-1", 1)
    cart = remove_line(redis, user, "p2", warehouse_id="WH1")
    assert cart == get_cart(redis, user)
    assert cart.units == 2
    assert cart.version == 6


def test_an_emptied_cart_refuses_a_late_change_to_the_old_one(redis: Redis, user: UUID) -> None:
    seen = add_line(redis, user, "p1", "SKU-1")
    cleared = clear_cart(redis, user, expected_version=seen.version)
    assert cleared.lines == ()
    with pytest.raises(Conflict) as refused:
        set_line(redis, user, "p1", "SKU-1", 4, expected_version=seen.version)
    assert refused.value.current["version"] == cleared.version
    assert get_cart(redis, user).lines == ()


def test_nothing_changed_is_no_new_version(redis: Redis, user: UUID) -> None:
    cart = add_line(redis, user, "p1", "SKU-1")
    assert set_line(redis, user, "p1", "SKU-1", 1) == cart
    assert remove_line(redis, user, "p9") == cart


@pytest.mark.parametrize("quantity", [0, -1, 100_001])
def test_a_quantity_nobody_orders_is_refused(redis: Redis, user: UUID, quantity: int) -> None:
    with pytest.raises(Invalid):
        add_line(redis, user, "p1", "SKU-1", quantity)
    assert get_cart(redis, user).version == 0


def test_quantities_that_add_up_to_too_many_are_refused(redis: Redis, user: UUID) -> None:
    add_line(redis, user, "p1", "SKU-1", 100_000)
    with pytest.raises(Invalid):
        add_line(redis, user, "p1", "SKU-1", 1)


def test_a_cart_has_an_end(redis: Redis, user: UUID) -> None:
    for number in range(MAX_LINES):
        add_line(redis, user, f"p{number}", "SKU")
    with pytest.raises(Invalid):
        add_line(redis, user, "one-more", "SKU")


def test_terminals_that_add_at_once_all_find_their_line(redis: Redis, user: UUID) -> None:
    def add(number: int) -> None:
        for step in range(5):
            add_line(redis, user, f"p{number}", f"SKU-{step}")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cart = get_cart(redis, user)
    assert cart.units == 20
    assert cart.version == 20


def test_a_cart_lives_seven_days_from_its_last_change(redis: Redis, user: UUID) -> None:
    add_line(redis, user, "p1", "SKU-1")
    redis.durable.expire(f"cart:{user}", 100)
    add_line(redis, user, "p1", "SKU-1")
    assert CART_SECONDS - 10 < redis.durable.ttl(f"cart:{user}") <= CART_SECONDS == 7 * 86_400


def test_a_session_is_found_by_its_token_and_only_by_it(redis: Redis, user: UUID) -> None:
    token, session = create_session(redis, user, origin="bench 3")
    assert read_session(redis, token) == session
    assert session.expires_at - session.created_at == timedelta(hours=24)
    assert read_session(redis, token + "x") is None
    assert create_session(redis, user)[0] != token


def test_a_dump_of_redis_signs_nobody_in(redis: Redis, user: UUID) -> None:
    token, _ = create_session(redis, user)
    dump = json.dumps([[key, _dumped(redis, key)] for key in redis.durable.keys("*")])
    assert "session:" in dump
    assert token not in dump
    session_key = next(key for key in redis.durable.keys("session:*"))
    assert read_session(redis, session_key.removeprefix("session:")) is None
    assert SESSION_SECONDS - 10 < redis.durable.ttl(session_key) <= SESSION_SECONDS


def _dumped(redis: Redis, key: str) -> object:
    kind = redis.durable.type(key)
    return sorted(redis.durable.smembers(key)) if kind == "set" else redis.durable.get(key)


def test_a_revoked_session_is_over(redis: Redis, user: UUID) -> None:
    token, _ = create_session(redis, user)
    other, _ = create_session(redis, user)
    assert revoke_session(redis, token)
    assert not revoke_session(redis, token)
    assert read_session(redis, token) is None
    assert read_session(redis, other) is not None


def test_all_sessions_of_a_user_end_and_nobody_elses(redis: Redis, user: UUID) -> None:
    mine = [create_session(redis, user)[0] for _ in range(3)]
    theirs, _ = create_session(redis, new_id())
    assert revoke_sessions_of(redis, user) == 3
    assert [read_session(redis, token) for token in mine] == [None] * 3
    assert read_session(redis, theirs) is not None
