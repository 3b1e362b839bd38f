"""Customers as reads return them: one in a list, and one with everything a support desk asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID


class Named:
    """Somebody with a name, or at least an e-mail address."""

    first_name: str
    last_name: str
    email: str

    @property
    def name(self) -> str:
        """First and last name, or the e-mail where there is none."""
        return f"{self.first_name} {self.last_name}".strip() or self.email


@dataclass(frozen=True)
class CustomerRow(Named):
    """One customer in a list. ``order_count`` stops at 1,000; ``city`` and ``country`` are the default address's."""

    user_id: UUID
    email: str
    first_name: str
    last_name: str
    phone: str
    is_active: bool
    created_at: datetime
    city: str
    country: str
    order_count: int
    last_order_at: datetime | None


@dataclass(frozen=True)
class AddressRow:
    """One stored address."""

    address_id: UUID
    address_type: str
    is_default: bool
    street_address: str
    city: str
    state: str
    postal_code: str
    country: str


@dataclass(frozen=True)
class PaymentMethodRow:
    """One way to pay; of a card only brand, last four digits and expiry."""

    payment_method_id: UUID
    payment_type: str
    is_default: bool
    card_brand: str
    card_last_four: str
    expiry_month: int | None
    expiry_year: int | None
    billing_address_id: UUID | None


@dataclass(frozen=True)
class CustomerOrder:
    """One of the customer's last orders."""

    order_id: UUID
    order_number: str
    order_status: str
    total_amount: Decimal
    currency: str
    created_at: datetime


@dataclass(frozen=True)
class CustomerDetail(Named):
    """One customer. ``lifetime_value`` is by currency, over all orders that are neither cancelled nor refunded."""

    user_id: UUID
    email: str
    first_name: str
    last_name: str
    phone: str
    date_of_birth: date | None
    is_active: bool
    email_verified: bool
    created_at: datetime
    updated_at: datetime
    last_login: datetime | None
    version: int
    addresses: tuple[AddressRow, ...]
    payment_methods: tuple[PaymentMethodRow, ...]
    order_count: int
    lifetime_value: dict[str, Decimal]
    last_orders: tuple[CustomerOrder, ...]
