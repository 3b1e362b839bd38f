"""Customers, products and stock for the tests of orders, made through the door; orders placed and questions asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from data.customers.messages import SaveCustomer
from data.door import Done
from data.orders.messages import Address, OrderLineInput, PlaceOrder
from data.shop import Shop
from data.stock.messages import ReceiveStock, SaveWarehouse
from tests.relay_world import put_product

ADDRESS = Address(street_address="1 Main St", city="Portland", state="OR", postal_code="97201", country="US")

#: a cart line as tests write it: (sku, quantity) or (sku, quantity, warehouse)
Line = tuple[str, int] | tuple[str, int, str]


def customer(shop: Shop, email: str = "ann@lee.example", **fields: Any) -> UUID:
    """Save a customer and return the id."""
    names = {"first_name": "Ann", "last_name": "Lee"} | fields
    user_id: UUID = shop.door.run(SaveCustomer(email=email, **names), shop.actor).result.user_id
    return user_id


def warehouses(shop: Shop, *names: str) -> None:
    """Make warehouses."""
    for name in names:
        shop.door.run(SaveWarehouse(warehouse_id=name, label=name), shop.actor)


def product(shop: Shop, sku: str, stock: dict[str, int] | None = None, **patch: Any) -> str:
    """Put a product into the catalog (10.00 unless ``pricing__base_price`` is given) and stock into warehouses."""
    product_id = put_product(shop.stores, sku, **patch)
    for warehouse, units in (stock or {}).items():
        shop.door.run(ReceiveStock(product_id=product_id, warehouse_id=warehouse, quantity=units), shop.actor)
    return product_id


def cart(lines: Sequence[Line]) -> tuple[OrderLineInput, ...]:
    """Return the lines of a command."""
    return tuple(
        OrderLineInput(sku=line[0], quantity=line[1], warehouse_id=line[2] if len(line) == 3 else None)
        for line in lines
    )


def place(shop: Shop, user_id: UUID, *lines: Line, key: str | None = None, **fields: Any) -> Done[Any]:
    """Place an order to ``ADDRESS``."""
    fields = {"shipping_address": ADDRESS} | fields
    return shop.door.run(PlaceOrder(user_id=user_id, lines=cart(lines), **fields), shop.actor, key=key)


def sql(shop: Shop, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a question to PostgreSQL."""
    with shop.stores.postgres.reading() as connection:
        return [tuple(row) for row in connection.execute(text(statement), values)]


def one(shop: Shop, statement: str, **values: Any) -> Any:
    """Return the one figure of a question."""
    ((value,),) = sql(shop, statement, **values)
    return value
