"""Promising a refund: what it is for, what it takes off the order, and which captures give it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text

from data.door import UnitOfWork, handles
from data.errors import Conflict, Invalid
from data.ids import new_id
from data.money import MAX_AMOUNT, cents
from data.orders.lines import LineChange, apply_changes, chosen, worths_of
from data.orders.locks import lock_items, lock_order
from data.orders.steps import Taken, checked_reason, write_steps
from data.orders.worth import LineAmounts, OrderAmounts, line_worths, owed, refund_credit, units_worth
from data.payments.messages import RefundBegun, RefundOrder
from data.payments.operations import begun, money_now
from data.payments.refund_rules import refundable_units
from data.payments.schema import Payment, Refund
from data.payments.sums import money_of
from data.returns.coming import units_coming
from data.stock.ledger import Move, move

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["captures_of", "refund_order", "shipping_of"]

_ZERO = Decimal("0.00")
#: Captures that money can still be given back of, the newest first.
_CAPTURES = text(
    """
    SELECT p.payment_id, p.provider, coalesce(p.provider_reference, '') AS provider_reference,
           p.amount - coalesce(given.amount, 0) AS left_over
      FROM payments p CROSS JOIN LATERAL (
           SELECT sum(r.amount) AS amount FROM payments r
            WHERE r.parent_payment_id = p.payment_id AND r.kind = 'refund' AND r.status <> 'failed') AS given
     WHERE p.order_id = :order_id AND p.kind = 'capture' AND p.status = 'succeeded'
     ORDER BY p.created_at DESC, p.payment_id DESC
    """
)


@dataclass(frozen=True)
class _Parts:
    """What a refund is for: units by line with what they are worth, shipping, and the rest."""

    units: Mapping[UUID, int]
    worths: Mapping[UUID, Decimal]
    shipping: Decimal
    rest: Decimal

    @property
    def amount(self) -> Decimal:
        return sum(self.worths.values(), self.shipping + self.rest)


@handles(RefundOrder)
def refund_order(command: RefundOrder, uow: UnitOfWork) -> RefundBegun:
    """Promise the refund; see ``RefundOrder`` for what is raised."""
    reason = checked_reason(command.reason, required="a refund must say why")
    _check_fields(command)
    order = lock_order(uow.connection, command.order_id, command.expected_version)
    items = lock_items(uow.connection, [order.order_id])
    money = money_of(uow.connection, [order.order_id])[order.order_id]
    before = owed(order.total_amount, order.credited_amount, money.captured, money.refunded)
    parts = _parts(command, order, items, before, uow)
    if not parts.amount:
        raise Invalid({"lines": f"these units of {order.order_number} cost nothing, so nothing can be given back"})
    if parts.amount > money.refundable:
        raise Conflict(
            f"Only {money.refundable} {order.currency} of {order.order_number} can be given back, not {parts.amount}.",
            current=money_now(order, money),
        )
    fresh = sum(parts.worths.values(), parts.shipping) + refund_credit(parts.rest, before)
    credit = min(fresh, order.total_amount - order.credited_amount)
    refund_id = _write_refund(uow, order, items, parts, credit, command.restock, reason)
    shares = _shares(command, parts.amount, uow)
    step = Taken(order, order.order_status, f"refund of {parts.amount} {order.currency}: {reason}"[:1_000], uow.now)
    step = Taken(step.order, step.status, step.reason, step.at, credit, {"refund_id": str(refund_id)}, "refund")
    restocked = _take_back(uow, step, items, parts) if command.restock else 0
    _credit_lines(uow, items, parts, restock=command.restock)
    write_steps(uow, [step])
    return RefundBegun(
        refund_id=refund_id,
        order_id=order.order_id,
        order_number=order.order_number,
        amount=parts.amount,
        credit=credit,
        currency=order.currency,
        restocked=restocked,
        payments=tuple(begun(row, order) for row in _write_payments(uow, order, refund_id, shares)),
    )


def _check_fields(command: RefundOrder) -> None:
    wrong: dict[str, str] = {}
    for field, amount in (("shipping", command.shipping), ("amount", command.amount)):
        if amount is not None and (not 0 < amount <= MAX_AMOUNT or amount != cents(amount)):
            wrong[field] = "must be more than 0 with at most two decimals"
    if command.restock and not command.lines:
        wrong["restock"] = "needs lines: say which units come back"
    if any(share.amount <= 0 or share.amount != cents(share.amount) for share in command.shares):
        wrong["shares"] = "must each be more than 0 with at most two decimals"
    if len({share.payment_id for share in command.shares}) != len(command.shares):
        wrong["shares"] = "name a payment twice"
    if wrong:
        raise Invalid(wrong)


def _parts(
    command: RefundOrder, order: Row[Any], items: Sequence[Row[Any]], before: Decimal, uow: UnitOfWork
) -> _Parts:
    if not command.lines and command.shipping is None and command.amount is None:
        if before >= 0:
            raise Invalid(
                {"amount": f"nothing of {order.order_number} is owed to the customer; say what for, or how much"}
            )
        return _Parts({}, {}, _ZERO, -before)
    free = refundable_units(items, units_coming(uow.connection, order.order_id) if command.restock else None)
    units = chosen(items, command.lines, free, "sent and not refunded") if command.lines else {}
    worths = worths_of(order, items)
    return _Parts(
        units,
        {
            item.order_item_id: units_worth(
                worths[item.order_item_id], item.quantity, item.credited_quantity, units[item.order_item_id]
            )
            for item in items
            if item.order_item_id in units
        },
        _shipping(command, order, items, uow),
        command.amount or _ZERO,
    )


def _shipping(command: RefundOrder, order: Row[Any], items: Sequence[Row[Any]], uow: UnitOfWork) -> Decimal:
    """Return the shipping to give back. Raises ``Invalid`` beyond what shipping cost, less what was given back."""
    if command.shipping is None:
        return _ZERO
    whole, given = shipping_of(uow.connection, order, items)
    if command.shipping > whole - given:
        raise Invalid({"shipping": f"came to {whole} with its tax, {whole - given} of it can be given back"})
    return command.shipping


def shipping_of(connection: sqlalchemy.Connection, order: Any, items: Sequence[Any]) -> tuple[Decimal, Decimal]:
    """Return what shipping came to with its tax, and what of it was given back. ``items`` are all of the order's."""
    given = connection.execute(
        select(func.coalesce(func.sum(Refund.shipping_amount), 0)).where(Refund.order_id == order.order_id)
    ).scalar_one()
    split = line_worths(
        OrderAmounts(order.total_amount, order.shipping_amount, order.tax_amount, order.tax_included_amount),
        [LineAmounts(item.total_price, item.discount_amount, item.tax_amount) for item in items],
    )
    return split.shipping, Decimal(given)


def captures_of(connection: sqlalchemy.Connection, order_id: UUID) -> Sequence[Row[Any]]:
    """Return the order's captures (``payment_id``, ``provider``, ``provider_reference``, ``left_over``), newest first.

    Refunds of before captures were named took from all of them together: the order's own sum is checked besides.
    """
    return connection.execute(_CAPTURES, {"order_id": order_id}).all()


def _shares(command: RefundOrder, amount: Decimal, uow: UnitOfWork) -> list[tuple[UUID, str, Decimal]]:
    """Return (capture, provider, amount) for each capture that gives back a part of ``amount``."""
    captures = {row.payment_id: row for row in captures_of(uow.connection, command.order_id)}
    if not command.shares:
        shares, left = [], amount
        for row in captures.values():
            part = min(left, row.left_over)
            if part > 0:
                shares.append((row.payment_id, row.provider, part))
                left -= part
        return shares
    for place, share in enumerate(command.shares):
        there = captures[share.payment_id].left_over if share.payment_id in captures else _ZERO
        if share.amount > there:
            raise Invalid({f"shares[{place}]": f"this payment can give back {there}, not {share.amount}"})
    if sum(share.amount for share in command.shares) != amount:
        raise Invalid({"shares": f"must add up to the refund of {amount}"})
    return [(share.payment_id, captures[share.payment_id].provider, share.amount) for share in command.shares]


def _write_refund(
    uow: UnitOfWork,
    order: Row[Any],
    items: Sequence[Row[Any]],
    parts: _Parts,
    credit: Decimal,
    restock: bool,
    reason: str,
) -> UUID:
    refund_id = new_id()
    told = [
        {
            "order_item_id": str(item.order_item_id),
            "sku": item.sku,
            "quantity": parts.units[item.order_item_id],
            "amount": str(parts.worths[item.order_item_id]),
        }
        for item in items
        if item.order_item_id in parts.units
    ]
    uow.connection.execute(
        insert(Refund).values(
            refund_id=refund_id,
            order_id=order.order_id,
            amount=parts.amount,
            shipping_amount=parts.shipping,
            credited_amount=credit,
            currency=order.currency,
            items=told,
            restock=restock,
            reason=reason,
            created_by=uow.actor.user_id,
            created_at=uow.now,
        )
    )
    return refund_id


def _take_back(uow: UnitOfWork, step: Taken, items: Sequence[Row[Any]], parts: _Parts) -> int:
    moves = [
        Move(
            *(item.product_id, item.warehouse_id, "return", parts.units[item.order_item_id], step.reason),
            *(step.order.order_id, "order"),
            cause=f"{step.version}:{item.order_item_id}",
        )
        for item in items
        if item.order_item_id in parts.units and item.warehouse_id is not None
    ]
    return sum(one.move.quantity for one in move(uow, moves)) if moves else 0


def _credit_lines(uow: UnitOfWork, items: Sequence[Row[Any]], parts: _Parts, *, restock: bool) -> None:
    changes = []
    for item in items:
        units = parts.units.get(item.order_item_id, 0)
        if units:
            back = units if restock else 0
            changes.append(LineChange(item, item.fulfillment_status, returned=back, credited=units))
    apply_changes(uow.connection, changes)


def _write_payments(
    uow: UnitOfWork, order: Row[Any], refund_id: UUID, shares: Sequence[tuple[UUID, str, Decimal]]
) -> list[dict[str, Any]]:
    rows = []
    for capture_id, provider, amount in shares:
        payment_id = new_id()
        rows.append(
            {
                "payment_id": payment_id,
                "order_id": order.order_id,
                "kind": "refund",
                "status": "pending",
                "amount": amount,
                "currency": order.currency,
                "provider": provider,
                "parent_payment_id": capture_id,
                "refund_id": refund_id,
                "idempotency_key": str(payment_id),
                "created_by": uow.actor.user_id,
                "created_at": uow.now,
            }
        )
    if rows:
        uow.connection.execute(insert(Payment), rows)
    return rows
