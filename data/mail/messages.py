"""What may be asked of messages to customers: send one. Light; the handler stands in ``data.mail.commands``."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import msgspec

from data.command import Command

__all__ = ["MessageQueued", "SendMessage"]


class MessageQueued(msgspec.Struct, frozen=True, kw_only=True):
    """The message as it was written down; the relay hands it to the mail command after the commit."""

    message_id: UUID
    order_id: UUID
    order_number: str
    to: str
    subject: str


class SendMessage(Command, frozen=True, kw_only=True):
    """Write to the customer of an order, at the address the customer has now.

    ``template`` names what the text began as. The order itself does not change, nor does its version.

    Raises ``NotFound``, ``Invalid`` (subject empty, over 200 characters or over one line; text empty or over 10,000; a
    customer without an address mail can go to).
    """

    name: ClassVar[str] = "orders.message"
    permission: ClassVar[str] = "orders.message"
    result: ClassVar[type] = MessageQueued
    handled_in: ClassVar[str] = "data.mail.commands"

    order_id: UUID
    subject: str
    text: str
    template: str = ""
