"""The handler of payments: every step of money is one row, written under the lock of its order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert

from data.door import UnitOfWork, handles
from data.errors import Conflict, Invalid
from data.ids import new_id
from data.money import MAX_AMOUNT, cents
from data.orders.locks import lock_orders
from data.orders.steps import add_credit
from data.orders.worth import owed, refund_credit
from data.payments.messages import PaymentRecorded, RecordPayment
from data.payments.schema import Payment

__all__ = ["PaymentRecorded", "RecordPayment"]

KINDS = ("authorise", "capture", "void", "refund")
_NOTHING = Decimal("0.00")


@handles(RecordPayment)
def record_payment(command: RecordPayment, uow: UnitOfWork) -> PaymentRecorded:
    """Insert the step; see ``RecordPayment`` for what is raised."""
    (recorded,) = record_payments((command,), uow)
    return recorded


def record_payments(steps: Sequence[RecordPayment], uow: UnitOfWork) -> tuple[PaymentRecorded, ...]:
    """Book several steps in their order, all or none. Raises what ``RecordPayment`` says of the first refused one."""
    orders = lock_orders(uow.connection, {step.order_id for step in steps})
    money, credited = _sums(uow, orders), {key: order.credited_amount for key, order in orders.items()}
    recorded: list[PaymentRecorded] = []
    rows: list[dict[str, Any]] = []
    for step in steps:
        order = orders[step.order_id]
        at = _checked(step, order, uow.now)
        sums = money.setdefault(step.order_id, {})
        sums[step.kind] = sums.get(step.kind, _NOTHING) + step.amount
        recorded.append(_recorded(step, order, sums))
        if step.kind == "refund":
            credited[step.order_id] += _credit(step, order, credited[step.order_id], sums)
        rows.append(_row(recorded[-1].payment_id, step, order, at, uow))
    _insert(uow, rows)
    add_credit(uow.connection, {key: amount - orders[key].credited_amount for key, amount in credited.items()})
    for one in recorded:
        uow.record("order", one.order_id, None, one)
    return tuple(recorded)


def _credit(step: RecordPayment, order: Row[Any], credited: Decimal, sums: dict[str, Decimal]) -> Decimal:
    """Return what of a refund, which is in ``sums``, is taken off what the customer owes; see ``refund_credit``."""
    before = owed(
        order.total_amount, credited, sums.get("capture", _NOTHING), sums.get("refund", _NOTHING) - step.amount
    )
    return min(refund_credit(step.amount, before), Decimal(order.total_amount - credited))


def _checked(command: RecordPayment, order: Row[Any], now: datetime) -> datetime:
    at = command.at or now
    wrong: dict[str, str] = {}
    if command.kind not in KINDS:
        wrong["kind"] = f"must be one of {', '.join(KINDS)}"
    if not 0 < command.amount <= MAX_AMOUNT or command.amount != cents(command.amount):
        wrong["amount"] = "must be more than 0 with at most two decimals"
    if not 1 <= len(command.provider) <= 50:
        wrong["provider"] = "is a label of 1 to 50 characters"
    if len(command.provider_reference) > 100:
        wrong["provider_reference"] = "is longer than 100 characters"
    if len(command.reference) > 200:
        wrong["reference"] = "is longer than 200 characters"
    if at > now or at < order.created_at:
        wrong["at"] = "must lie between the order's placing and now"
    if wrong:
        raise Invalid(wrong)
    return at


def _sums(uow: UnitOfWork, order_ids: Iterable[UUID]) -> dict[UUID, dict[str, Decimal]]:
    """Return what was booked so far by order and kind; a step whose end nobody heard of yet counts as done."""
    statement = (
        select(Payment.order_id, Payment.kind, func.sum(Payment.amount))
        .where(Payment.order_id.in_(order_ids), Payment.status != "failed")
        .group_by(Payment.order_id, Payment.kind)
    )
    money: dict[UUID, dict[str, Decimal]] = {}
    for order_id, kind, amount in uow.connection.execute(statement):
        money.setdefault(order_id, {})[kind] = amount
    return money


def _recorded(step: RecordPayment, order: Row[Any], sums: dict[str, Decimal]) -> PaymentRecorded:
    """Return the step as it will be answered. Raises ``Conflict`` where the order's money would not add up."""
    captured, refunded = sums.get("capture", _NOTHING), sums.get("refund", _NOTHING)
    current = {"total_amount": str(order.total_amount), "captured": str(captured), "refunded": str(refunded)}
    name = order.order_number
    if captured > order.total_amount:
        raise Conflict(f"{name} comes to {order.total_amount}; {captured} would be too much.", current=current)
    if refunded > captured:
        raise Conflict(f"Only {captured} of {name} was captured; {refunded} would be too much.", current=current)
    return PaymentRecorded(
        payment_id=new_id(),
        order_id=step.order_id,
        kind=step.kind,
        amount=step.amount,
        currency=order.currency,
        captured=captured,
        refunded=refunded,
    )


def _row(payment_id: UUID, step: RecordPayment, order: Row[Any], at: datetime, uow: UnitOfWork) -> dict[str, Any]:
    return {
        "payment_id": payment_id,
        "order_id": step.order_id,
        "kind": step.kind,
        "status": "succeeded",
        "amount": step.amount,
        "currency": order.currency,
        "provider": step.provider,
        "provider_reference": step.provider_reference or None,
        "payment_method_id": step.payment_method_id,
        "idempotency_key": step.reference or f"{uow.actor.user_id}:{uow.key}",
        "created_by": uow.actor.user_id,
        "created_at": at,
    }


def _insert(uow: UnitOfWork, rows: Sequence[dict[str, Any]]) -> None:
    statement = insert(Payment).values(rows).on_conflict_do_nothing().returning(Payment.idempotency_key)
    written = set(uow.connection.execute(statement).scalars())
    for row in rows:
        if row["idempotency_key"] not in written:
            raise Conflict(f"{row['provider']} has booked {row['idempotency_key']!r} already.")
