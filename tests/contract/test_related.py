"""What is bought together, and what became of a product: on the real stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

from data.access.history import history_of
from data.analytics.related import BoughtTogether, bought_together
from data.analytics.schema import ensure_schema
from data.catalog.messages import EditProduct, ProductInput, PutProduct
from tests.contract.test_analytics_reads import line, put

if TYPE_CHECKING:
    from data.shop import Shop
    from data.stores import Stores

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)


def test_bought_together_counts_orders_that_hold_both(stores: Stores) -> None:
    ensure_schema(stores.analytics)
    orders = [uuid4() for _ in range(4)]
    basket = {0: ("p1", "p2", "p3"), 1: ("p1", "p2"), 2: ("p1", "p3"), 3: ("p2", "p3")}
    for at, products in basket.items():
        put(stores.analytics, *(line(NOW, product=one, order_id=orders[at], quantity=3) for one in products))
    put(stores.analytics, line(NOW, product="p2", order_id=orders[0]))  # a second line of one order counts once
    both = bought_together(stores.analytics, "p1", now=NOW + timedelta(hours=1))
    assert both == (BoughtTogether("p2", "SKU-p2", 2), BoughtTogether("p3", "SKU-p3", 2))
    assert bought_together(stores.analytics, "p1", limit=1, now=NOW + timedelta(hours=1)) == both[:1]
    assert bought_together(stores.analytics, "nothing") == ()


def test_what_was_cancelled_or_is_long_ago_was_not_bought_together(stores: Stores) -> None:
    ensure_schema(stores.analytics)
    cancelled, old = uuid4(), uuid4()
    for product in ("p1", "p2"):
        put(
            stores.analytics,
            line(NOW, product=product, order_id=cancelled, order_status="cancelled"),
            line(NOW - timedelta(days=400), product=product, order_id=old),
        )
    assert bought_together(stores.analytics, "p1", now=NOW) == ()
    assert len(bought_together(stores.analytics, "p1", 500, now=NOW)) == 1


def test_the_history_of_a_product_is_told_newest_first(shop: Shop) -> None:
    put_one = PutProduct(product=ProductInput(sku="RAM-1", title="Corsair", base_price=Decimal("10")))
    product_id = shop.door.run(put_one, shop.actor).result.product_id
    for price in ("11", "12"):
        command = EditProduct(product_id=product_id, changes={"pricing.base_price": Decimal(price)})
        shop.door.run(command, shop.actor)
    changes = history_of(shop.stores.postgres, "product", product_id)
    prices = [(change.before or {}).get("pricing.base_price") for change in changes if change.command == "catalog.edit"]
    assert [Decimal(str(price)) for price in prices] == [11, 10]
    assert {change.who for change in changes} == {shop.actor.email}
    assert len(history_of(shop.stores.postgres, "product", product_id, limit=1)) == 1
    assert history_of(shop.stores.postgres, "product", "nobody") == ()
