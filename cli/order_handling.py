"""``storekeeper orders tag|untag|assign|hold|release``: how the desk handles orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from cli.answer import Answer
from cli.columns import shown
from cli.options import JsonCommand, with_key
from cli.order_life import order_id_of
from cli.session import done_document, opened_shop

if TYPE_CHECKING:
    from uuid import UUID

    from data.command import Command

__all__ = ["VERBS"]


def _carried_out(ref: str, key: str | None, build: Callable[[UUID], Command], told: Callable[[Any], str]) -> Answer:
    with opened_shop() as shop:
        done = shop.door.run(build(order_id_of(shop, ref)), shop.actor, key=key)
    return Answer(done_document(done), lambda: [f"Order {shown(done.result.order_number)}: {told(done.result)}"])


def _tags(result: Any) -> str:
    return f"tags {', '.join(map(shown, result.tags)) or 'none'}"


def _hold(result: Any) -> str:
    if not result.reason:
        return "not on hold"
    return f"on hold{f' until {shown(result.until)}' if result.until else ''}: {shown(result.reason)}"


@click.command(cls=JsonCommand)
@click.argument("ref")
@click.argument("tags", nargs=-1, required=True)
@with_key
def tag(ref: str, tags: tuple[str, ...], key: str | None) -> Answer:
    """Put TAGS on the order REF (number or id)."""
    from data.orders.handling.messages import TagOrder

    return _carried_out(ref, key, lambda order_id: TagOrder(order_id=order_id, add=tags), _tags)


@click.command(cls=JsonCommand)
@click.argument("ref")
@click.argument("tags", nargs=-1, required=True)
@with_key
def untag(ref: str, tags: tuple[str, ...], key: str | None) -> Answer:
    """Take TAGS off the order REF (number or id)."""
    from data.orders.handling.messages import TagOrder

    return _carried_out(ref, key, lambda order_id: TagOrder(order_id=order_id, remove=tags), _tags)


@click.command(cls=JsonCommand)
@click.argument("ref")
@click.argument("who")
@with_key
def assign(ref: str, who: str, key: str | None) -> Answer:
    """Give the order REF (number or id) to WHO: a colleague's e-mail, me, or none."""
    from data.orders.handling.messages import AssignOrder

    def told(result: Any) -> str:
        return f"assigned to {shown(result.assigned_to)}" if result.assigned_to else "assigned to nobody"

    return _carried_out(ref, key, lambda order_id: AssignOrder(order_id=order_id, email=who), told)


@click.command(cls=JsonCommand)
@click.argument("ref")
@click.option("--reason", default="", metavar="TEXT", help="Why; must be given.")
@click.option("--until", metavar="DAY", help="Until the beginning (UTC) of this day: 2026-12-01. Default: released.")
@with_key
def hold(ref: str, reason: str, until: str | None, key: str | None) -> Answer:
    """Hold the order REF (number or id) back from shipping."""
    from data.orders.handling.messages import HoldOrder
    from data.orders.handling.rules import parse_until

    command_until = parse_until(until or "")
    return _carried_out(
        ref, key, lambda order_id: HoldOrder(order_id=order_id, reason=reason, until=command_until), _hold
    )


@click.command(cls=JsonCommand)
@click.argument("ref")
@with_key
def release(ref: str, key: str | None) -> Answer:
    """Let the held order REF (number or id) go."""
    from data.orders.handling.messages import ReleaseOrder

    return _carried_out(ref, key, lambda order_id: ReleaseOrder(order_id=order_id), _hold)


VERBS: tuple[click.Command, ...] = (tag, untag, assign, hold, release)
