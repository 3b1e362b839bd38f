"""Through the door and out at the other end, with the relay in a process of its own, in the time the issue gives."""

from __future__ import annotations

import time
from decimal import Decimal

from data.analytics.reads import popular_product_ids, sales_by_day
from data.caches.inventory import cached_levels
from data.catalog.commands import EditProduct
from data.events.reads import list_dead_letters, relay_status
from data.events.relay import drain
from data.orders.commands import ChangeOrderStatus
from data.search.language import parse_query
from data.shop import Shop
from data.stock.reads import levels_of
from tests.orders_world import customer, place, product, warehouses
from tests.relay_world import LENIENCY, books, facts, relay_process, until


def test_a_placed_order_an_edit_and_a_receipt_reach_every_store_in_time(shop: Shop) -> None:
    stores = shop.stores
    warehouses(shop, "WH1")
    product(shop, "RAM", {"WH1": 50}, pricing__base_price=Decimal("19.99"))
    user = customer(shop)
    with relay_process(shop.settings):
        until(lambda: relay_status(stores.postgres).running)
        until(lambda: stores.search.search(parse_query("RAM")).total == 1)
        waited = []
        for quantity in (1, 2, 3):
            started = time.monotonic()
            order = place(shop, user, ("RAM", quantity)).result
            until(lambda order=order: order.order_id in facts(stores))
            waited.append(time.monotonic() - started)
            ram = order.items[0].product_id
        assert max(waited) < 5.0 * LENIENCY, waited
        until(lambda: stores.search.search(parse_query("RAM")).hits[0].available_stock == 44)
        assert cached_levels(shop, [ram]) == levels_of(stores.postgres, [ram])

        started = time.monotonic()
        shop.door.run(EditProduct(product_id=ram, changes={"title": "Crimson memory"}), shop.actor)
        until(lambda: stores.search.search(parse_query("crimson")).total == 1)
        assert time.monotonic() - started < 2.0 * LENIENCY

        cancelled = ChangeOrderStatus(order_id=order.order_id, new_status="cancelled", reason="double")
        shop.door.run(cancelled, shop.actor)
        assert drain(shop).quiet
    assert facts(stores) == books(stores)
    today = sales_by_day(stores.analytics, 1)[0]
    assert (today.orders, today.units, today.revenue) == (2, 3, Decimal("59.97"))
    assert popular_product_ids(stores.analytics) == (ram,)
    assert list_dead_letters(stores.postgres).rows == ()
    assert relay_status(stores.postgres).last_error == ""
