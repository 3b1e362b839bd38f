"""Drafts that hold stock until a date: one list for everybody, each draft taken on by one person.

The stock is a reservation of the draft (``data.stock.holding``), made by the transaction that keeps the draft. Taking
one on deletes its row, so nobody can place it twice; its stock stays held until the order takes it over, in the one
statement that places it (``PlaceOrder.draft_id``): there is no moment in which somebody else could have it. Rejected:
letting go an instant before, which a stranger's order could fall into.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from data.customers.schema import User
from data.door import UnitOfWork, handles
from data.errors import Invalid, NotFound
from data.orders.again import place
from data.orders.drafts.messages import DraftContent, HeldDraft, HoldDraft, TakeDraft
from data.orders.messages import CartRef, OrderLineInput, PlaceOrder
from data.orders.origin_schema import OrderDraft
from data.paging import decode_cursor, encode_cursor
from data.stock.holding import MAX_MINUTES, release_reservation, reserve_stock
from data.stock.messages import ReleaseReservation, ReserveLine, ReserveStock
from data.stock.schema import Reservation
from data.structs import convert
from data.types import Page

if TYPE_CHECKING:
    from data.door import Done
    from data.shop import Shop
    from data.stores.postgres import Postgres

__all__ = [
    "DraftRow",
    "as_order",
    "get_draft",
    "hold_draft",
    "list_drafts",
    "place_held",
    "release",
    "take_draft",
    "units_held",
]

LISTING = "drafts:held_until"
OWNER = "draft"
_ROWS = """
    SELECT d.draft_id, d.content, d.held_until, d.created_at, d.held_until <= now() AS is_due,
           coalesce(nullif(trim(concat(o.first_name, ' ', o.last_name)), ''), o.email) AS owner,
           coalesce(nullif(trim(concat(c.first_name, ' ', c.last_name)), ''), c.email, '') AS customer
      FROM order_drafts d
      JOIN users o ON o.user_id = d.owner_id
      LEFT JOIN users c ON c.user_id = d.customer_id
     WHERE (d.held_until, d.draft_id) > (:at, :id)
     ORDER BY d.held_until, d.draft_id LIMIT :limit
"""


@dataclass(frozen=True)
class DraftRow:
    """A held draft in the list; ``is_due`` says that its stock is anybody's again."""

    draft_id: UUID
    content: DraftContent
    held_until: datetime
    created_at: datetime
    is_due: bool
    owner: str
    customer: str

    @property
    def units(self) -> int:
        """All units of the draft."""
        return sum(line.quantity for line in self.content.lines)


@handles(HoldDraft)
def hold_draft(command: HoldDraft, uow: UnitOfWork) -> HeldDraft:
    """Keep the draft and hold its stock; see ``HoldDraft`` for what is raised."""
    content = command.content
    minutes = math.ceil((command.until - uow.now).total_seconds() / 60)
    if not 1 <= minutes <= MAX_MINUTES:
        raise Invalid({"until": "lies between now and 30 days from now"})
    if not content.lines:
        raise Invalid({"lines": "a draft that holds stock has at least one"})
    if content.user_id is not None:
        found = uow.connection.execute(select(User.user_id).where(User.user_id == content.user_id)).first()
        if found is None:
            raise NotFound("customer", str(content.user_id))
    lines = tuple(
        ReserveLine(product_id=line.sku, quantity=line.quantity, warehouse_id=line.warehouse_id)
        for line in content.lines
    )
    hold = ReserveStock(owner_type=OWNER, owner_id=str(command.draft_id), lines=lines, minutes=minutes)
    reserve_stock(hold, uow)
    values = {
        "customer_id": content.user_id,
        "content": msgspec.to_builtins(content),
        "held_until": command.until,
    }
    statement = insert(OrderDraft).values(
        draft_id=command.draft_id, owner_id=uow.actor.user_id, created_at=uow.now, **values
    )
    uow.connection.execute(statement.on_conflict_do_update(index_elements=[OrderDraft.draft_id], set_=values))
    held = HeldDraft(draft_id=command.draft_id, content=content, held_until=command.until)
    uow.record("draft", command.draft_id, None, held)
    return held


@handles(TakeDraft)
def take_draft(command: TakeDraft, uow: UnitOfWork) -> HeldDraft:
    """Take the draft out of the list; see ``TakeDraft`` for what is raised."""
    row = uow.connection.execute(
        delete(OrderDraft)
        .where(OrderDraft.draft_id == command.draft_id)
        .returning(OrderDraft.content, OrderDraft.held_until)
    ).first()
    if row is None:
        raise NotFound("held draft", str(command.draft_id))
    if command.release:
        release_reservation(ReleaseReservation(owner_type=OWNER, owner_id=str(command.draft_id)), uow)
    taken = HeldDraft(draft_id=command.draft_id, content=convert(row.content, DraftContent), held_until=row.held_until)
    uow.record("draft", command.draft_id, taken, None)
    return taken


def list_drafts(postgres: Postgres, *, after: str | None = None, limit: int = 50) -> Page[DraftRow]:
    """Return a page of the held drafts of everybody, what runs out first on top. Raises ``Invalid`` for a cursor."""
    at, draft_id = decode_cursor(LISTING, after) if after else (datetime.min.replace(tzinfo=UTC), UUID(int=0))
    with postgres.reading() as connection:
        found = connection.execute(text(_ROWS), {"at": at, "id": draft_id, "limit": limit + 1}).mappings()
        rows = [DraftRow(**{**row, "content": convert(row["content"], DraftContent)}) for row in found]
    more, rows = len(rows) > limit, rows[:limit]
    last = encode_cursor(LISTING, rows[-1].held_until, rows[-1].draft_id) if more else None
    return Page(rows=tuple(rows), after=last)


def get_draft(postgres: Postgres, draft_id: UUID) -> DraftContent:
    """Return what a held draft is. Raises ``NotFound``."""
    with postgres.reading() as connection:
        found = connection.execute(select(OrderDraft.content).where(OrderDraft.draft_id == draft_id)).first()
    if found is None:
        raise NotFound("held draft", str(draft_id))
    return convert(found.content, DraftContent)


def as_order(draft_id: UUID, content: DraftContent) -> PlaceOrder:
    """Return the command that places a draft: once, whoever else has read it. Raises ``Invalid`` without a customer."""
    if content.user_id is None:
        raise Invalid({"customer": "the draft has none yet"})
    return PlaceOrder(
        user_id=content.user_id,
        lines=tuple(
            OrderLineInput(sku=line.sku, quantity=line.quantity, warehouse_id=line.warehouse_id or None)
            for line in content.lines
        ),
        shipping_address_id=UUID(content.address) if content.address else None,
        shipping_method=content.shipping_method,
        payment_method=content.payment_method,
        code=content.code,
        cart=content.cart or CartRef(cart_id=f"{OWNER}:{draft_id}", lines=()),
    )


def units_held(postgres: Postgres, draft_id: UUID) -> dict[tuple[str, str], int]:
    """Return the units the draft holds, by product and warehouse; a hold that ran out holds nothing."""
    with postgres.reading() as connection:
        rows = connection.execute(
            select(Reservation.product_id, Reservation.warehouse_id, Reservation.quantity).where(
                Reservation.owner_type == OWNER,
                Reservation.owner_id == str(draft_id),
                Reservation.released_at.is_(None),
                Reservation.expires_at > func.now(),
            )
        )
        return {(row.product_id, row.warehouse_id): row.quantity for row in rows}


def place_held(shop: Shop, command: PlaceOrder, draft_id: UUID, *, key: str | None = None) -> Done[Any]:
    """Place an order that takes over the stock this draft holds. Raises as ``PlaceOrder``; then it holds on."""
    return place(shop, msgspec.structs.replace(command, draft_id=draft_id), key=key)


def release(shop: Shop, draft_id: UUID) -> None:
    """Let go of what the draft holds."""
    shop.door.run(ReleaseReservation(owner_type=OWNER, owner_id=str(draft_id)), shop.actor)
