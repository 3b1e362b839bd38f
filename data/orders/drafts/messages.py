"""What may be asked of drafts that hold stock: hold one, take one on. Handlers: ``data.orders.drafts.commands``."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from data.command import Command
from data.orders.messages import CartRef

__all__ = ["DraftContent", "DraftLine", "HeldDraft", "HoldDraft", "TakeDraft"]


class DraftLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Units of a product by SKU (or product id), from ``warehouse_id`` or from wherever it can be served."""

    sku: str
    quantity: int
    warehouse_id: str = ""


class DraftContent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order that is not placed yet. ``address`` is the id of a stored one, ``""`` the customer's default."""

    user_id: UUID | None = None
    lines: tuple[DraftLine, ...] = ()
    address: str = ""
    shipping_method: str = "standard"
    payment_method: str = ""
    code: str = ""
    cart: CartRef | None = None


class HeldDraft(msgspec.Struct, frozen=True, kw_only=True):
    """The draft as it is held, or was when it was taken on."""

    draft_id: UUID
    content: DraftContent
    held_until: datetime


class HoldDraft(Command, frozen=True, kw_only=True):
    """Keep a draft where everybody sees it and hold its stock until ``until``, at most 30 days ahead; all or nothing.

    Held again, its stock moves by the difference. Raises ``Invalid``, ``NotFound`` (customer, product in stock),
    ``OutOfStock`` (every short line).
    """

    name: ClassVar[str] = "orders.hold_draft"
    permission: ClassVar[str] = "orders.place"
    result: ClassVar[type] = HeldDraft
    handled_in: ClassVar[str] = "data.orders.drafts.commands"
    entry_limit: ClassVar[int] = 500

    draft_id: UUID
    content: DraftContent
    until: datetime


class TakeDraft(Command, frozen=True, kw_only=True):
    """Take a held draft on: it is in nobody else's list any more, so one person places it. Raises ``NotFound``.

    Its stock stays held under its id; ``release`` lets it go, for a draft nobody wants.
    """

    name: ClassVar[str] = "orders.take_draft"
    permission: ClassVar[str] = "orders.place"
    result: ClassVar[type] = HeldDraft
    handled_in: ClassVar[str] = "data.orders.drafts.commands"

    draft_id: UUID
    release: bool = False
