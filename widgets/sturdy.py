"""A message pump that survives its handlers.

Textual ends a widget's pump, and with it the program, at the first exception of a handler. A back office must not lose
a half-typed order to a bug in a detail pane, so the pumps of our own widgets hand the exception to the app (which logs
it and shows a reference) and go on with the next message.
"""

from __future__ import annotations

from textual.message import Message
from textual.message_pump import MessagePump


class Sturdy(MessagePump):
    """Mix in before a Textual class; overrides one private method of the exactly pinned Textual."""

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is reported, and the pump goes on
            self.app._handle_exception(error)
