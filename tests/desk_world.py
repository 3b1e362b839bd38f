"""A small shop on one day: what the tests and pictures of the desk's screens look at. Made through the door."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from data.access.messages import SaveStaff
from data.access.reads import actor_by_email
from data.catalog.messages import ProductInput, PutProduct
from data.command import Command
from data.customers.messages import AddPaymentMethod, SaveAddress, SaveCustomer
from data.orders.messages import ChangeOrderStatus, OrderLineInput, PlacedOrder, PlaceOrder
from data.payments.messages import RecordPayment
from data.shop import Shop
from data.stock.messages import ReceiveStock, SaveWarehouse, SetReorderLevel

#: A Thursday at half past two in the afternoon.
NOON = datetime(2025, 6, 12, 14, 30, tzinfo=UTC)
PRODUCTS: tuple[tuple[str, str, str, dict[str, int]], ...] = (
    ("CAB-0031", "USB-C cable 1 m", "12.50", {"WH1": 0, "WH2": 31}),
    ("CAB-0044", "USB-C cable 2 m", "15.90", {"WH1": 40}),
    ("GPU-0033", "Palit RTX 3050 StormX", "189.00", {"WH1": 3}),
    ("RAM-0412", "Corsair Vengeance 32 GB", "79.95", {"WH1": 26, "WH2": 4}),
    ("SSD-0107", "Samsung 990 1 TB", "109.00", {"WH1": 2, "WH2": 3}),
)
PEOPLE: tuple[tuple[str, str, str, str, tuple[str, str, str, str, str]], ...] = (
    ("Ann", "Lee", "ann@lee.example", "+49 30 901820", ("Kantstr. 12", "Berlin", "", "10623", "DE")),
    ("Björk", "Guðmundsdóttir", "bjork@example.com", "+354 555 0101", ("Laugavegur 7", "Reykjavík", "", "101", "IS")),
    ("Chen", "Wei", "chen.wei@example.com", "+1 555 0142", ("9 Elm St", "Portland", "OR", "97201", "US")),
    ("O'Neil & Sons", "", "buying@oneil.example", "", ("4 Quay St", "Galway", "", "H91", "IE")),
)


@dataclass(frozen=True)
class Desk:
    """The shop with somebody of its staff at the desk, the customers by first name, the orders by what they are."""

    shop: Shop
    customers: Mapping[str, UUID]
    orders: Mapping[str, PlacedOrder]

    def do(self, command: Command, key: str | None = None) -> Any:
        """Run ``command`` and return its result."""
        return self.shop.door.run(command, self.shop.actor, key=key).result

    def number(self, name: str) -> str:
        """The number of the order called ``name``."""
        return self.orders[name].order_number


def at_the_desk(shop: Shop, role: str = "admin", name: str = "Ann") -> Shop:
    """Return ``shop`` with a member of staff in ``role`` acting."""
    email = f"{name.lower()}@storekeeper.example"
    command = SaveStaff(email=email, first_name=name, last_name="Keller", roles=(role,))
    shop.door.run(command, shop.actor)
    return dataclasses.replace(shop, actor=actor_by_email(shop.stores.postgres, email))


def furnish(shop: Shop) -> Desk:
    """Fill ``shop`` with five products, four customers and five orders; search and analytics know them."""
    from data.events.relay import drain

    shop = at_the_desk(shop)
    run = shop.door.run
    for warehouse, label in (("WH1", "Berlin"), ("WH2", "Rotterdam")):
        run(SaveWarehouse(warehouse_id=warehouse, label=label), shop.actor)
    for sku, title, price, stock in PRODUCTS:
        product = ProductInput(sku=sku, title=title, base_price=Decimal(price), category=("Parts",))
        product_id = run(PutProduct(product=product), shop.actor).result.product_id
        for warehouse, units in stock.items():
            if units:
                run(ReceiveStock(product_id=product_id, warehouse_id=warehouse, quantity=units), shop.actor)
    run(SetReorderLevel(product_id="GPU-0033", warehouse_id="WH1", reorder_level=5), shop.actor)
    customers = {first: _person(shop, first, *rest) for first, *rest in PEOPLE}  # type: ignore[arg-type]
    desk = Desk(shop, customers, {})
    desk = dataclasses.replace(desk, orders=_orders(desk))
    drain(shop)
    return desk


def _person(shop: Shop, first: str, last: str, email: str, phone: str, address: tuple[str, str, str, str, str]) -> UUID:
    registered = NOON - timedelta(days=300)
    command = SaveCustomer(email=email, first_name=first, last_name=last, phone=phone, registered_at=registered)
    user_id: UUID = shop.door.run(command, shop.actor).result.user_id
    street, city, state, postal_code, country = address
    home = SaveAddress(
        user_id=user_id,
        address_type="shipping",
        is_default=True,
        street_address=street,
        city=city,
        state=state,
        postal_code=postal_code,
        country=country,
    )
    shop.door.run(home, shop.actor)
    if first == "Ann":
        card = AddPaymentMethod(
            user_id=user_id,
            payment_type="credit_card",
            is_default=True,
            card_last_four="4242",
            card_brand="visa",
            expiry_month=1,
            expiry_year=2028,
        )
        shop.door.run(card, shop.actor)
    return user_id


def place(desk: Desk, who: str, *lines: tuple[str, int], ago: timedelta = timedelta(0), **fields: Any) -> PlacedOrder:
    """Place an order ``ago`` before noon, by invoice."""
    command = PlaceOrder(
        user_id=desk.customers[who],
        lines=tuple(OrderLineInput(sku=sku, quantity=quantity) for sku, quantity in lines),
        placed_at=NOON - ago,
        payment_method="invoice",
        **({"channel": "phone"} | fields),
    )
    placed: PlacedOrder = desk.do(command)
    return placed


def _orders(desk: Desk) -> dict[str, PlacedOrder]:
    hours, days = (lambda count: timedelta(hours=count)), (lambda count: timedelta(days=count))
    orders = {
        "old": place(desk, "O'Neil & Sons", ("CAB-0044", 4), ("GPU-0033", 1), ago=days(9)),
        "last week": place(desk, "Björk", ("RAM-0412", 1), ago=days(7) + hours(1)),
        "late": place(desk, "Chen", ("SSD-0107", 1), ago=days(5)),
        "part": place(desk, "Björk", ("RAM-0412", 2), ("CAB-0031", 1), ago=hours(3)),
        "new": place(desk, "Ann", ("RAM-0412", 2), ("CAB-0031", 1), ago=timedelta(minutes=12), notes="call first"),
    }
    for name, steps in {"old": ("cancelled",), "late": ("confirmed",), "part": ("confirmed", "processing")}.items():
        step(desk, orders[name], *steps)
    step(desk, orders["last week"], "confirmed", "shipped", "delivered")
    pay(desk, orders["last week"], orders["last week"].total_amount)
    pay(desk, orders["part"], Decimal("20.00"))
    return orders


def step(desk: Desk, order: PlacedOrder, *statuses: str) -> None:
    """Take ``order`` through ``statuses``, ten minutes before noon."""
    for status in statuses:
        at = NOON - timedelta(minutes=10)
        reason = "ordered twice" if status == "cancelled" else ""
        desk.do(ChangeOrderStatus(order_id=order.order_id, new_status=status, reason=reason, at=at))


def pay(desk: Desk, order: PlacedOrder, amount: Decimal) -> None:
    """Book ``amount`` as taken for ``order``, ten minutes before noon."""
    at = NOON - timedelta(minutes=10)
    desk.do(RecordPayment(order_id=order.order_id, kind="capture", amount=amount, provider="card", at=at))
