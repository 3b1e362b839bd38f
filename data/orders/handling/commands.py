"""How the desk handles an order: tags, whose it is, and holding it back from shipping.

The audit row is the history of it (the timeline reads it there); the order's version and its content stay as they are.
``refuse_held`` is asked by everything that sends an order out of the house.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select, update

from data.access.reads import find_actor
from data.customers.schema import User
from data.door import UnitOfWork, handles
from data.errors import Invalid
from data.orders.handling.messages import (
    AssignOrder,
    HoldOrder,
    OrderAssigned,
    OrderHeld,
    OrderTagged,
    ReleaseOrder,
    TagOrder,
)
from data.orders.handling.rules import MOST_TAGS, checked_tags, held_now, told_hold
from data.orders.locks import lock_order
from data.orders.rules import OPEN
from data.orders.schema import Order
from data.orders.steps import checked_reason

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

__all__ = ["record_assignment", "record_hold", "refuse_held"]

ME, NOBODY = "me", "none"


def refuse_held(order: Row[Any], now: datetime) -> None:
    """Raise ``Invalid`` where the locked ``order`` is held back from shipping at ``now``."""
    if held_now(order.hold_reason, order.on_hold_until, now):
        until = f" until {order.on_hold_until:%Y-%m-%d %H:%M} UTC" if order.on_hold_until else ""
        raise Invalid({"on_hold": f"{order.order_number} is on hold{until}: {order.hold_reason}"})


@handles(TagOrder)
def tag_order(command: TagOrder, uow: UnitOfWork) -> OrderTagged:
    """Change the tags; see ``TagOrder`` for what is raised. A tag in both lists stays off."""
    if not command.add and not command.remove:
        raise Invalid({"tags": "say which"})
    added = checked_tags(command.add) if command.add else ()
    removed = set(checked_tags(command.remove)) if command.remove else set()
    order = lock_order(uow.connection, command.order_id)
    before = list(order.tags)
    after = [tag for tag in dict.fromkeys((*before, *added)) if tag not in removed]
    if len(after) > MOST_TAGS and len(after) > len(before):
        raise Invalid({"tags": f"an order has at most {MOST_TAGS} of them"})
    if after != before:
        _write(uow, order.order_id, tags=after)
        uow.record("order", order.order_id, {"tags": before}, {"tags": after})
    return OrderTagged(
        order_id=order.order_id, order_number=order.order_number, tags=tuple(after), changed=after != before
    )


@handles(AssignOrder)
def assign_order(command: AssignOrder, uow: UnitOfWork) -> OrderAssigned:
    """Give the order to somebody; see ``AssignOrder`` for what is raised."""
    user_id, name, email = _assignee(command.email.strip(), uow)
    order = lock_order(uow.connection, command.order_id)
    changed = order.assigned_to != user_id
    if changed:
        before = _name_of(uow, order.assigned_to) if order.assigned_to else None
        _write(uow, order.order_id, assigned_to=user_id)
        record_assignment(uow, order, (before, order.assigned_to), (name or None, user_id))
    return OrderAssigned(
        order_id=order.order_id, order_number=order.order_number, assigned_to=name, email=email, changed=changed
    )


def _assignee(asked: str, uow: UnitOfWork) -> tuple[UUID | None, str, str]:
    if asked.lower() == NOBODY:
        return None, "", ""
    actor = uow.actor if asked.lower() == ME else find_actor(uow.connection, asked) if asked else None
    if actor is None:
        raise Invalid({"email": f"nobody with the e-mail {asked!r} works here; {ME} is you, {NOBODY} nobody"})
    return actor.user_id, actor.name, actor.email


def _name_of(uow: UnitOfWork, user_id: UUID) -> str:
    user = uow.connection.execute(
        select(User.first_name, User.last_name, User.email).where(User.user_id == user_id)
    ).one()
    return f"{user.first_name or ''} {user.last_name or ''}".strip() or str(user.email)


@handles(HoldOrder)
def hold_order(command: HoldOrder, uow: UnitOfWork) -> OrderHeld:
    """Hold the order back; see ``HoldOrder`` for what is raised."""
    reason = checked_reason(command.reason, required="a hold must say why")
    if command.until is not None and command.until <= uow.now:
        raise Invalid({"until": "is past"})
    order = lock_order(uow.connection, command.order_id)
    if order.order_status not in OPEN:
        raise Invalid(
            {"order_status": f"{order.order_number} is {order.order_status}, nothing of it is still to be sent"}
        )
    return _hold(uow, order, reason, command.until)


@handles(ReleaseOrder)
def release_order(command: ReleaseOrder, uow: UnitOfWork) -> OrderHeld:
    """Let the order go; see ``ReleaseOrder`` for what is raised."""
    return _hold(uow, lock_order(uow.connection, command.order_id), None, None)


def _hold(uow: UnitOfWork, order: Row[Any], reason: str | None, until: datetime | None) -> OrderHeld:
    changed = (order.hold_reason, order.on_hold_until) != (reason, until)
    if changed:
        _write(uow, order.order_id, hold_reason=reason, on_hold_until=until)
        record_hold(uow, order, (order.hold_reason, order.on_hold_until), (reason, until))
    return OrderHeld(
        order_id=order.order_id, order_number=order.order_number, reason=reason or "", until=until, changed=changed
    )


def record_assignment(
    uow: UnitOfWork, order: Row[Any], was: tuple[str | None, UUID | None], now: tuple[str | None, UUID | None]
) -> None:
    """Write the audit row of an assignment: names for who reads it, ids for who takes it back."""
    before, after = ({"assigned to": name, "assigned_id": user_id} for name, user_id in (was, now))
    uow.record("order", order.order_id, before, after)


def record_hold(
    uow: UnitOfWork,
    order: Row[Any],
    was: tuple[str | None, datetime | None],
    now: tuple[str | None, datetime | None],
) -> None:
    """Write the audit row of a hold: in words for who reads it, in its parts for who takes it back."""
    before, after = ({"on hold": told_hold(*one), "hold": {"reason": one[0], "until": one[1]}} for one in (was, now))
    uow.record("order", order.order_id, before, after)


def _write(uow: UnitOfWork, order_id: UUID, **values: Any) -> None:
    uow.connection.execute(update(Order).where(Order.order_id == order_id).values(**values))
