"""What the New-order screen asks of the data rooms. Every function runs in a thread; rooms are imported in it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from data.ids import parse_id
from data.structs import convert
from screens.new_order.basket import BasketLine, PastedRow, kept_lines, pasted_row

if TYPE_CHECKING:
    from data.customers.reads import AddressRow, CustomerDetail, CustomerRow
    from data.orders.codes.rules import CodeTerms
    from data.orders.drafts.commands import DraftRow
    from data.orders.drafts.messages import HeldDraft
    from data.orders.messages import CartRef, PlaceOrder
    from data.orders.offers import Offer
    from data.orders.rules import Address
    from data.orders.taxes.rules import Taxes
    from data.shop import Shop

FORM = "new-order"


@dataclass(frozen=True)
class Draft:
    """What was typed before: the customer and the lines read anew, the rest as it was kept.

    ``placed`` is the number of the order that the draft became before the terminal was lost; then it is no draft more.
    """

    content: dict[str, Any]
    customer: CustomerDetail | None = None
    lines: tuple[BasketLine, ...] = ()
    unknown: tuple[str, ...] = ()
    placed: str = ""


@dataclass(frozen=True)
class Placed:
    """An order that stands; ``before`` where this very draft had been placed by an earlier try."""

    order_number: str
    units: int
    total: str
    before: bool


@dataclass(frozen=True)
class Found:
    """What an entry may mean, best first; ``certain`` where the first is it: its SKU, its barcode, or the only one.

    ``units`` were asked for behind the SKU (``RAM-0412 3``), ``None`` where nothing was.
    """

    offers: tuple[Offer, ...]
    certain: bool
    units: int | None = None


def find_customers(shop: Shop, text: str) -> tuple[CustomerRow, ...]:
    """Return the first customers the words fit: name, e-mail, phone; or the one whose order has that number."""
    from data.customers.reads import search_customers
    from data.errors import NotFound
    from data.ids import normal_order_number
    from data.orders.reads import get_order

    postgres = shop.stores.postgres
    number = normal_order_number(text.strip().removeprefix("#"))
    if number is not None and shop.actor.may("orders.view"):
        with contextlib.suppress(NotFound):
            order = get_order(postgres, number)
            return tuple(row for row in search_customers(postgres, order.email).rows if row.user_id == order.user_id)
    return search_customers(postgres, text, limit=12).rows


def read_customer(shop: Shop, ref: str) -> CustomerDetail:
    """Return the customer with this id or e-mail."""
    from data.customers.reads import get_customer

    return get_customer(shop.stores.postgres, ref)


def find(shop: Shop, text: str) -> Found:
    """Return what the entry may mean: a SKU or barcode with units behind it where there is such a product, or words."""
    from data.orders.offers import find_offers, offers_named

    row = pasted_row(text)
    if row.sku and (exact := offers_named(shop.stores, row.sku)):
        return Found(exact, certain=True, units=row.quantity)
    offers = find_offers(shop.stores, text)
    return Found(offers, bool(offers) and (len(offers) == 1 or offers[0].is_called(text)))


def refresh(shop: Shop, skus: Sequence[str], held: UUID | None = None) -> dict[str, Offer]:
    """Return the offers of the lines as they are now, by SKU as it was asked for, small letters or capitals.

    What the draft ``held`` holds is free to this order.
    """
    from data.orders.drafts.commands import units_held
    from data.orders.offers import offers_of

    known = offers_of(shop.stores, (*skus, *(sku.upper() for sku in skus)))
    if held is not None:
        known = _with_held(known, units_held(shop.stores.postgres, held))
    return {sku: known.get(sku) or known[sku.upper()] for sku in skus if sku in known or sku.upper() in known}


def _with_held(offers: dict[str, Offer], held: dict[tuple[str, str], int]) -> dict[str, Offer]:
    return {
        sku: replace(
            offer,
            stock=tuple((place, units + held.get((offer.product_id, place), 0)) for place, units in offer.stock),
        )
        for sku, offer in offers.items()
    }


def read_rows(shop: Shop, rows: Sequence[PastedRow]) -> tuple[tuple[tuple[Offer, int], ...], tuple[PastedRow, ...]]:
    """Return (offer, units) for each row of a list, and the rows that no product is known for."""
    known = refresh(shop, [row.sku for row in rows if row.sku])
    return (
        tuple((known[row.sku], row.quantity) for row in rows if row.sku in known),
        tuple(row for row in rows if row.sku not in known),
    )


def read_taxes(shop: Shop) -> Taxes:
    """Return the tax table, as orders are placed by it."""
    from data.orders.taxes.commands import taxes_now

    return taxes_now(shop.stores.postgres)


def read_code(shop: Shop, code: str) -> CodeTerms | None:
    """Return the discount code as it stands, ``None`` where there is none."""
    from data.errors import NotFound
    from data.orders.codes.commands import get_code

    with contextlib.suppress(NotFound):
        return get_code(shop.stores.postgres, code)
    return None


def read_cart(shop: Shop, user_id: UUID) -> CartRef | None:
    """Return the customer's cart where something is in it. A Redis that is away has no carts to offer."""
    from data.errors import Unavailable
    from data.orders.again import cart_ref, open_cart

    with contextlib.suppress(Unavailable):
        cart = open_cart(shop, user_id)
        return cart_ref(cart) if cart.lines else None
    return None


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
    from data.orders.reads import placed_with

    content = load_draft(shop.settings.home, FORM, shop.actor.email)
    if not content or not any(content.get(name) for name in ("lines", "user_id", "rows")):
        return None
    placed = placed_with(shop.stores.postgres, shop.actor.user_id, str(content.get("key") or ""))
    if placed is not None:
        drop_draft(shop)
        return Draft(content, placed=placed)
    return _draft_of(shop, content)


def _draft_of(shop: Shop, content: dict[str, Any]) -> Draft:
    """Return a draft with its products and customer as they are now."""
    from data.errors import NotFound

    customer = None
    with contextlib.suppress(NotFound):
        customer = read_customer(shop, str(content["user_id"])) if content.get("user_id") else None
    kept = kept_lines(content.get("lines"))
    known = refresh(shop, [line.sku for line in kept], parse_id(str(content.get("held") or "")))
    lines = tuple(BasketLine(known[line.sku], line.quantity, line.warehouse_id) for line in kept if line.sku in known)
    return Draft(content, customer, lines, tuple(line.sku for line in kept if line.sku not in known))


def hold_draft(shop: Shop, draft_id: UUID, content: dict[str, Any], until: datetime, key: str) -> HeldDraft:
    """Hold the draft and its stock until then; it is nobody's own any more. Raises as ``HoldDraft``."""
    from data.orders.drafts.messages import DraftContent, DraftLine, HoldDraft
    from data.orders.messages import CartRef

    draft = DraftContent(
        user_id=UUID(content["user_id"]) if content["user_id"] else None,
        lines=tuple(
            DraftLine(sku=line.sku, quantity=line.quantity, warehouse_id=line.warehouse_id)
            for line in kept_lines(content["lines"])
        ),
        address=content["address"],
        shipping_method=content["shipping_method"],
        payment_method=content["payment_method"],
        code=content["code"],
        cart=convert(content["cart"], CartRef | None),
    )
    held: HeldDraft = shop.door.run(
        HoldDraft(draft_id=draft_id, content=draft, until=until), shop.actor, key=key
    ).result
    drop_draft(shop)
    return held


def read_held(shop: Shop) -> tuple[DraftRow, ...]:
    """Return the held drafts of everybody, what runs out first on top."""
    from data.orders.drafts.commands import list_drafts

    return list_drafts(shop.stores.postgres, limit=12).rows


def take_held(shop: Shop, draft_id: UUID, key: str) -> Draft:
    """Take a held draft on, as one's own draft from now on. Raises ``NotFound`` where somebody was quicker."""
    from data.orders.drafts.messages import TakeDraft

    taken = shop.door.run(TakeDraft(draft_id=draft_id), shop.actor, key=key).result
    content = msgspec.to_builtins(taken.content) | {
        "lines": [[line.sku, line.quantity, line.warehouse_id] for line in taken.content.lines],
        "held": str(draft_id),
    }
    keep_draft(shop, content)
    return _draft_of(shop, content)


def release_held(shop: Shop, draft_id: UUID) -> None:
    """Let the stock of a held draft go."""
    from data.orders.drafts.commands import release

    release(shop, draft_id)


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


def place_order(shop: Shop, command: PlaceOrder, key: str, held: UUID | None = None) -> Placed:
    """Place the order; a later call with the same key finds the first one's order, whatever was changed meanwhile.

    ``held`` is the held draft whose stock it may have.
    """
    from data.errors import Conflict
    from data.orders.again import place
    from data.orders.drafts.commands import place_held
    from data.orders.reads import get_order, placed_with

    try:
        done = place_held(shop, command, held, key=key) if held else place(shop, command, key=key)
    except Conflict:
        number = placed_with(shop.stores.postgres, shop.actor.user_id, key)
        if number is None:
            raise
        order = get_order(shop.stores.postgres, number)
        placed = _placed(order.order_number, order.items, order.total_amount, order.currency, before=True)
    else:
        made = done.result
        placed = _placed(made.order_number, made.items, made.total_amount, made.currency, before=done.replayed)
    drop_draft(shop)
    return placed


def _placed(number: str, items: Sequence[Any], total: Decimal, currency: str, *, before: bool) -> Placed:
    return Placed(number, sum(item.quantity for item in items), f"{total:,.2f} {currency}", before)


def ways_to_pay(customer: CustomerDetail | None) -> list[tuple[str, str]]:
    """Return (value, label) of the ways to pay: the customer's own by last four digits, then those everybody has."""
    own = []
    for method in customer.payment_methods if customer else ():
        brand = method.card_brand or method.payment_type.replace("_", " ")
        digits = f" ··{method.card_last_four}" if method.card_last_four else ""
        expiry = f"  {method.expiry_month:02d}/{(method.expiry_year or 0) % 100:02d}" if method.expiry_month else ""
        own.append((f"{brand} {method.card_last_four}".strip(), f"{brand}{digits}{expiry}"))
    return [*own, ("invoice", "invoice, 14 days"), ("bank transfer", "bank transfer, in advance")]
