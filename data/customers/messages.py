"""What may be asked of customers: save one, save an address, add a payment method.

The handlers stand in ``data.customers.commands``; this page is light, so that a form or a CLI verb builds a command
without loading a driver.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from data.command import Command

__all__ = [
    "AddPaymentMethod",
    "AddressSaved",
    "CustomerSaved",
    "PaymentMethodAdded",
    "SaveAddress",
    "SaveCustomer",
]

_HANDLERS = "data.customers.commands"


class CustomerSaved(msgspec.Struct, frozen=True, kw_only=True):
    """The customer after saving. ``version`` rises with every change; ``changed`` names the fields that differ now."""

    user_id: UUID
    email: str
    created: bool
    version: int
    changed: tuple[str, ...] = ()


class SaveCustomer(Command, frozen=True, kw_only=True):
    """Create a customer (``user_id`` ``None``) or bring one to this state: every field below is what will be stored.

    ``expected_version`` is the version the form showed; ``None`` overwrites whatever stands there. ``registered_at`` is
    for customers who came earlier (import, demo data), only on creation and not in the future.

    Raises ``Invalid``; ``Conflict`` where the e-mail is somebody else's or the version moved on, with what is stored
    now in ``current``; ``NotFound``; ``Denied`` for a member of staff, whom only ``access.manage`` may change.
    """

    name: ClassVar[str] = "customers.save"
    permission: ClassVar[str] = "customers.edit"
    result: ClassVar[type] = CustomerSaved
    handled_in: ClassVar[str] = _HANDLERS

    user_id: UUID | None = None
    email: str
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    date_of_birth: date | None = None
    is_active: bool = True
    expected_version: int | None = None
    registered_at: datetime | None = None


class AddressSaved(msgspec.Struct, frozen=True, kw_only=True):
    """The address after saving; ``is_default`` may be true unasked, for a customer's first address of its type."""

    user_id: UUID
    address_id: UUID
    created: bool
    is_default: bool


class SaveAddress(Command, frozen=True, kw_only=True):
    """Add an address to a customer (``address_id`` ``None``) or bring one to this state.

    A default address takes the place of the former default of its type. ``country`` is ISO 3166-1 alpha-2.
    Raises ``Invalid`` and ``NotFound`` (customer; an address that is not this customer's).
    """

    name: ClassVar[str] = "customers.address"
    permission: ClassVar[str] = "customers.edit"
    result: ClassVar[type] = AddressSaved
    handled_in: ClassVar[str] = _HANDLERS

    user_id: UUID
    address_id: UUID | None = None
    address_type: str = "shipping"
    is_default: bool = False
    street_address: str
    city: str
    state: str = ""
    postal_code: str
    country: str


class PaymentMethodAdded(msgspec.Struct, frozen=True, kw_only=True):
    """The new payment method; ``is_default`` may be true unasked, for a customer's first one."""

    user_id: UUID
    payment_method_id: UUID
    is_default: bool


class AddPaymentMethod(Command, frozen=True, kw_only=True):
    """Note a way a customer pays; of a card its brand, last four digits and expiry, and never more.

    Raises ``Invalid``, also for anything that looks like a whole card number in any field, which is then neither stored
    nor logged nor repeated in the message; ``NotFound`` (customer; a billing address that is not this customer's).
    """

    name: ClassVar[str] = "customers.payment_method"
    permission: ClassVar[str] = "customers.edit"
    result: ClassVar[type] = PaymentMethodAdded
    handled_in: ClassVar[str] = _HANDLERS

    user_id: UUID
    payment_type: str = "credit_card"
    is_default: bool = False
    card_last_four: str = ""
    card_brand: str = ""
    expiry_month: int | None = None
    expiry_year: int | None = None
    billing_address_id: UUID | None = None
