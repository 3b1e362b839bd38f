"""Where an order goes and who is billed: the address given, the stored one named, or the customer's default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from data.customers.rules import cleaned, country, postal_code, text
from data.customers.schema import User, UserAddress
from data.errors import Invalid, NotFound
from data.orders.rules import Address

if TYPE_CHECKING:
    from data.door import OneStatement
    from data.orders.messages import PlaceOrder
    from data.stores.postgres import Postgres

__all__ = ["addresses_of", "checked_address"]

_STREET, _CITY, _NAME, _PHONE = text(255, required=True), text(100, required=True), text(100), text(20)


def addresses_of(unit: OneStatement, command: PlaceOrder) -> tuple[Address, Address]:
    """Return the addresses to ship to and to bill. Asks the database only where the command holds no address itself.

    Raises ``Invalid`` (a field of an address, or no address anywhere) and ``NotFound`` (a stored address that is not
    this customer's).
    """
    ship = checked_address("shipping_address", command.shipping_address)
    bill = checked_address("billing_address", command.billing_address)
    bill_from_shipping = bill is None and command.billing_address_id is None
    if ship is None or bill is None:
        stored = _stored(unit.stores.postgres, command) if ship is None or not bill_from_shipping else []
        ship = ship or _pick(stored, command.shipping_address_id, "shipping")
        if ship is None:
            raise Invalid({"shipping_address": "the customer has none, so the order must name one"})
        bill = bill or _pick(stored, command.billing_address_id, "billing") or ship
    return ship, bill


def checked_address(field: str, address: Address | None) -> Address | None:
    """Return ``address`` as it is stored. Raises ``Invalid`` naming the parts of ``field`` that can't be so."""
    if address is None:
        return None
    try:
        values = cleaned(
            {
                "street_address": (_STREET, address.street_address),
                "city": (_CITY, address.city),
                "postal_code": (postal_code(address.country), address.postal_code),
                "country": (country, address.country),
                "state": (_NAME, address.state),
                "first_name": (_NAME, address.first_name),
                "last_name": (_NAME, address.last_name),
                "phone": (_PHONE, address.phone),
            }
        )
    except Invalid as refused:
        raise Invalid({f"{field}.{name}": why for name, why in refused.fields.items()}) from None
    return Address(**{name: value or "" for name, value in values.items()})


def _stored(postgres: Postgres, command: PlaceOrder) -> list[Any]:
    """Return the customer's addresses with the customer's name, default ones first, or none for nobody."""
    statement = (
        select(UserAddress.__table__, User.first_name, User.last_name, User.phone)
        .join(User, User.user_id == UserAddress.user_id)
        .where(UserAddress.user_id == command.user_id)
        .order_by(UserAddress.is_default.desc(), UserAddress.address_id)
    )
    with postgres.reading() as connection:
        return list(connection.execute(statement))


def _pick(stored: list[Any], address_id: UUID | None, kind: str) -> Address | None:
    if address_id is not None:
        wanted = [row for row in stored if row.address_id == address_id]
        if not wanted:
            raise NotFound("address of this customer", str(address_id))
    else:
        wanted = [row for row in stored if row.address_type == kind]
    if not wanted:
        return None
    row = wanted[0]
    return Address(
        street_address=row.street_address,
        city=row.city,
        postal_code=row.postal_code,
        country=row.country,
        state=row.state or "",
        first_name=row.first_name or "",
        last_name=row.last_name or "",
        phone=row.phone or "",
    )
