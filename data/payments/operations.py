"""Promising a step of money and writing down how it ended: the two transactions around a call to a provider.

Between them the row is ``pending`` and counts as done, so that nothing is promised twice. A process that dies there
leaves a row that ``data.payments.flow.resume`` finds and asks the provider about.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, insert, select, update

from data.door import UnitOfWork, handles
from data.errors import Conflict, Invalid, NotFound
from data.ids import new_id
from data.money import MAX_AMOUNT, cents
from data.orders.locks import lock_order
from data.orders.steps import Taken, write_steps
from data.orders.worth import owed
from data.payments.messages import BeginPayment, PaymentBegun, PaymentSettled, SettlePayment
from data.payments.providers import PROVIDERS
from data.payments.schema import Payment
from data.payments.sums import Money, money_of

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["begin_payment", "begun", "money_now", "settle_payment"]

_KINDS = ("authorise", "capture", "void")
_ZERO = Decimal("0.00")


@handles(BeginPayment)
def begin_payment(command: BeginPayment, uow: UnitOfWork) -> PaymentBegun:
    """Promise the step; see ``BeginPayment`` for what is raised."""
    _check_fields(command)
    order = lock_order(uow.connection, command.order_id)
    money = money_of(uow.connection, [order.order_id])[order.order_id]
    parent = _parent(uow.connection, command) if command.parent_payment_id else None
    amount = _amount(command, order, money, parent)
    payment_id = new_id()
    row = {
        "payment_id": payment_id,
        "order_id": order.order_id,
        "kind": command.kind,
        "status": "pending",
        "amount": amount,
        "currency": order.currency,
        "provider": command.provider,
        "provider_reference": command.provider_reference.strip() or None,
        "payment_method_id": command.payment_method_id,
        "parent_payment_id": command.parent_payment_id,
        "idempotency_key": str(payment_id),
        "created_by": uow.actor.user_id,
        "created_at": uow.now,
    }
    uow.connection.execute(insert(Payment).values(row))
    result = begun(row, order)
    uow.record("order", order.order_id, None, result)
    return result


def begun(row: dict[str, Any], order: Row[Any]) -> PaymentBegun:
    """Return a pending row of ``payments`` as commands tell it."""
    return PaymentBegun(
        payment_id=row["payment_id"],
        order_id=order.order_id,
        order_number=order.order_number,
        kind=row["kind"],
        amount=row["amount"],
        currency=row["currency"],
        provider=row["provider"],
        operation_key=row["idempotency_key"],
    )


def _check_fields(command: BeginPayment) -> None:
    wrong: dict[str, str] = {}
    if command.kind not in _KINDS:
        wrong["kind"] = f"must be one of {', '.join(_KINDS)}"
    if command.amount is not None and (not 0 < command.amount <= MAX_AMOUNT or command.amount != cents(command.amount)):
        wrong["amount"] = "must be more than 0 with at most two decimals"
    if command.provider not in PROVIDERS:
        wrong["provider"] = f"must be one of {', '.join(PROVIDERS)}"
    if len(command.provider_reference.strip()) > 100:
        wrong["provider_reference"] = "is longer than 100 characters"
    if command.kind == "void" and command.parent_payment_id is None:
        wrong["parent_payment_id"] = "a void names the authorisation it takes back"
    if wrong:
        raise Invalid(wrong)


def _parent(connection: sqlalchemy.Connection, command: BeginPayment) -> Row[Any]:
    parent = connection.execute(
        select(Payment.__table__).where(Payment.payment_id == command.parent_payment_id)
    ).first()
    if parent is None or parent.order_id != command.order_id:
        raise NotFound("payment of this order", str(command.parent_payment_id))
    if (parent.kind, parent.status) != ("authorise", "succeeded"):
        raise Invalid({"parent_payment_id": "is no authorisation that succeeded"})
    children = select(Payment.kind).where(Payment.parent_payment_id == parent.payment_id, Payment.status != "failed")
    kinds = set(connection.execute(children).scalars())
    if "void" in kinds or (command.kind == "void" and kinds):
        raise Conflict(f"This authorisation was {'voided' if 'void' in kinds else 'captured'} already.")
    return parent


def _amount(command: BeginPayment, order: Row[Any], money: Money, parent: Row[Any] | None) -> Decimal:
    """Return the amount of the step. Raises ``Conflict`` where it is more than is owed."""
    if command.kind == "void" and parent is not None:
        return Decimal(parent.amount)
    due = owed(order.total_amount, order.credited_amount, money.captured, money.refunded)
    if command.kind == "authorise":
        due -= money.authorised - money.voided
    amount = command.amount if command.amount is not None else due
    if amount <= 0 or amount > due:
        raise Conflict(
            f"{order.order_number} has {max(due, _ZERO)} {order.currency} left to be paid, not {amount}.",
            current=money_now(order, money),
        )
    return amount


def money_now(order: Row[Any], money: Money) -> dict[str, str]:
    """Return the order's money as a conflict tells it."""
    return {
        "total_amount": str(order.total_amount),
        "credited_amount": str(order.credited_amount),
        "captured": str(money.captured),
        "refunded": str(money.refunded),
        "owed": str(owed(order.total_amount, order.credited_amount, money.captured, money.refunded)),
    }


@handles(SettlePayment)
def settle_payment(command: SettlePayment, uow: UnitOfWork) -> PaymentSettled:
    """Write down how the step ended; see ``SettlePayment`` for what is raised."""
    order_id = uow.connection.execute(
        select(Payment.order_id).where(Payment.payment_id == command.payment_id)
    ).scalar_one_or_none()
    if order_id is None:
        raise NotFound("payment", str(command.payment_id))
    order = lock_order(uow.connection, order_id)
    payment = uow.connection.execute(
        select(Payment.__table__).where(Payment.payment_id == command.payment_id).with_for_update()
    ).one()
    status = "succeeded" if command.accepted else "failed"
    if payment.status not in ("pending", status):
        raise Conflict(f"This payment has {payment.status} already.", current={"status": payment.status})
    if payment.status == "pending":
        values = {
            "status": status,
            "provider_reference": command.provider_reference[:100] or payment.provider_reference,
            "failure": command.failure[:1_000] or None,
        }
        uow.connection.execute(update(Payment).where(Payment.payment_id == payment.payment_id).values(values))
        uow.record("payment", payment.payment_id, {"status": "pending"}, values)
        payment = uow.connection.execute(
            select(Payment.__table__).where(Payment.payment_id == command.payment_id)
        ).one()
        _close_if_refunded(uow, order, payment)
    money = money_of(uow.connection, [order_id])[order_id]
    return PaymentSettled(
        payment_id=payment.payment_id,
        order_id=order_id,
        order_number=order.order_number,
        kind=payment.kind,
        status=payment.status,
        amount=payment.amount,
        currency=payment.currency,
        provider=payment.provider,
        provider_reference=payment.provider_reference or "",
        failure=payment.failure or "",
        owed=owed(order.total_amount, order.credited_amount, money.captured, money.refunded),
    )


def _close_if_refunded(uow: UnitOfWork, order: Row[Any], payment: Row[Any]) -> None:
    """Bring an order that was sent to ``refunded`` once all of it is credited and all its money is back."""
    if payment.kind != "refund" or payment.status != "succeeded" or order.order_status not in ("shipped", "delivered"):
        return
    money: Money = money_of(uow.connection, [order.order_id])[order.order_id]
    whole = order.credited_amount == order.total_amount and money.captured == money.refunded
    if whole and not money.pending_refunds:
        write_steps(uow, [Taken(order, "refunded", "all of it was given back", uow.now)])
