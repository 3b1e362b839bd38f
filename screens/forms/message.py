"""The form for a message to the customer of an order, begun from the order as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from screens.forms.kept import KeptForm
from screens.order.kept import Keep
from screens.order.page import FOR_GOOD
from widgets.field import Field
from widgets.text import visible
from widgets.textfield import TextField

if TYPE_CHECKING:
    from data.mail.messages import MessageQueued
    from data.mail.reads import MessageBegun
    from data.shop import Shop

#: Lines of the text in view on the smallest screen, and what stands around them.
_AROUND = 15


class MessageForm(KeptForm):
    """The text grows with the screen."""

    DEFAULT_CSS = """
    MessageForm .aside { height: 2; }
    """

    def on_resize(self) -> None:
        """Give the text what the screen has."""
        super().on_resize()
        self.form.field("text").input.styles.height = max(self.app.size.height - _AROUND, 4)


def message_form(begun: MessageBegun, keys: str) -> MessageForm:
    """Return the form; ``keys`` are those it is opened by. It dismisses with the door's ``MessageQueued``."""
    fields = [
        Field("subject", "Subject", value=begun.subject, required=True, label_width=10),
        TextField("text", "Text", value=begun.text, required=True),
    ]

    def tells(values: Mapping[str, str]) -> str:
        if not begun.to:
            return "The order's customer has no e-mail address."
        if not begun.sends:
            return f"To {begun.to}. No mail_command is set here: it is recorded, not sent."
        return f"Goes to {begun.to}. {FOR_GOOD}"

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.mail.messages import SendMessage

        command = SendMessage(
            order_id=begun.order_id, subject=values["subject"], text=values["text"], template=begun.template
        )
        return shop.door.run(command, shop.actor, key=key).result

    title = f"Message about {begun.order_number}"
    keep = Keep(begun.order_number, "message", keys, begun.template)
    return MessageForm(title, fields, save, verb="sends it", aside=tells, keep=keep)


def queued(message: MessageQueued) -> str:
    """Return what row 23 says of the message."""
    return f"Message to {visible(message.to)} queued"
