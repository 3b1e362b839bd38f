"""What an edit begins with: the order as it stands, and the stock its products have."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select, text

from data.catalog.reads import get_products
from data.errors import Unavailable
from data.orders.editing.facts import OrderFacts, TaxedAs, facts_of, prices_hold_tax
from data.orders.editing.units import Key
from data.orders.reads import get_order
from data.orders.schema import Order, OrderItem
from data.orders.taxes.commands import taxes_now
from data.payments.sums import money_of

if TYPE_CHECKING:
    import sqlalchemy

    from data.stores import Stores

__all__ = ["Editable", "edited_with", "free_units", "how_taxed", "read_editable"]

_FREE = text(
    """
    SELECT i.product_id, i.warehouse_id, i.available_stock
      FROM inventory i JOIN warehouses w ON w.warehouse_id = i.warehouse_id AND w.is_active
     WHERE i.product_id = ANY(:products)
    """
)
_EDITED_WITH = text(
    "SELECT EXISTS (SELECT FROM idempotency_keys WHERE actor_id = :actor_id AND key = :key AND command = 'orders.edit')"
)
_AMOUNTS = text("SELECT tax_amount, tax_included_amount FROM orders WHERE order_id = :order_id")
_PRODUCTS = text("SELECT DISTINCT product_id FROM order_items WHERE order_id = :order_id")


@dataclass(frozen=True)
class Editable:
    """An order and the units of its products that can be sold, by product and warehouse."""

    order: OrderFacts
    free: dict[Key, int]


def read_editable(stores: Stores, ref: str | UUID) -> Editable:
    """Return the order with this number or id as an edit begins with it.

    Raises ``NotFound``. Where only the catalog could say whether prices hold tax and it is away, they count as without:
    the handler asks again, and refuses a total that was shown wrong.
    """
    order_id = ref if isinstance(ref, UUID) else get_order(stores.postgres, ref).order_id
    rows = taxes_now(stores.postgres).own
    taxed: dict[str, TaxedAs] = {}
    with contextlib.suppress(Unavailable):
        taxed = how_taxed(stores, order_id, moving=True)
    with stores.postgres.reading() as connection:
        order = connection.execute(select(Order.__table__).where(Order.order_id == order_id)).one()
        items = connection.execute(select(OrderItem.__table__).where(OrderItem.order_id == order_id)).all()
        money = money_of(connection, [order_id])[order_id]
        facts = facts_of(order, items, money.captured, money.refunded, taxed, rows)
        return Editable(facts, free_units(connection, {line.product_id for line in facts.lines}))


def free_units(connection: sqlalchemy.Connection, products: Iterable[str]) -> dict[Key, int]:
    """Return the units of ``products`` that can be sold, in each warehouse that serves anybody."""
    rows = connection.execute(_FREE, {"products": list(products)})
    return {(row.product_id, row.warehouse_id): row.available_stock for row in rows}


def how_taxed(stores: Stores, order_id: UUID, *, moving: bool) -> dict[str, TaxedAs]:
    """Return for each product of the order what tax goes by, where only the catalog can tell.

    It can where the order's amounts don't say whether its prices contain their tax, or where some category has a rate
    of its own. An untaxed order that is not ``moving`` to another address stays untaxed, so nobody is asked. Asked
    before anything is locked. A product that is gone counts as without tax. Raises ``Unavailable`` where MongoDB is
    away.
    """
    by_category = taxes_now(stores.postgres).by_category
    with stores.postgres.reading() as connection:
        amounts = connection.execute(_AMOUNTS, {"order_id": order_id}).one_or_none()
        told = amounts is None or prices_hold_tax(*amounts) is not None or not (amounts.tax_amount or moving)
        if told and not by_category:
            return {}
        products = connection.execute(_PRODUCTS, {"order_id": order_id}).scalars().all()
    found = get_products(stores.mongo, products)
    return {each: TaxedAs(product.pricing.tax_inclusive, product.category.names) for each, product in found.items()}


def edited_with(stores: Stores, actor_id: UUID, key: str) -> bool:
    """Say whether the actor's edit with this idempotency key was made."""
    if not key.isprintable():  # the door takes no such key
        return False
    with stores.postgres.reading() as connection:
        return bool(connection.execute(_EDITED_WITH, {"actor_id": actor_id, "key": key}).scalar_one())
