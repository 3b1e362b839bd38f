"""Writing a step of an order: its state, version, times and credit; its history with who and why; audit and event.

Every change of an order's life is such a step, also one that leaves the state alone (units sent, a line cancelled):
then the history's two states are equal and the reason says what happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, insert, text

from data.errors import Denied, Invalid
from data.ids import new_id
from data.orders.life import order_step
from data.orders.messages import OrderStatusChanged
from data.orders.schema import OrderStatusHistory

if TYPE_CHECKING:
    from uuid import UUID

    import sqlalchemy

    from data.access.rules import Actor
    from data.door import UnitOfWork

__all__ = ["MAX_REASON", "Taken", "add_credit", "checked_reason", "checked_time", "require_step", "write_steps"]

MAX_REASON = 1_000

_UPDATE_ORDERS = text(
    """
    UPDATE orders o
       SET order_status = k.status, version = k.version, updated_at = :now,
           credited_amount = o.credited_amount + k.credit,
           confirmed_at = CASE WHEN k.status = 'confirmed' AND k.moves THEN k.at ELSE o.confirmed_at END,
           shipped_at = CASE WHEN k.status = 'shipped' AND k.moves THEN k.at ELSE o.shipped_at END,
           delivered_at = CASE WHEN k.status = 'delivered' AND k.moves THEN k.at ELSE o.delivered_at END,
           cancelled_at = CASE WHEN k.status = 'cancelled' AND k.moves THEN k.at ELSE o.cancelled_at END
      FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:versions AS bigint[]),
                  CAST(:times AS timestamptz[]), CAST(:credits AS numeric[]), CAST(:moves AS boolean[]))
           AS k (order_id, status, version, at, credit, moves)
     WHERE o.order_id = k.order_id
    """
)


@dataclass(frozen=True)
class Taken:
    """A step that is taken: the locked order as it was, where it goes, why and when.

    ``credit`` is taken off what the customer owes; ``told`` is what the audit says besides; ``kind`` names the event,
    by default the new state.
    """

    order: Row[Any]
    status: str
    reason: str
    at: datetime
    credit: Decimal = Decimal("0.00")
    told: Mapping[str, Any] = field(default_factory=dict)
    kind: str = ""

    @property
    def version(self) -> int:
        """The order's version after the step."""
        return int(self.order.version) + 1

    @property
    def result(self) -> OrderStatusChanged:
        """The step as commands tell it."""
        return OrderStatusChanged(
            order_id=self.order.order_id,
            order_number=self.order.order_number,
            previous_status=self.order.order_status,
            new_status=self.status,
            version=self.version,
        )


def checked_reason(given: str, *, required: str = "") -> str:
    """Return the reason as it is kept. Raises ``Invalid`` where it is too long, or missing: ``required`` says why."""
    reason = given.strip()
    if required and not reason:
        raise Invalid({"reason": required})
    if len(reason) > MAX_REASON:
        raise Invalid({"reason": f"is {len(reason):,} characters long, at most {MAX_REASON:,} are kept"})
    return reason


def checked_time(asked: datetime | None, placed: datetime, now: datetime) -> datetime:
    """Return when the step is taken: ``asked``, or ``now``. Raises ``Invalid`` outside of the order's life."""
    if asked is None:
        return now
    if asked > now:
        raise Invalid({"at": "lies in the future"})
    if asked < placed:
        raise Invalid({"at": "is before the order was placed"})
    return asked


def require_step(actor: Actor, before: str, after: str) -> None:
    """Raise ``Denied`` unless ``actor`` may take an order from ``before`` to ``after``, a step of the table."""
    step = order_step(before, after)
    if step is not None and not actor.may(step.permission):
        raise Denied(actor.email, step.permission)


def add_credit(connection: sqlalchemy.Connection, credit: Mapping[UUID, Decimal]) -> None:
    """Take amounts off what is owed for locked orders, without a step: money moved, the order's life did not."""
    rows = [{"id": order_id, "amount": amount} for order_id, amount in credit.items() if amount]
    if rows:
        connection.execute(
            text("UPDATE orders SET credited_amount = credited_amount + :amount WHERE order_id = :id"), rows
        )


def write_steps(uow: UnitOfWork, taken: Sequence[Taken]) -> None:
    """Write one step of each of several locked orders, in as many statements as one takes."""
    if not taken:
        return
    uow.connection.execute(
        _UPDATE_ORDERS,
        {
            "ids": [one.order.order_id for one in taken],
            "statuses": [one.status for one in taken],
            "versions": [one.version for one in taken],
            "times": [one.at for one in taken],
            "credits": [one.credit for one in taken],
            "moves": [one.status != one.order.order_status for one in taken],
            "now": uow.now,
        },
    )
    uow.connection.execute(insert(OrderStatusHistory), [_history(uow, one) for one in taken])
    for one in taken:
        before = {"order_status": one.order.order_status, "version": one.order.version}
        after = {"order_status": one.status, "version": one.version} | ({"reason": one.reason} if one.reason else {})
        after |= {"credit": str(one.credit)} if one.credit else {}
        uow.record("order", one.order.order_id, before, {**after, **one.told})
        uow.emit("orders", str(one.order.order_id), one.kind or one.status, {})


def _history(uow: UnitOfWork, one: Taken) -> dict[str, Any]:
    return {
        "history_id": new_id(),
        "order_id": one.order.order_id,
        "order_version": one.version,
        "previous_status": one.order.order_status,
        "new_status": one.status,
        "changed_by": uow.actor.user_id,
        "change_reason": one.reason or None,
        "created_at": one.at,
    }
