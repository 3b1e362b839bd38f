"""Jumping to anything by what stands on a label, in a mail or on the phone: order number, e-mail, telephone number,
SKU, barcode, tracking number.

Each source takes the open shop and the text typed, runs in a thread, and returns where it leads, or nothing. A data
room that has another handle on its things adds a function to ``SOURCES``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from data.errors import NotFound, StorekeeperError
from data.ids import normal_order_number

if TYPE_CHECKING:
    from data.shop import Shop

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{5,24}")
_TRACKING = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{4,99}")
_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{2,99}")


@dataclass(frozen=True)
class Destination:
    """A thing found: what it is, how it is called, and the screen with its arguments."""

    kind: str
    label: str
    place: str
    arguments: dict[str, Any] = field(default_factory=dict)


Source = Callable[["Shop", str], Destination | None]


def to_order(shop: Shop, text: str) -> Destination | None:
    """Return the order whose number ``text`` spells, however it is cased or dashed."""
    number = normal_order_number(text)
    if number is None:
        return None
    from data.orders.reads import get_order

    order = get_order(shop.stores.postgres, number)
    return Destination("order", order.order_number, "order", {"order_number": order.order_number})


def to_customer(shop: Shop, text: str) -> Destination | None:
    """Return the customer with the e-mail address ``text``."""
    if not _EMAIL.fullmatch(text):
        return None
    from data.customers.reads import get_customer

    customer = get_customer(shop.stores.postgres, text)
    return Destination("customer", customer.email, "customer", {"user_id": str(customer.user_id)})


def to_caller(shop: Shop, text: str) -> Destination | None:
    """Return the one customer whose telephone number begins with ``text``, however it is spaced."""
    if not _PHONE.fullmatch(text):
        return None
    from data.customers.reads import search_customers

    found = search_customers(shop.stores.postgres, text, limit=2).rows
    if len(found) != 1:
        return None
    return Destination(
        "customer", f"{found[0].email}  {found[0].phone}", "customer", {"user_id": str(found[0].user_id)}
    )


def to_parcel(shop: Shop, text: str) -> Destination | None:
    """Return the order that has a parcel with the tracking number ``text``."""
    if not _TRACKING.fullmatch(text):
        return None
    from data.shipments.reads import order_of_parcel

    number = order_of_parcel(shop.stores.postgres, text)
    return None if number is None else Destination("parcel", f"{text} of {number}", "order", {"order_number": number})


def to_product(shop: Shop, text: str) -> Destination | None:
    """Return the product with the SKU or barcode ``text``."""
    if not _SKU.fullmatch(text):
        return None
    from data.catalog.reads import by_skus, get_product

    found = by_skus(shop.stores.mongo, [text, text.upper()])
    product = found.get(text) or found.get(text.upper()) or get_product(shop.stores.mongo, text)
    return Destination("product", f"{product.sku}  {product.title}", "product", {"product_id": product.sku})


SOURCES: tuple[Source, ...] = (to_order, to_customer, to_caller, to_parcel, to_product)


def find(shop: Shop, text: str) -> tuple[Destination, ...]:
    """Return every thing that ``text`` names; a store that is away only takes its own kind with it."""
    found = []
    for source in SOURCES:
        try:
            destination = source(shop, text)
        except NotFound:
            continue
        except StorekeeperError as error:
            found.append(Destination("not looked up", str(error), ""))
            continue
        if destination is not None:
            found.append(destination)
    return tuple(found)
