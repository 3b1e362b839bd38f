"""Orders from a customer's cart, exactly once whatever dies in between, and orders like one of before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from data.carts.carts import add_line, get_cart, take_out
from data.catalog.messages import EditProduct
from data.errors import Conflict, Invalid, NotFound
from data.orders.again import cart_lines, cart_ref, duplicate, open_cart, place
from data.orders.messages import CartRef, PlaceOrder
from data.orders.ordered_carts import ordered_as
from data.orders.reads import get_order
from data.shop import Shop
from data.stock.messages import ReceiveStock
from tests.desk_world import at_the_desk
from tests.orders_world import ADDRESS, customer, one, product, sql, warehouses
from tests.orders_world import place as place_lines


@pytest.fixture
def user(shop: Shop) -> UUID:
    warehouses(shop, "WH1", "WH2")
    ram = product(shop, "RAM", {"WH1": 50, "WH2": 5})
    cable = product(shop, "CAB", {"WH1": 50})
    user_id = customer(shop)
    add_line(shop.stores.redis, user_id, ram, "RAM", 2, warehouse_id="WH2")
    add_line(shop.stores.redis, user_id, cable, "CAB", 3)
    return user_id


def from_cart(shop: Shop, user: UUID) -> PlaceOrder:
    cart = open_cart(shop, user)
    return PlaceOrder(user_id=user, lines=cart_lines(shop, cart, None), shipping_address=ADDRESS, cart=cart_ref(cart))


def held(shop: Shop, user: UUID) -> list[tuple[str, int]]:
    return [(line.sku, line.quantity) for line in get_cart(shop.stores.redis, user).lines]


def test_a_cart_becomes_an_order_and_is_empty_then(shop: Shop, user: UUID) -> None:
    done = place(shop, from_cart(shop, user))
    assert [(item.sku, item.warehouse_id, item.quantity) for item in done.result.items] == [
        ("RAM", "WH2", 2),
        ("CAB", "WH1", 3),
    ]
    assert held(shop, user) == []
    with pytest.raises(Invalid, match="is empty"):
        cart_lines(shop, open_cart(shop, user), None)


def test_what_is_refused_leaves_the_cart_as_it_was(shop: Shop, user: UUID) -> None:
    ram = get_cart(shop.stores.redis, user).lines[0].product_id
    add_line(shop.stores.redis, user, ram, "RAM", 90)
    with pytest.raises(Exception, match="RAM"):
        place(shop, from_cart(shop, user))
    assert held(shop, user) == [("RAM", 2), ("CAB", 3), ("RAM", 90)]
    assert one(shop, "SELECT count(*) FROM ordered_carts") == 0


def test_a_cart_becomes_one_order_whoever_else_wants_it(shop: Shop, user: UUID) -> None:
    desks = [at_the_desk(shop, "support", name) for name in ("Ben", "Cleo", "Dan")]
    command = from_cart(shop, user)

    def try_it(number: int) -> str:
        try:
            return str(place(desks[number % 3], command, key=f"k{number}").result.order_number)
        except Conflict as error:
            return str(error.current["order_number"])

    with ThreadPoolExecutor(8) as threads:
        numbers = set(threads.map(try_it, range(16)))
    assert len(numbers) == 1
    assert sql(shop, "SELECT order_number FROM orders") == [(numbers.pop(),)]
    assert held(shop, user) == []


def test_what_died_before_the_cart_was_emptied_is_made_good_by_whoever_opens_it(shop: Shop, user: UUID) -> None:
    command = from_cart(shop, user)
    shop.door.run(command, shop.actor, key="k")  # and then the process was killed
    assert held(shop, user) == [("RAM", 2), ("CAB", 3)]
    cable = command.lines[1].product_id
    add_line(shop.stores.redis, user, cable, "CAB", 4)  # the customer goes on shopping
    with pytest.raises(Conflict, match="is order"):
        place(shop, msgspec.structs.replace(command, notes="again"), key="other")
    cart = open_cart(shop, user)
    assert [(line.sku, line.quantity) for line in cart.lines] == [("CAB", 4)]
    assert cart.cart_id != command.cart.cart_id
    assert open_cart(shop, user) == cart
    assert place(shop, command, key="k").replayed
    place(shop, from_cart(shop, user))
    assert one(shop, "SELECT sum(quantity) FROM order_items WHERE sku = 'CAB'") == 7
    assert one(shop, "SELECT count(*) FROM ordered_carts") == 2


def test_a_key_that_placed_the_cart_before_names_its_order(shop: Shop, user: UUID) -> None:
    number = place(shop, from_cart(shop, user), key="k").result.order_number
    with pytest.raises(Conflict, match=number):
        cart_lines(shop, open_cart(shop, user), "k")


def test_an_id_no_cart_can_have_is_refused(shop: Shop, user: UUID) -> None:
    command = from_cart(shop, user)
    assert command.cart is not None
    for cart_id in ("", "a\x1bb", "x" * 101):
        with pytest.raises(Invalid, match="printable"):
            place(shop, msgspec.structs.replace(command, cart=CartRef(cart_id=cart_id, lines=command.cart.lines)))
        assert ordered_as(shop.stores.postgres, cart_id) is None


def test_taking_out_twice_takes_out_once(shop: Shop, user: UUID) -> None:
    cart = get_cart(shop.stores.redis, user)
    (line, other) = cart.lines
    once = take_out(shop.stores.redis, user, cart.cart_id, (msgspec.structs.replace(line, quantity=1), other))
    assert [(each.sku, each.quantity) for each in once.lines] == [("RAM", 1)]
    assert take_out(shop.stores.redis, user, cart.cart_id, cart.lines) == once


def test_the_same_again_at_the_prices_of_today(shop: Shop, user: UUID) -> None:
    first = place_lines(shop, user, ("RAM", 53), ("CAB", 1), shipping_method="express", payment_method="invoice").result
    edit = EditProduct(product_id="RAM", changes={"pricing.base_price": Decimal("12.00")})
    shop.door.run(edit, shop.actor)
    shop.door.run(ReceiveStock(product_id="RAM", warehouse_id="WH1", quantity=100), shop.actor)
    command = duplicate(shop, first.order_number)
    second = get_order(shop.stores.postgres, shop.door.run(command, shop.actor).result.order_id)
    assert second.subtotal == Decimal("12.00") * 53 + Decimal("10.00")
    assert (second.shipping_method, second.payment_method) == ("express", "invoice")
    assert second.shipping_address["city"] == "Portland"
    with pytest.raises(NotFound):
        duplicate(shop, "0000-0000")
