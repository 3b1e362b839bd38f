"""The commands that only the demo has: batches of ordinary commands, and the marks of where a load stands.

A batch runs the ordinary handlers, one after the other, in one transaction and under one key; whoever runs it needs the
permission of every command in it. That is ten times as fast as one transaction each, and no rule is written twice.
Rejected: inserting the rows directly, which would be faster still and would show a shop that the program cannot make.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import func, select

from data.command import Command
from data.customers.commands import (
    AddPaymentMethod,
    SaveAddress,
    SaveCustomer,
    add_payment_method,
    save_address,
    save_customer,
)
from data.customers.schema import User, UserPaymentMethod
from data.demo.people import Card, Person, Place, registered_at
from data.door import UnitOfWork, handles
from data.errors import Denied
from data.orders.messages import ChangeOrderStatus
from data.orders.status import change_statuses
from data.payments.commands import record_payments
from data.payments.messages import RecordPayment


@dataclass(frozen=True)
class DemoBegun:
    """When the shop's story ends: the moment its first load began, to the second. Everything else is before it."""

    now: datetime


class BeginDemo(Command, frozen=True, kw_only=True):
    """Fix the moment the story of ``seed`` is told from; a repeat with the same key gives the same moment."""

    name: ClassVar[str] = "demo.begin"
    permission: ClassVar[str] = "demo.load"
    result: ClassVar[type] = DemoBegun

    seed: int


@dataclass(frozen=True)
class DemoFinished:
    """What a whole load holds."""

    products: int
    customers: int
    orders: int


class FinishDemo(Command, frozen=True, kw_only=True):
    """Leave the mark that the load called ``label`` is complete."""

    name: ClassVar[str] = "demo.finish"
    permission: ClassVar[str] = "demo.load"
    result: ClassVar[type] = DemoFinished

    label: str
    products: int
    customers: int
    orders: int


@dataclass(frozen=True)
class LoadedPerson:
    """A customer of the demo as stored: ``payment_method_ids`` in the order the person's cards have."""

    user_id: UUID
    email: str
    payment_method_ids: tuple[UUID, ...]
    created: bool


@dataclass(frozen=True)
class PeopleLoaded:
    """Every person asked for, in that order."""

    people: tuple[LoadedPerson, ...]


class LoadPeople(Command, frozen=True, kw_only=True):
    """Save customers with their addresses and payment methods; whoever has the e-mail already is left as they are."""

    name: ClassVar[str] = "demo.people"
    permission: ClassVar[str] = SaveCustomer.permission
    result: ClassVar[type] = PeopleLoaded

    people: tuple[Person, ...]
    today: date


@dataclass(frozen=True)
class StepsTaken:
    """How many steps of orders and of money were taken."""

    steps: int
    payments: int


class TakeSteps(Command, frozen=True, kw_only=True):
    """Change the status of many orders, then book many payments."""

    name: ClassVar[str] = "demo.steps"
    permission: ClassVar[str] = ChangeOrderStatus.permission
    result: ClassVar[type] = StepsTaken

    steps: tuple[ChangeOrderStatus, ...] = ()
    payments: tuple[RecordPayment, ...] = ()


@handles(BeginDemo)
def begin_demo(command: BeginDemo, uow: UnitOfWork) -> DemoBegun:
    """Remember this moment."""
    begun = DemoBegun(uow.now.replace(microsecond=0))
    uow.record("demo", command.seed, None, begun)
    return begun


@handles(FinishDemo)
def finish_demo(command: FinishDemo, uow: UnitOfWork) -> DemoFinished:
    """Write the mark into the audit log, where ``data.demo.load`` looks for it."""
    finished = DemoFinished(command.products, command.customers, command.orders)
    uow.record("demo", command.label, None, finished)
    return finished


@handles(LoadPeople)
def load_people(command: LoadPeople, uow: UnitOfWork) -> PeopleLoaded:
    """Save each person by the ordinary handlers of customers."""
    emails = [person.email.lower() for person in command.people]
    stored = uow.connection.execute(
        select(User.user_id, func.lower(User.email)).where(func.lower(User.email).in_(emails))
    )
    known: dict[str, UUID] = {row[1]: row[0] for row in stored}
    return PeopleLoaded(
        tuple(
            _as_stored(person, known[person.email.lower()], uow)
            if person.email.lower() in known
            else _saved(person, command.today, uow)
            for person in command.people
        )
    )


@handles(TakeSteps)
def take_steps(command: TakeSteps, uow: UnitOfWork) -> StepsTaken:
    """Take each step by the ordinary handlers of orders and payments."""
    if command.payments and not uow.actor.may(RecordPayment.permission):
        raise Denied(uow.actor.email, RecordPayment.permission)
    for wave in _waves(command.steps):
        change_statuses(wave, uow)
    if command.payments:
        record_payments(command.payments, uow)
    return StepsTaken(len(command.steps), len(command.payments))


def _waves(steps: Iterable[ChangeOrderStatus]) -> Iterator[tuple[ChangeOrderStatus, ...]]:
    """Yield ``steps`` so that no order is in a wave twice and each order's steps keep their order."""
    waves: list[list[ChangeOrderStatus]] = []
    seen: Counter[UUID] = Counter()
    for step in steps:
        depth = seen[step.order_id]
        seen[step.order_id] += 1
        if depth == len(waves):
            waves.append([])
        waves[depth].append(step)
    return map(tuple, waves)


def _as_stored(person: Person, user_id: UUID, uow: UnitOfWork) -> LoadedPerson:
    methods = uow.connection.execute(
        select(UserPaymentMethod.payment_method_id)
        .where(UserPaymentMethod.user_id == user_id)
        .order_by(UserPaymentMethod.created_at, UserPaymentMethod.payment_method_id)
    )
    return LoadedPerson(user_id, person.email, tuple(methods.scalars()), created=False)


def _saved(person: Person, today: date, uow: UnitOfWork) -> LoadedPerson:
    customer = SaveCustomer(
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        phone=person.phone,
        date_of_birth=person.born,
        is_active=person.is_active,
        registered_at=registered_at(person, today),
    )
    user_id = save_customer(customer, uow).user_id
    for kind, places in (("shipping", person.shipping), ("billing", person.billing)):
        for place in places:
            save_address(_address(user_id, kind, place), uow)
    methods = [add_payment_method(_method(user_id, card, today), uow) for card in person.cards]
    return LoadedPerson(user_id, person.email, tuple(method.payment_method_id for method in methods), created=True)


def _address(user_id: UUID, kind: str, place: Place) -> SaveAddress:
    return SaveAddress(
        user_id=user_id,
        address_type=kind,
        street_address=place.street_address,
        city=place.city,
        state=place.state,
        postal_code=place.postal_code,
        country=place.country,
    )


def _method(user_id: UUID, card: Card, today: date) -> AddPaymentMethod:
    return AddPaymentMethod(
        user_id=user_id,
        payment_type=card.kind,
        card_brand=card.brand,
        card_last_four=card.last_four,
        expiry_month=card.month or None,
        expiry_year=today.year + card.years if card.month else None,
    )
