"""Forms for a customer and an address: adding one and changing one, through the door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from data.ids import new_id
from screens.forms.overlay import FormOverlay
from widgets.field import Field, Option, SelectField

if TYPE_CHECKING:
    from data.customers.reads import AddressRow, CustomerDetail
    from data.shop import Shop


def customer_form(customer: CustomerDetail | None = None, *, typed: str = "") -> FormOverlay:
    """Return the form for a new customer (beginning with what was ``typed``) or for changing ``customer``.

    It dismisses with the door's ``CustomerSaved``.
    """
    key = str(new_id())
    first, _, last = ("", "", "") if "@" in typed else typed.strip().partition(" ")
    begin = {
        "email": customer.email if customer else typed.strip() if "@" in typed else "",
        "first_name": customer.first_name if customer else first,
        "last_name": customer.last_name if customer else last.strip(),
        "phone": customer.phone if customer else "",
    }
    fields = [
        Field("email", "E-mail", value=begin["email"], required=True),
        Field("first_name", "First name", value=begin["first_name"]),
        Field("last_name", "Last name", value=begin["last_name"]),
        Field("phone", "Phone", value=begin["phone"], placeholder="+49 30 1234567"),
    ]

    def save(shop: Shop, values: dict[str, str]) -> Any:
        from data.customers.messages import SaveCustomer

        command = SaveCustomer(
            user_id=customer.user_id if customer else None,
            date_of_birth=customer.date_of_birth if customer else None,
            is_active=customer.is_active if customer else True,
            expected_version=customer.version if customer else None,
            email=values["email"],
            first_name=values["first_name"],
            last_name=values["last_name"],
            phone=values["phone"],
        )
        return shop.door.run(command, shop.actor, key=key).result

    return FormOverlay("Edit customer" if customer else "New customer", fields, save)


def address_form(user_id: UUID, address: AddressRow | None = None) -> FormOverlay:
    """Return the form for a new address of a customer, or for changing ``address``. Dismisses with ``AddressSaved``."""
    key = str(new_id())
    kinds = [Option("shipping", "shipping"), Option("billing", "billing")]
    yes_no = [Option("no", "no"), Option("yes", "yes")]
    fields = [
        Field("street_address", "Street", value=address.street_address if address else "", required=True),
        Field("postal_code", "Postal code", value=address.postal_code if address else "", required=True),
        Field("city", "City", value=address.city if address else "", required=True),
        Field("state", "State", value=address.state if address else "", placeholder="CA, NY … where taxes need it"),
        Field("country", "Country", value=address.country if address else "", required=True, placeholder="DE, US …"),
        SelectField("address_type", "For", kinds, value=address.address_type if address else "shipping"),
        SelectField("is_default", "Default", yes_no, value="yes" if address and address.is_default else "no"),
    ]

    def save(shop: Shop, values: dict[str, str]) -> Any:
        from data.customers.messages import SaveAddress

        command = SaveAddress(
            user_id=user_id,
            address_id=address.address_id if address else None,
            address_type=values["address_type"],
            is_default=values["is_default"] == "yes",
            street_address=values["street_address"],
            city=values["city"],
            state=values["state"],
            postal_code=values["postal_code"],
            country=values["country"].upper(),
        )
        return shop.door.run(command, shop.actor, key=key).result

    return FormOverlay("Edit address" if address else "New address", fields, save)
