"""Taking promised steps of money to their providers: transaction, call, transaction; never a call inside one.

    1. a command writes the step as ``pending``, with the key its provider will know it by (committed)
    2. the provider is called with that key
    3. another command writes down how it ended

Killed or cut off anywhere, nothing is lost and nothing done twice: the row is found (``resume``), the provider is asked
how the key ended, and where it never heard of it the same key is sent again. A provider that answers twice
settles once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from data.errors import Conflict, Unavailable
from data.payments.messages import BeginPayment, PaymentSettled, RefundBegun, RefundOrder, SettlePayment
from data.payments.provider import Operation, Outcome, Provider
from data.payments.providers import PROVIDERS, provider_of

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["Refunded", "Resumed", "finish", "refund", "resume", "take"]

_PENDING = text(
    """
    SELECT payment_id FROM payments
     WHERE status = 'pending' AND created_at <= :before AND (CAST(:order_id AS uuid) IS NULL OR order_id = :order_id)
     ORDER BY created_at, payment_id LIMIT :limit
    """
)
_STEP = text(
    """
    SELECT p.payment_id, p.kind, p.status, p.amount, p.currency, p.provider, p.idempotency_key,
           coalesce(p.provider_reference, '') AS provider_reference, o.order_number,
           coalesce(q.provider_reference, '') AS parent
      FROM payments p JOIN orders o USING (order_id) LEFT JOIN payments q ON q.payment_id = p.parent_payment_id
     WHERE p.payment_id = :payment_id
    """
)


@dataclass(frozen=True)
class Refunded:
    """A refund, and how the payments that give it back ended. ``waiting`` had no answer yet and are resumed later."""

    refund: RefundBegun
    payments: tuple[PaymentSettled, ...]
    waiting: tuple[UUID, ...]


@dataclass(frozen=True)
class Resumed:
    """What became of pending steps: how many ended, and those whose provider still gives no answer."""

    settled: tuple[PaymentSettled, ...]
    waiting: tuple[UUID, ...]


def take(shop: Shop, command: BeginPayment, *, key: str | None = None) -> PaymentSettled:
    """Carry out one step of money and return how it ended; declined is an end too (``status`` is ``failed``).

    Sent again with the same ``key`` it is the same step. Raises what ``BeginPayment`` says, and ``Unavailable`` where
    the provider gave no answer: the step is pending then, and goes on with the same key or with ``resume``.
    """
    provider_of(shop.settings, command.provider)  # a provider that is not there refuses before anything is written
    begun = shop.door.run(command, shop.actor, key=key).result
    return finish(shop, begun.payment_id)


def refund(shop: Shop, command: RefundOrder, *, key: str | None = None) -> Refunded:
    """Give money back and return how each payment of it ended. Raises what ``RefundOrder`` says.

    A provider that gives no answer holds up its own part alone.
    """
    begun: RefundBegun = shop.door.run(command, shop.actor, key=key).result
    done = _finish_all(shop, [payment.payment_id for payment in begun.payments])
    return Refunded(begun, done.settled, done.waiting)


def resume(
    shop: Shop, *, order_id: UUID | None = None, older_than: timedelta = timedelta(minutes=1), limit: int = 100
) -> Resumed:
    """Ask providers about steps that have been pending for a while, of one order or of all, and finish them."""
    before = datetime.now(UTC) - older_than
    with shop.stores.postgres.reading() as connection:
        ids = list(connection.execute(_PENDING, {"before": before, "order_id": order_id, "limit": limit}).scalars())
    return _finish_all(shop, ids)


def _finish_all(shop: Shop, payment_ids: list[UUID]) -> Resumed:
    settled, waiting = [], []
    for payment_id in payment_ids:
        try:
            settled.append(finish(shop, payment_id))
        except Unavailable as away:
            if away.store != "gateway":
                raise
            waiting.append(payment_id)
    return Resumed(tuple(settled), tuple(waiting))


def finish(shop: Shop, payment_id: UUID) -> PaymentSettled:
    """Take one step to its end: ask its provider if it was begun before, call it if need be, and settle.

    Raises ``Unavailable`` where the provider gives no answer.
    """
    with shop.stores.postgres.reading() as connection:
        step = connection.execute(_STEP, {"payment_id": payment_id}).one()
    if step.status == "pending":
        operation = Operation(
            key=step.idempotency_key,
            kind=step.kind,
            amount=step.amount,
            currency=step.currency,
            order=step.order_number,
            parent=step.parent,
            reference=step.provider_reference,
        )
        outcome = _outcome(provider_of(shop.settings, _who(step.provider)), operation)
    else:
        outcome = Outcome(step.status == "succeeded", step.provider_reference)
    settle = SettlePayment(
        payment_id=payment_id,
        accepted=outcome.accepted,
        provider_reference=outcome.reference,
        failure=outcome.reason,
    )
    try:
        settled: PaymentSettled = shop.door.run(settle, shop.actor).result
    except Conflict:
        # Somebody else heard of the end first; what they wrote is what counts.
        return finish(shop, payment_id)
    return settled


def _who(provider: str) -> str:
    """Return who carries out a step of ``provider``: what is booked under another label is moved by people."""
    return provider if provider in PROVIDERS else "manual"


def _outcome(provider: Provider, operation: Operation) -> Outcome:
    return provider.look_up(operation.key) or provider.carry_out(operation)
