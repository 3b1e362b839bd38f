"""How the desk handles one order, by the keys the list has for it: tags, whose it is, held back from shipping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.action import Action
from screens.forms.orders import assign_form, hold_form, tag_form
from screens.order.base import OrderBase, Reason
from screens.order.page import OPEN, OrderPage

if TYPE_CHECKING:
    from data.orders.handling.messages import OrderHeld

DESK_ACTIONS = (
    Action("order.tag", "t", "tag", "tag", "orders.tag", help="Its tags", rank=62),
    Action("order.assign", "A", "assign", "assign", "orders.assign", help="Give it to somebody", show=False),
    Action("order.hold", "h", "hold", "hold", "orders.hold", help="Hold it back from shipping, or let it go", rank=61),
)


def _holdable(page: OrderPage) -> str:
    order = page.order
    if order.hold_reason or order.order_status in OPEN:
        return ""
    return f"an order that is {order.order_status} has nothing to be sent"


DESK_REASONS: dict[str, Reason] = {"order.hold": _holdable}


class DeskVerbs(OrderBase):
    """Tag, assign, hold."""

    def tag(self) -> None:
        """Change the tags."""
        if self.order is not None:
            self.shell.overlay(tag_form(self.order.order_number, self.order.order_id, self.order.tags), self._tagged)

    def _tagged(self, done: Any) -> None:
        if hasattr(done, "tags"):  # nothing typed, nothing to take off: nothing is done
            self.tell(" ".join(f"#{tag}" for tag in done.tags) or "No tags")

    def assign(self) -> None:
        """Give it to somebody."""
        if self.order is not None:
            form = assign_form(self.order.order_number, self.order.order_id)
            self.ask(form, lambda done: f"{done.order_number} is {done.assigned_to or 'nobody'}'s")

    def hold(self) -> None:
        """Hold it back from shipping, or let it go."""
        from data.orders.handling.messages import ReleaseOrder

        order = self.order
        if order is not None and order.hold_reason:
            self.change(ReleaseOrder(order_id=order.order_id), _held)
        elif order is not None:
            self.ask(hold_form(order.order_number, order.order_id), _held)


def _held(done: OrderHeld) -> str:
    return f"{done.order_number} is on hold" if done.reason else f"{done.order_number} may be sent again"
