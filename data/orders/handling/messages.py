"""What may be asked of how the desk handles an order: tag it, give it to somebody, hold it back, let it go.

Light: a form or a CLI verb builds a command without loading a driver; the door loads the handlers. None of these
changes the order's content, so none raises its version: no edit conflicts with a tag.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from data.command import Command

__all__ = [
    "AssignOrder",
    "HoldOrder",
    "OrderAssigned",
    "OrderHeld",
    "OrderTagged",
    "ReleaseOrder",
    "TagOrder",
]

_HANDLERS = "data.orders.handling.commands"


class OrderTagged(msgspec.Struct, frozen=True, kw_only=True):
    """The order's tags now; ``changed`` is false where they were so before."""

    order_id: UUID
    order_number: str
    tags: tuple[str, ...]
    changed: bool


class TagOrder(Command, frozen=True, kw_only=True):
    """Put the tags ``add`` on an order and take those of ``remove`` off; spelling is ``handling_rules.normal_tag``'s.

    Raises ``NotFound``, ``Invalid`` (a tag that is none, more than an order may have, nothing to do).
    """

    name: ClassVar[str] = "orders.tag"
    permission: ClassVar[str] = "orders.tag"
    result: ClassVar[type] = OrderTagged
    handled_in: ClassVar[str] = _HANDLERS
    entry_limit: ClassVar[int] = 100

    order_id: UUID
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class OrderAssigned(msgspec.Struct, frozen=True, kw_only=True):
    """Whose the order is now: name and e-mail, ``""`` for nobody's."""

    order_id: UUID
    order_number: str
    assigned_to: str
    email: str
    changed: bool


class AssignOrder(Command, frozen=True, kw_only=True):
    """Give an order to a member of staff by ``email``; ``me`` is who asks, ``none`` is nobody.

    Raises ``NotFound`` (order), ``Invalid`` (nobody of that e-mail works here).
    """

    name: ClassVar[str] = "orders.assign"
    permission: ClassVar[str] = "orders.assign"
    result: ClassVar[type] = OrderAssigned
    handled_in: ClassVar[str] = _HANDLERS

    order_id: UUID
    email: str


class OrderHeld(msgspec.Struct, frozen=True, kw_only=True):
    """The order's hold now; ``reason`` is ``""`` where it is not held."""

    order_id: UUID
    order_number: str
    reason: str
    until: datetime | None
    changed: bool


class HoldOrder(Command, frozen=True, kw_only=True):
    """Hold an open order back from shipping, for a ``reason``, until somebody releases it or ``until`` has come.

    A held order can be changed in every other way. A second hold takes the place of the first.

    Raises ``NotFound``, ``Invalid`` (no reason, ``until`` is past, an order of which nothing is to be sent).
    """

    name: ClassVar[str] = "orders.hold"
    permission: ClassVar[str] = "orders.hold"
    result: ClassVar[type] = OrderHeld
    handled_in: ClassVar[str] = _HANDLERS

    order_id: UUID
    reason: str
    until: datetime | None = None


class ReleaseOrder(Command, frozen=True, kw_only=True):
    """Let a held order go; one that is not held stays as it is. Raises ``NotFound``."""

    name: ClassVar[str] = "orders.release"
    permission: ClassVar[str] = "orders.hold"
    result: ClassVar[type] = OrderHeld
    handled_in: ClassVar[str] = _HANDLERS

    order_id: UUID
