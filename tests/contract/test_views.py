"""Saved views on the real store: whose they are, what replaces what, who may share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from data.errors import Denied, Invalid, NotFound
from data.views.messages import RemoveView, SaveView
from data.views.reads import Views, list_views
from tests.desk_world import at_the_desk

if TYPE_CHECKING:
    from data.command import Command
    from data.shop import Shop

QUERY = 'corsair price:50..100 -color:"Off White" sort:-price'


def do(shop: Shop, command: Command, key: str | None = None) -> Any:
    return shop.door.run(command, shop.actor, key=key).result


def views_of(shop: Shop, noun: str = "products") -> Views:
    return list_views(shop.stores.postgres, noun, shop.actor.user_id)


def test_views_are_ones_own_or_everybodys_and_kept_by_list(shop: Shop) -> None:
    ann, wes = at_the_desk(shop, "catalogue"), at_the_desk(shop, "analyst", "Wes")
    do(ann, SaveView(noun="products", called="Cheap Corsair", query=QUERY, key=2))
    do(ann, SaveView(noun="products", called="Low", query="stock:low", key=1, shared=True))
    do(ann, SaveView(noun="orders", called="To ship", query="status:processing"))
    assert [(view.name, view.key, view.shared) for view in views_of(ann).views] == [
        ("Low", 1, True),
        ("Cheap Corsair", 2, False),
    ]
    assert views_of(ann).views[1].query == QUERY
    assert [view.name for view in views_of(wes).views] == ["Low"]
    assert [view.name for view in views_of(ann, "orders").views if not view.built_in] == ["To ship"]
    with pytest.raises(Denied):
        do(wes, SaveView(noun="products", called="Mine for all", shared=True))
    low = views_of(wes).views[0]
    with pytest.raises(Denied):
        do(wes, RemoveView(view_id=low.view_id))


def test_a_name_is_replaced_in_any_letter_case_and_a_key_belongs_to_one(shop: Shop) -> None:
    first = do(shop, SaveView(noun="products", called="Cheap", query="price:..10", key=3))
    again = do(shop, SaveView(noun="products", called="CHEAP", query="price:..20", key=3))
    assert (again.view_id, again.created, again.version) == (first.view_id, False, 2)
    assert [(view.name, view.query) for view in views_of(shop).views] == [("CHEAP", "price:..20")]
    with pytest.raises(Invalid) as refused:
        do(shop, SaveView(noun="products", called="Other", key=3))
    assert refused.value.fields == {"key": "3 is the key of 'CHEAP'"}
    do(shop, SaveView(noun="products", called="Shared cheap", query="x", key=3, shared=True))
    own = views_of(shop).on_key(3)
    assert own is not None
    assert not own.shared  # one's own stands before a shared one
    with pytest.raises(NotFound):
        do(at_the_desk(shop, "admin", "Wes"), RemoveView(view_id=own.view_id))  # nobody else's own is seen
    assert do(shop, RemoveView(view_id=own.view_id)).name == "CHEAP"
    shared = views_of(shop).on_key(3)
    assert shared is not None
    assert shared.shared


def test_a_lists_own_columns_are_a_view_without_a_name(shop: Shop) -> None:
    do(shop, SaveView(noun="products", called="", columns=("price", "memory.speed")))
    assert views_of(shop) == Views((), ("price", "memory.speed"))
    do(shop, SaveView(noun="products", called="", columns=()))
    assert views_of(shop) == Views()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"noun": "shoes", "called": "x"}, "noun"),
        ({"called": ""}, None),
        ({"called": "", "shared": True}, "name"),
        ({"called": "", "query": "x"}, "name"),
        ({"called": "x" * 61}, "name"),
        ({"called": "a\nb"}, "name"),
        ({"called": "x", "key": 10}, "key"),
        ({"called": "x", "query": "q" * 2_001}, "query"),
        ({"called": "x", "columns": ("a", "a")}, "columns"),
    ],
)
def test_what_a_view_may_not_be_is_named(shop: Shop, fields: dict[str, Any], wrong: str | None) -> None:
    command = SaveView(**{"noun": "products", **fields})
    if wrong is None:
        assert do(shop, command).name == ""
        return
    with pytest.raises(Invalid) as refused:
        do(shop, command)
    assert list(refused.value.fields) == [wrong]


def test_saving_twice_with_one_key_is_done_once_and_hostile_names_are_kept_as_they_are(shop: Shop) -> None:
    name = "[bold]\x1b[31m'; DROP TABLE saved_views; -- 名前"
    command = SaveView(noun="products", called=name, query="a\\b %s {x}")
    once, twice = (shop.door.run(command, shop.actor, key="the-same") for _ in range(2))
    assert twice.replayed
    assert once.result == twice.result
    (view,) = views_of(shop).views
    assert (view.name, view.query) == (name, "a\\b %s {x}")
    assert views_of(shop).named(name.upper()) == view


def test_built_in_views_stay_until_somebody_saves_over_a_key(shop: Shop) -> None:
    assert [(view.key, view.name) for view in views_of(shop, "orders").on_keys()] == [
        (1, "Open"), (2, "To ship"), (3, "Unpaid"), (4, "Late"), (5, "Shipped"), (6, "All"),
    ]  # fmt: skip
    built_in = views_of(shop, "orders").on_key(3)
    assert built_in is not None
    with pytest.raises(Invalid, match="built in"):
        do(shop, RemoveView(view_id=built_in.view_id))
    saved = do(shop, SaveView(noun="orders", called="Mine", query="assigned:me unpaid", key=3))
    now = views_of(shop, "orders")
    assert [(view.key, view.name) for view in now.on_keys()][2] == (3, "Mine")
    assert now.named("unpaid") is None
    do(shop, RemoveView(view_id=saved.view_id))
    assert views_of(shop, "orders").on_key(3) == built_in
    assert views_of(shop).views == ()


def test_a_view_of_orders_must_be_readable(shop: Shop) -> None:
    with pytest.raises(Invalid) as refused:
        do(shop, SaveView(noun="orders", called="Lost", query="status:lost"))
    assert "status:lost" in refused.value.fields["query"]
