"""The sales reads over facts whose sums are known, on the real engine."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from data.analytics import reads
from data.analytics.schema import COLUMNS, LINES, ensure_schema
from data.stores import Stores
from data.stores.clickhouse import Analytics

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def analytics(stores: Stores) -> Analytics:
    ensure_schema(stores.analytics)
    return stores.analytics


def line(placed_at: datetime, *, product: str = "p1", quantity: int = 1, price: str = "10.00", **more: object) -> dict:
    amount = Decimal(price)
    fact = {
        "order_id": uuid4(), "order_item_id": uuid4(), "order_number": "0000-0000", "user_id": None,
        "product_id": product, "sku": f"SKU-{product}", "brand": "Dell", "category": "A > B", "warehouse_id": "WH1",
        "channel": "web", "quantity": quantity, "unit_price": amount, "total_price": amount * quantity,
        "discount_amount": Decimal("0.00"), "tax_amount": Decimal("0.00"), "order_status": "confirmed",
        "currency": "USD", "country": "US", "placed_at": placed_at, "version": 1,
    }  # fmt: skip
    return fact | more


def put(analytics: Analytics, *facts: dict) -> None:
    analytics.insert(LINES, tuple(COLUMNS), [tuple(fact[name] for name in COLUMNS) for fact in facts])


def test_days_come_without_gaps_and_add_up(analytics: Analytics) -> None:
    order: UUID = uuid4()
    put(
        analytics,
        line(NOW, order_id=order, price="0.10", quantity=3),
        line(NOW, order_id=order, price="19.99"),
        line(NOW - timedelta(days=3), price="5.00", discount_amount=Decimal("0.50")),
        line(NOW - timedelta(days=8)),
    )
    days = reads.sales_by_day(analytics, 7, now=NOW)
    assert [day.day for day in days] == [date(2026, 3, 4) + timedelta(days=n) for n in range(7)]
    assert days[-1] == reads.SalesDay(date(2026, 3, 10), 1, 4, Decimal("20.29"))
    assert days[-4] == reads.SalesDay(date(2026, 3, 7), 1, 1, Decimal("4.50"))
    assert all(day.orders == 0 and day.revenue == Decimal("0.00") for day in days[:3])


@pytest.mark.parametrize("status", reads.NOT_SOLD)
def test_what_was_cancelled_or_refunded_is_no_sale(analytics: Analytics, status: str) -> None:
    sold = line(NOW, price="30.00")
    put(analytics, sold)
    assert reads.sales_by_day(analytics, 1, now=NOW)[0].revenue == Decimal("30.00")
    put(analytics, sold | {"order_status": status, "version": 2})
    assert reads.sales_by_day(analytics, 1, now=NOW)[0] == reads.SalesDay(NOW.date())
    assert reads.popular_product_ids(analytics, 90, now=NOW + timedelta(hours=1)) == ()


def test_an_old_version_that_comes_late_changes_nothing(analytics: Analytics) -> None:
    fact = line(NOW, price="30.00")
    put(analytics, fact | {"version": 5, "quantity": 2, "total_price": Decimal("60.00")})
    put(analytics, fact)
    put(analytics, fact)
    assert reads.sales_by_day(analytics, 1, now=NOW)[0] == reads.SalesDay(NOW.date(), 1, 2, Decimal("60.00"))
    analytics.command(f"OPTIMIZE TABLE {LINES} FINAL")
    assert reads.sales_by_day(analytics, 1, now=NOW)[0] == reads.SalesDay(NOW.date(), 1, 2, Decimal("60.00"))


def test_a_day_is_the_callers_day(analytics: Analytics) -> None:
    put(analytics, line(datetime(2026, 3, 9, 23, 30, tzinfo=UTC)))  # half past midnight in Berlin
    assert reads.sales_by_day(analytics, 2, now=NOW)[0].orders == 1
    assert reads.sales_by_day(analytics, 2, BERLIN, now=NOW)[1].orders == 1
    assert [hour.hour for hour in reads.sales_by_hour(analytics, date(2026, 3, 10), BERLIN) if hour.orders] == [0]
    assert [hour.hour for hour in reads.sales_by_hour(analytics, date(2026, 3, 9)) if hour.orders] == [23]


def test_currencies_are_not_added_up(analytics: Analytics) -> None:
    put(analytics, line(NOW, price="10.00"), line(NOW, price="7.00", currency="EUR"))
    assert reads.sales_by_day(analytics, 1, now=NOW)[0].revenue == Decimal("10.00")
    assert reads.sales_by_day(analytics, 1, currency="EUR", now=NOW)[0].revenue == Decimal("7.00")


def test_today_is_compared_up_to_the_same_time_of_day(analytics: Analytics) -> None:
    week = timedelta(days=7)
    put(
        analytics,
        line(NOW - timedelta(hours=1), price="30.00"),
        line(NOW - week - timedelta(hours=1), price="20.00"),
        line(NOW - week + timedelta(hours=1), price="500.00"),
    )
    compared = reads.compare_with_last_week(analytics, now=NOW)
    assert (compared.today.revenue, compared.last_week.revenue) == (Decimal("30.00"), Decimal("20.00"))
    assert compared.change_percent == Decimal("50.0")


def test_top_popular_and_unsold_products(analytics: Analytics) -> None:
    put(
        analytics,
        *(line(NOW - timedelta(days=1), product="often", price="1.00") for _ in range(3)),
        line(NOW - timedelta(days=1), product="dear", price="900.00"),
        line(NOW - timedelta(days=1), product="many", price="0.10", quantity=50),
        line(NOW - timedelta(days=60), product="old", price="9.00"),
    )
    top = reads.top_products(analytics, 30, 2, now=NOW)
    assert [(found.product_id, found.sku, found.revenue) for found in top] == [
        ("dear", "SKU-dear", Decimal("900.00")),
        ("many", "SKU-many", Decimal("5.00")),
    ]
    assert reads.popular_product_ids(analytics, 30, now=NOW) == ("often", "many", "dear")
    assert reads.popular_product_ids(analytics, 30, 1, now=NOW) == ("often",)
    assert reads.not_moving(analytics, ["old", "many", "never"], 30, now=NOW) == ("old", "never")
    assert reads.units_sold(analytics, 30, now=NOW) == {"many": 50, "often": 3, "dear": 1}
    sold = reads.product_sales(analytics, "often", 7, now=NOW)
    assert (sold.orders, sold.units, sold.revenue) == (3, 3, Decimal("3.00"))
    assert sold.last_sold_at == NOW - timedelta(days=1)
    assert len(sold.days) == 7
    never = reads.product_sales(analytics, "never", 7, now=NOW)
    assert (never.orders, never.last_sold_at) == (0, None)


def test_a_shop_that_has_sold_nothing_has_figures_too(analytics: Analytics) -> None:
    assert reads.last_sale_at(analytics) is None
    assert reads.top_products(analytics, 30) == ()
    assert reads.compare_with_last_week(analytics).change_percent is None
    put(analytics, line(NOW))
    assert reads.last_sale_at(analytics) == NOW
