"""What the New-order screen asks of the data rooms. Every function runs in a thread; rooms are imported in it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from screens.basket import line_pairs

if TYPE_CHECKING:
    from data.customers.reads import AddressRow, CustomerDetail, CustomerRow
    from data.orders.messages import PlacedOrder, PlaceOrder
    from data.orders.offers import Offer
    from data.orders.rules import Address
    from data.shop import Shop

FORM = "new-order"


@dataclass(frozen=True)
class Draft:
    """What was typed before: the customer and the lines read anew, the rest as it was kept."""

    customer: CustomerDetail | None
    lines: tuple[tuple[Offer, int], ...]
    unknown: tuple[str, ...]
    content: dict[str, Any]


def find_customers(shop: Shop, text: str) -> tuple[CustomerRow, ...]:
    """Return the first customers the words fit; an order number or an e-mail is such a word too."""
    from data.customers.reads import search_customers

    return search_customers(shop.stores.postgres, text, limit=12).rows


def read_customer(shop: Shop, ref: str) -> CustomerDetail:
    """Return the customer with this id or e-mail."""
    from data.customers.reads import get_customer

    return get_customer(shop.stores.postgres, ref)


def find(shop: Shop, text: str) -> tuple[Offer, ...]:
    """Return what the entry may mean."""
    from data.orders.offers import find_offers

    return find_offers(shop.stores, text)


def refresh(shop: Shop, skus: Sequence[str]) -> dict[str, Offer]:
    """Return the offers of the lines as they are now."""
    from data.orders.offers import offers_of

    return offers_of(shop.stores, skus)


def read_rows(shop: Shop, rows: Sequence[tuple[str, int]]) -> tuple[tuple[tuple[Offer, int], ...], tuple[str, ...]]:
    """Return (offer, units) for each pasted row, and the SKUs nobody knows."""
    known = refresh(shop, [sku for sku, _ in rows])
    return (
        tuple((known[sku], quantity) for sku, quantity in rows if sku in known),
        tuple(sku for sku, _ in rows if sku not in known),
    )


def keep_draft(shop: Shop, content: dict[str, Any]) -> None:
    """Keep what is typed. A full disk must not stop the typing, so it is silent; placing says what it needs."""
    from data.drafts import save_draft

    with contextlib.suppress(OSError):
        save_draft(shop.settings.home, FORM, shop.actor.email, content)


def drop_draft(shop: Shop) -> None:
    """Forget what was typed."""
    from data.drafts import clear_draft

    clear_draft(shop.settings.home, FORM, shop.actor.email)


def read_draft(shop: Shop) -> Draft | None:
    """Return the kept draft with its products and customer as they are now, ``None`` where there is none."""
    from data.drafts import load_draft
    from data.errors import NotFound

    content = load_draft(shop.settings.home, FORM, shop.actor.email)
    if not content or not (content.get("lines") or content.get("user_id")):
        return None
    customer = None
    with contextlib.suppress(NotFound):
        customer = read_customer(shop, str(content["user_id"])) if content.get("user_id") else None
    lines, unknown = read_rows(shop, line_pairs(content.get("lines") or ()))
    return Draft(customer, lines, unknown, content)


def as_address(row: AddressRow) -> Address:
    """Return a stored address as an order holds it."""
    from data.orders.rules import Address

    return Address(
        street_address=row.street_address,
        city=row.city,
        postal_code=row.postal_code,
        country=row.country,
        state=row.state,
    )


def place_order(shop: Shop, command: PlaceOrder, key: str) -> PlacedOrder:
    """Place the order; a second call with the same key finds the first one's order."""
    done = shop.door.run(command, shop.actor, key=key)
    drop_draft(shop)
    placed: PlacedOrder = done.result
    return placed


def ways_to_pay(customer: CustomerDetail | None) -> list[tuple[str, str]]:
    """Return (value, label) of the ways to pay: the customer's own by last four digits, then those everybody has."""
    own = []
    for method in customer.payment_methods if customer else ():
        brand = method.card_brand or method.payment_type.replace("_", " ")
        digits = f" ··{method.card_last_four}" if method.card_last_four else ""
        expiry = f"  {method.expiry_month:02d}/{(method.expiry_year or 0) % 100:02d}" if method.expiry_month else ""
        own.append((f"{brand} {method.card_last_four}".strip(), f"{brand}{digits}{expiry}"))
    return [*own, ("invoice", "invoice, 14 days"), ("bank transfer", "bank transfer, in advance")]


def shipping_label(label: str, amount: Decimal) -> str:
    """Return a shipping method as a choice shows it."""
    return f"{label} {amount:,.2f}"
