"""Every command of customers with its handler: save a customer, save an address, add a payment method.

Each locks the customer's row first, so that two changes of one customer, their addresses and their defaults follow one
another. Nothing is told to other stores: no reader of the topic ``customers`` exists yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from data.access.rules import NO_PASSWORD
from data.customers import rules
from data.customers.messages import (
    AddPaymentMethod,
    AddressSaved,
    CustomerSaved,
    PaymentMethodAdded,
    SaveAddress,
    SaveCustomer,
)
from data.customers.schema import User, UserAddress, UserPaymentMethod
from data.door import UnitOfWork, handles
from data.errors import Conflict, Denied, Invalid, NotFound
from data.ids import new_id

__all__ = [
    "AddPaymentMethod",
    "AddressSaved",
    "CustomerSaved",
    "PaymentMethodAdded",
    "SaveAddress",
    "SaveCustomer",
]

_FIELDS = (User.email, User.first_name, User.last_name, User.phone, User.date_of_birth, User.is_active)


@handles(SaveCustomer)
def save_customer(command: SaveCustomer, uow: UnitOfWork) -> CustomerSaved:
    """Insert the customer, or update the fields that differ under the row's lock."""
    values = rules.cleaned(
        {
            "email": (rules.email, command.email),
            "first_name": (rules.text(100), command.first_name),
            "last_name": (rules.text(100), command.last_name),
            "phone": (rules.phone, command.phone),
            "date_of_birth": (rules.birth_date(uow.now.date()), command.date_of_birth),
        }
    ) | {"is_active": command.is_active}
    if command.user_id is None:
        return _create_customer(command, values, uow)
    return _update_customer(command.user_id, command.expected_version, values, uow)


def _create_customer(command: SaveCustomer, values: dict[str, Any], uow: UnitOfWork) -> CustomerSaved:
    registered = command.registered_at or uow.now
    if registered > uow.now:
        raise Invalid({"registered_at": "must not lie in the future"})
    user_id = uow.connection.execute(
        upsert(User)
        .values(user_id=new_id(), password_hash=NO_PASSWORD, created_at=registered, updated_at=registered, **values)
        .on_conflict_do_nothing()
        .returning(User.user_id)
    ).scalar_one_or_none()
    if user_id is None:
        raise _email_taken(uow, values["email"])
    uow.record("customer", user_id, None, values)
    return CustomerSaved(user_id=user_id, email=values["email"], created=True, version=1, changed=tuple(values))


def _update_customer(
    user_id: UUID, expected_version: int | None, values: dict[str, Any], uow: UnitOfWork
) -> CustomerSaved:
    row = _locked(uow, user_id)
    if row.is_staff and not uow.actor.may("access.manage"):
        raise Denied(uow.actor.email, "access.manage")
    stored = {column.key: getattr(row, column.key) for column in _FIELDS}
    if expected_version is not None and expected_version != row.version:
        raise Conflict(
            f"{row.email} was changed by somebody else meanwhile.",
            current={**_shown(stored), "version": row.version},
        )
    changed = {field: value for field, value in values.items() if stored[field] != value}
    if "email" in changed and _other_with(uow, changed["email"], user_id):
        raise _email_taken(uow, changed["email"])
    uow.record("customer", user_id, {field: stored[field] for field in changed}, changed)
    if changed:
        uow.connection.execute(
            update(User).where(User.user_id == user_id).values(**changed, version=row.version + 1, updated_at=uow.now)
        )
    return CustomerSaved(
        user_id=user_id,
        email=values["email"],
        created=False,
        version=row.version + bool(changed),
        changed=tuple(changed),
    )


@handles(SaveAddress)
def save_address(command: SaveAddress, uow: UnitOfWork) -> AddressSaved:
    """Insert or update the address; a default takes the place of the former one."""
    values = rules.cleaned(
        {
            "address_type": (rules.address_type, command.address_type),
            "street_address": (rules.text(255, required=True), command.street_address),
            "city": (rules.text(100, required=True), command.city),
            "state": (rules.text(100), command.state),
            "postal_code": (rules.postal_code(command.country), command.postal_code),
            "country": (rules.country, command.country),
        }
    )
    _locked(uow, command.user_id)
    before = _address(uow, command.user_id, command.address_id)
    address_id = command.address_id or new_id()
    is_default = command.is_default or (before is None and not _has_default(uow, command.user_id, values))
    if is_default:
        uow.connection.execute(
            update(UserAddress)
            .where(
                UserAddress.user_id == command.user_id,
                UserAddress.address_type == values["address_type"],
                UserAddress.address_id != address_id,
                UserAddress.is_default,
            )
            .values(is_default=False)
        )
    values["is_default"] = is_default
    if before is None:
        uow.connection.execute(
            insert(UserAddress).values(address_id=address_id, user_id=command.user_id, created_at=uow.now, **values)
        )
    else:
        uow.connection.execute(update(UserAddress).where(UserAddress.address_id == address_id).values(**values))
    uow.record("customer", command.user_id, before, {"address_id": address_id, **values})
    return AddressSaved(user_id=command.user_id, address_id=address_id, created=before is None, is_default=is_default)


@handles(AddPaymentMethod)
def add_payment_method(command: AddPaymentMethod, uow: UnitOfWork) -> PaymentMethodAdded:
    """Insert the payment method; the first one, or one asked to be, becomes the default."""
    values = _payment_values(command, uow)
    _locked(uow, command.user_id)
    if command.billing_address_id is not None:
        _address(uow, command.user_id, command.billing_address_id)
    defaults = (UserPaymentMethod.user_id == command.user_id, UserPaymentMethod.is_default, UserPaymentMethod.is_active)
    has_default = uow.connection.execute(select(UserPaymentMethod.payment_method_id).where(*defaults)).first()
    is_default = command.is_default or has_default is None
    if is_default:
        uow.connection.execute(update(UserPaymentMethod).where(*defaults).values(is_default=False))
    payment_method_id = new_id()
    values |= {"is_default": is_default, "billing_address_id": command.billing_address_id}
    uow.connection.execute(
        insert(UserPaymentMethod).values(
            payment_method_id=payment_method_id, user_id=command.user_id, created_at=uow.now, **values
        )
    )
    uow.record("customer", command.user_id, None, {"payment_method_id": payment_method_id, **values})
    return PaymentMethodAdded(user_id=command.user_id, payment_method_id=payment_method_id, is_default=is_default)


def _payment_values(command: AddPaymentMethod, uow: UnitOfWork) -> dict[str, Any]:
    """Return the columns of the payment method as they are stored. Raises ``Invalid`` naming every bad field."""
    values = rules.cleaned(
        {
            "payment_type": (rules.payment_type, command.payment_type),
            "card_last_four": (rules.last_four(command.payment_type), command.card_last_four),
            "card_brand": (rules.text(20), command.card_brand),
        }
    )
    wrong = rules.expiry_fields(command.expiry_month, command.expiry_year, uow.now.date())
    if wrong:
        raise Invalid(wrong)
    return {**values, "expiry_month": command.expiry_month, "expiry_year": command.expiry_year}


def _locked(uow: UnitOfWork, user_id: UUID) -> Row[*tuple[Any, ...]]:
    """Return the customer's row, locked until the end of the command. Raises ``NotFound``."""
    row = uow.connection.execute(
        select(*_FIELDS, User.version, User.is_staff).where(User.user_id == user_id).with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        raise NotFound("customer", str(user_id))
    return row


def _address(uow: UnitOfWork, user_id: UUID, address_id: UUID | None) -> dict[str, Any] | None:
    """Return the customer's address as stored, ``None`` for no id. Raises ``NotFound`` for somebody else's."""
    if address_id is None:
        return None
    row = uow.connection.execute(
        select(UserAddress.__table__).where(UserAddress.address_id == address_id, UserAddress.user_id == user_id)
    ).one_or_none()
    if row is None:
        raise NotFound("address of this customer", str(address_id))
    kept = row._asdict()
    return {name: value for name, value in kept.items() if name not in ("user_id", "created_at")}


def _has_default(uow: UnitOfWork, user_id: UUID, values: Mapping[str, Any]) -> bool:
    found = uow.connection.execute(
        select(UserAddress.address_id).where(
            UserAddress.user_id == user_id,
            UserAddress.address_type == values["address_type"],
            UserAddress.is_default,
        )
    )
    return found.first() is not None


def _other_with(uow: UnitOfWork, email: str, user_id: UUID | None) -> UUID | None:
    """Return the id of somebody else who has this e-mail."""
    return uow.connection.execute(
        select(User.user_id).where(func.lower(User.email) == func.lower(email), User.user_id.is_distinct_from(user_id))
    ).scalar_one_or_none()


def _email_taken(uow: UnitOfWork, email: str) -> Conflict:
    holder = _other_with(uow, email, None)
    return Conflict(f"{email} is another customer's e-mail.", current={"email": email, "user_id": str(holder)})


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored fields as JSON knows them, for the form's theirs-and-mine."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}
