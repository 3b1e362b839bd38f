"""The handler of messages: the row and its event in one transaction, so that none is sent that was not written."""

from __future__ import annotations

from sqlalchemy import insert, select

from data.customers.schema import User
from data.door import UnitOfWork, handles
from data.errors import Invalid, NotFound
from data.events.topics import MAIL
from data.ids import new_id
from data.mail.messages import MessageQueued, SendMessage
from data.mail.rules import checked_content, checked_recipient
from data.mail.schema import OrderMessage
from data.mail.templates import TEMPLATES
from data.orders.schema import Order

__all__ = ["send_message"]


@handles(SendMessage)
def send_message(command: SendMessage, uow: UnitOfWork) -> MessageQueued:
    """Write the message down; see ``SendMessage`` for what is raised."""
    if command.template and command.template not in TEMPLATES:
        raise Invalid({"template": f"{command.template!r} is not one of {', '.join(TEMPLATES)}"})
    subject, body = checked_content(command.subject, command.text)
    order = uow.connection.execute(
        select(Order.order_number, User.email, User.first_name, User.last_name)
        .outerjoin(User, User.user_id == Order.user_id)
        .where(Order.order_id == command.order_id)
    ).one_or_none()
    if order is None:
        raise NotFound("order", str(command.order_id))
    to, message_id = checked_recipient(order.email or ""), new_id()
    uow.connection.execute(
        insert(OrderMessage).values(
            message_id=message_id,
            order_id=command.order_id,
            author_id=uow.actor.user_id,
            template=command.template,
            to_address=to,
            to_name=f"{order.first_name or ''} {order.last_name or ''}".strip()[:255],
            subject=subject,
            body=body,
            created_at=uow.now,
        )
    )
    uow.record("order", command.order_id, None, {"message_id": message_id, "to": to, "subject": subject})
    # A key of its own: one that cannot be sent holds up no other.
    uow.emit(MAIL, str(message_id), "message", {"order_id": command.order_id, "order_number": order.order_number})
    return MessageQueued(
        message_id=message_id, order_id=command.order_id, order_number=order.order_number, to=to, subject=subject
    )
