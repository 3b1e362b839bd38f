"""Writing to the customer of an order by key: what it begins with is chosen first, then edited and sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.action import Action
from screens.forms.message import message_form, queued
from screens.order.base import OrderBase, Reason

if TYPE_CHECKING:
    from data.mail.reads import MessageBegun
    from data.shop import Shop
    from screens.order.page import OrderPage

MESSAGES = "M"


def _message(key: str, template: str, label: str, help: str) -> Action:
    return Action(
        f"order.message-{template or 'free'}",
        f"M {key}",
        label,
        "message",
        "orders.message",
        help=help,
        group="Messages",
        show=False,
        arguments=(template, f"M {key}"),
    )


MESSAGE_ACTIONS = (
    _message("c", "confirmation", "confirmation", "Write to the customer what was ordered"),
    _message("s", "shipping", "shipping", "Write to the customer what is on its way, with tracking numbers"),
    _message("r", "refund", "refund", "Write to the customer what was refunded"),
    _message("m", "", "a message", "Write to the customer, beginning with a greeting"),
)


def _fits(template: str) -> Reason:
    def reason(page: OrderPage) -> str:
        from data.mail.templates import why_not

        if not page.order.email:
            return "the order's customer has no e-mail address"
        return why_not(template, page.order) if template else ""

    return reason


MESSAGE_REASONS: dict[str, Reason] = {action.name: _fits(str(action.arguments[0])) for action in MESSAGE_ACTIONS}


class MessageVerbs(OrderBase):
    """What the menu of messages does."""

    async def message(self, template: str, keys: str) -> None:
        """Write to the customer."""
        begun = await self.read_first(_begin, self._ref, template)
        if begun is not None:
            await self.ask_kept(message_form(begun, keys), self._queued)

    def _queued(self, message: Any) -> None:
        self.tell(queued(message))


def _begin(shop: Shop, ref: str, template: str) -> MessageBegun:
    from data.mail.reads import begin_message

    return begin_message(shop, ref, template)
