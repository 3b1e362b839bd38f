"""Exchanges: the draft of an order that replaces what a customer sends back, with the balance between the two.

The draft becomes an order through ``orders.place`` like any other, under a key made of the exchange's id: a process
killed between placing and linking finds the same order when it tries again. Placing it inside the return's transaction
was rejected, since placement is one statement of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, insert, select, update

from data.catalog.prices import products_for_sale
from data.door import UnitOfWork, handles
from data.errors import Conflict, Invalid, NotFound
from data.ids import new_id
from data.orders.cart import price_lines, refs_of
from data.orders.lines import worths_of
from data.orders.locks import lock_items, lock_order
from data.orders.messages import Address, OrderLineInput, PlacedOrder, PlaceOrder
from data.orders.rules import Totals, quote
from data.orders.taxes.commands import taxes_now
from data.orders.worth import units_worth
from data.returns.messages import DraftExchange, ExchangeDrafted, LinkExchange
from data.returns.schema import Exchange, Return, ReturnItem
from data.structs import convert

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["draft_exchange", "link_exchange", "place_exchange"]


@handles(DraftExchange)
def draft_exchange(command: DraftExchange, uow: UnitOfWork) -> ExchangeDrafted:
    """Draft the exchange; see ``DraftExchange`` for what is raised."""
    chosen = Return.return_id == command.return_id
    order_id = uow.connection.execute(select(Return.order_id).where(chosen)).scalar()
    if order_id is None:
        raise NotFound("return", str(command.return_id))
    order = lock_order(uow.connection, order_id)
    back = uow.connection.execute(select(Return.__table__).where(chosen)).one()
    if back.status == "cancelled":
        raise Invalid({"return_id": "this return was cancelled"})
    totals = _quoted(uow, order, command.lines)
    credit = _credit(uow, order, back)
    _replace_former(uow, command.return_id)
    row = {
        "exchange_id": new_id(),
        "return_id": command.return_id,
        "status": "draft",
        "lines": msgspec.to_builtins(command.lines),
        "total_amount": totals.total_amount,
        "credit_amount": credit,
        "balance_amount": totals.total_amount - credit,
        "currency": order.currency,
        "created_by": uow.actor.user_id,
        "created_at": uow.now,
    }
    uow.connection.execute(insert(Exchange).values(row))
    drafted = _told(_locked(uow, row["exchange_id"]))
    uow.record("order", order.order_id, None, drafted)
    return drafted


def _quoted(uow: UnitOfWork, order: Row[Any], lines: Sequence[OrderLineInput]) -> Totals:
    refs = refs_of(lines)
    priced = price_lines(lines, refs, products_for_sale(uow.stores.mongo, refs))
    address, method = convert(order.shipping_address, Address), order.shipping_method or "standard"
    totals = quote(priced, address, method, taxes=taxes_now(uow.stores.postgres))
    if totals.currency != order.currency:
        raise Invalid({"lines": f"are priced in {totals.currency}, the first order in {order.currency}"})
    return totals


def _credit(uow: UnitOfWork, order: Row[Any], back: Row[Any]) -> Decimal:
    """Return what the units of the return are worth that were not rejected and, once it is closed, have come."""
    lines = lock_items(uow.connection, [order.order_id])
    worths, credit = worths_of(order, lines), Decimal("0.00")
    items = uow.connection.execute(select(ReturnItem.__table__).where(ReturnItem.return_id == back.return_id)).all()
    by_id = {line.order_item_id: line for line in lines}
    for item in items:
        units = (item.received_quantity if back.closed_at else item.quantity) - item.rejected_quantity
        credit += units_worth(worths[item.order_item_id], by_id[item.order_item_id].quantity, 0, units)
    return credit


def _replace_former(uow: UnitOfWork, return_id: UUID) -> None:
    former = uow.connection.execute(
        select(Exchange.__table__)
        .where(Exchange.return_id == return_id, Exchange.status != "cancelled")
        .with_for_update()
    ).first()
    if former is None:
        return
    if former.status == "placed":
        raise Conflict("This return was exchanged already.", current={"placed_order_id": str(former.placed_order_id)})
    uow.connection.execute(
        update(Exchange).where(Exchange.exchange_id == former.exchange_id).values(status="cancelled")
    )


@handles(LinkExchange)
def link_exchange(command: LinkExchange, uow: UnitOfWork) -> ExchangeDrafted:
    """Link the exchange with its order; see ``LinkExchange`` for what is raised."""
    row = _locked(uow, command.exchange_id)
    if row.placed_order_id == command.order_id:
        return _told(row)
    if row.status != "draft":
        raise Conflict(f"This exchange is {row.status}.", current={"status": row.status})
    uow.connection.execute(
        update(Exchange)
        .where(Exchange.exchange_id == command.exchange_id)
        .values(status="placed", placed_order_id=command.order_id)
    )
    uow.record("exchange", command.exchange_id, {"status": "draft"}, {"placed_order_id": str(command.order_id)})
    return _told(_locked(uow, command.exchange_id))


def _locked(uow: UnitOfWork, exchange_id: UUID) -> Row[Any]:
    row = uow.connection.execute(
        select(Exchange.__table__).where(Exchange.exchange_id == exchange_id).with_for_update()
    ).first()
    if row is None:
        raise NotFound("exchange", str(exchange_id))
    return row


def _told(row: Row[Any]) -> ExchangeDrafted:
    return ExchangeDrafted(
        exchange_id=row.exchange_id,
        return_id=row.return_id,
        status=row.status,
        lines=convert(row.lines, tuple[OrderLineInput, ...]),
        total_amount=row.total_amount,
        credit_amount=row.credit_amount,
        balance_amount=row.balance_amount,
        currency=row.currency,
        placed_order_id=row.placed_order_id,
    )


def place_exchange(shop: Shop, exchange_id: UUID) -> PlacedOrder:
    """Place a drafted exchange for the first order's customer and address, and link it. Safe to repeat.

    Raises ``NotFound``, ``Conflict`` (cancelled; the price moved since it was quoted), ``OutOfStock``.
    """
    with shop.stores.postgres.reading() as connection:
        draft = connection.execute(
            select(Exchange.status, Exchange.lines, Exchange.total_amount, Return.order_id)
            .join(Return, Return.return_id == Exchange.return_id)
            .where(Exchange.exchange_id == exchange_id)
        ).first()
    if draft is None:
        raise NotFound("exchange", str(exchange_id))
    if draft.status == "cancelled":
        raise Conflict("This exchange was cancelled.", current={"status": draft.status})
    from data.orders.reads import get_order

    first = get_order(shop.stores.postgres, draft.order_id)
    if first.user_id is None:
        raise Invalid({"exchange_id": "the first order has no customer"})
    command = PlaceOrder(
        user_id=first.user_id,
        lines=convert(draft.lines, tuple[OrderLineInput, ...]),
        shipping_address=convert(dict(first.shipping_address), Address),
        billing_address=convert(dict(first.billing_address), Address),
        shipping_method=first.shipping_method or "standard",
        notes=f"Exchange for {first.order_number}",
        expected_total=draft.total_amount,
    )
    placed: PlacedOrder = shop.door.run(command, shop.actor, key=f"exchange:{exchange_id}").result
    shop.door.run(LinkExchange(exchange_id=exchange_id, order_id=placed.order_id), shop.actor)
    return placed
