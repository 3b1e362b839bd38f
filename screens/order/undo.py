"""``u`` on the page of an order: takes back one's last change of it that can be taken back.

What was just done here goes back at once; anything older is named and asked for first, since between it and now may
stand what cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from data.ids import new_id
from screens.action import Action
from screens.order.base import OrderBase
from screens.order.write import next_undo_of, undo_of
from screens.shown import when

if TYPE_CHECKING:
    from data.undo.finding import Found
    from data.undo.messages import Undone

UNDO = Action(
    "order.undo", "u", "undo", "undo", "changes.undo", help="Take your last change of it back, where it can be", rank=54
)


class UndoVerb(OrderBase):
    """What ``u`` does."""

    async def undo(self) -> None:
        """Take the last change back: at once where it was just made here, else after one question."""
        if self.order is None:
            return
        order_id = self.order.order_id
        if self.undo_key:
            self._take_back(order_id, self.undo_key)
        elif (answer := await self.read_first(next_undo_of, order_id)) is not None:
            self._ask_back(order_id, answer.found)

    def _ask_back(self, order_id: UUID, found: Found | None) -> None:
        if found is None:
            self.status.say("You did nothing to this order that can be taken back", "warn")
            return
        self.shell.confirm(question(found), lambda: self._take_back(order_id, found.key))

    def _take_back(self, order_id: UUID, change_key: str) -> None:
        self.undo_key = ""
        arguments = (undo_of, order_id, change_key, str(new_id()))
        self.load(*arguments, then=self._undone, failed=self.refused, group="change", doing="taking it back")

    def _undone(self, undone: Undone) -> None:
        self.tell(undone.sentence)


def question(found: Found, order_number: str = "") -> str:
    """Return what is asked before ``found`` is taken back; ``order_number`` where the order is not the one shown."""
    since = ". What you did since stays: it cannot be taken back" if found.since else ""
    of = f" of {order_number}" if order_number else ""
    return f"Takes back {_named(found.command, found.change.after)}{of} ({when(found.at)}){since}."


def _named(command: str, after: Mapping[str, Any]) -> str:
    """Return what a change is called in a question."""
    match command:
        case "orders.status":
            return f"the step to {after.get('order_status')}"
        case "orders.mark":
            return f"that it was {after.get('state')}"
        case "orders.allocate":
            return "the move to other warehouses"
        case "orders.note":
            return "your note"
        case "orders.tag":
            return "your change of its tags"
        case "orders.assign":
            return f"that it is {after.get('assigned to') or 'nobody'}'s"
        case "orders.hold":
            return "your hold"
        case "orders.release":
            return "that you let it go"
    return f"your last change ({command.partition('.')[2]})"
