"""What a message about an order begins as, for the form and the headless verb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from data.errors import Invalid
from data.mail.templates import TEMPLATES, beginning, why_not
from data.orders.reads import get_order
from data.shipments.reads import parcels_of

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["MessageBegun", "begin_message"]


@dataclass(frozen=True)
class MessageBegun:
    """A message before it is written: who gets it, what it may begin as. ``sends``: a mail command is set here."""

    order_id: UUID
    order_number: str
    to: str
    template: str
    subject: str
    text: str
    sends: bool


def begin_message(shop: Shop, ref: str, template: str = "") -> MessageBegun:
    """Return what a message about the order ``ref`` begins as.

    Raises ``NotFound``, ``Invalid`` on ``template`` for one that there is not or that does not fit the order.
    """
    if template and template not in TEMPLATES:
        raise Invalid({"template": f"{template!r} is not one of {', '.join(TEMPLATES)}"})
    order = get_order(shop.stores.postgres, ref)
    if template and (why := why_not(template, order)):
        raise Invalid({"template": f"{template} does not fit {order.order_number}: {why}"})
    parcels = parcels_of(shop.stores.postgres, order.order_id)
    settings = shop.settings
    subject, text = beginning(template, order, parcels, seller=settings.seller, author=shop.actor.name)
    return MessageBegun(
        order.order_id, order.order_number, order.email, template, subject, text, bool(settings.mail_command)
    )
