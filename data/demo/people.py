"""The demo's customers: people and companies of many countries, with addresses, phones and ways to pay."""

from __future__ import annotations

import random
import string
import tomllib
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import msgspec

from data.catalog.imports.templates import parse_template
from data.search.analysis import fold
from data.structs import convert

_CARDS = ("visa", "mastercard", "amex")
_COMPANY, _SECOND_ADDRESS, _BILLING_ADDRESS, _NO_LONGER_ACTIVE = 0.08, 0.15, 0.1, 0.02


class Place(msgspec.Struct, frozen=True):
    """One address."""

    street_address: str
    city: str
    state: str
    postal_code: str
    country: str


class Card(msgspec.Struct, frozen=True):
    """What is known of a card; it expires ``years`` after the load, in ``month``."""

    brand: str
    last_four: str
    kind: str = "credit_card"
    month: int = 1
    years: int = 2


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One customer. ``days`` is how many days before the load the customer registered."""

    email: str
    first_name: str
    last_name: str
    phone: str
    born: date | None
    is_active: bool
    days: int
    shipping: tuple[Place, ...]
    billing: tuple[Place, ...]
    cards: tuple[Card, ...]

    @property
    def is_company(self) -> bool:
        """Whether it is a company; those pay by invoice and buy more of each."""
        return not self.first_name


class _First(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: tuple[str, str]
    email: str
    phone: str
    home: Place
    work: Place | None = None
    born: date | None = None
    card: Card | None = None


class _Region(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    country: str
    weight: int
    given: tuple[str, ...]
    family: tuple[str, ...]
    places: tuple[tuple[str, str, str], ...]
    streets: tuple[str, ...]
    street: str
    phone: str
    companies: tuple[str, ...]
    flat: str = ""


class _World(msgspec.Struct, frozen=True):
    first: tuple[_First, ...]
    region: tuple[_Region, ...]


@cache
def _world() -> _World:
    content = tomllib.loads(Path(__file__).with_name("people.toml").read_text(encoding="utf-8"))
    return convert(content, _World)


def make_people(count: int, seed: int) -> tuple[Person, ...]:
    """Return ``count`` customers, the same for the same ``seed``; no two share an e-mail address."""
    emails: set[str] = set()
    named = [_known(first, seed) for first in _world().first[:count]]
    emails.update(person.email for person in named)
    made = [_invented(random.Random(f"{seed}:person:{number}"), emails) for number in range(len(named), count)]
    return (*named, *made)


def registered_at(person: Person, today: date) -> datetime:
    """Return when the customer registered, counted back from ``today``."""
    return datetime.combine(today, time(), UTC) - timedelta(
        days=person.days, minutes=random.Random(person.email).randrange(1440)
    )


def _known(first: _First, seed: int) -> Person:
    dice = random.Random(f"{seed}:{first.email}")
    return Person(
        email=first.email,
        first_name=first.name[0],
        last_name=first.name[1],
        phone=first.phone,
        born=first.born,
        is_active=True,
        days=dice.randint(200, 900),
        shipping=(first.home,) if first.work is None else (first.home, first.work),
        billing=(),
        cards=() if first.card is None else (first.card,),
    )


def _invented(dice: random.Random, emails: set[str]) -> Person:
    region = dice.choices(_world().region, [region.weight for region in _world().region])[0]
    company = dice.random() < _COMPANY
    first, last = (
        ("", dice.choice(region.companies)) if company else (dice.choice(region.given), dice.choice(region.family))
    )
    home = _place(region, dice)
    return Person(
        email=_email(first, last, dice, emails),
        first_name=first.partition("|")[0],
        last_name=last.partition("|")[0],
        phone=_digits(region.phone, dice) if dice.random() < 0.8 else "",
        born=None if company or dice.random() < 0.4 else date(1945, 1, 1) + timedelta(days=dice.randrange(22_000)),
        is_active=dice.random() >= _NO_LONGER_ACTIVE,
        days=dice.randint(91, 1200) if dice.random() < 0.85 else dice.randint(1, 90),
        shipping=(home, _place(region, dice)) if dice.random() < _SECOND_ADDRESS else (home,),
        billing=(_place(region, dice),) if dice.random() < _BILLING_ADDRESS else (),
        cards=() if company else tuple(_card(dice) for _ in range(dice.choices((0, 1, 2), (2, 6, 2))[0])),
    )


def _place(region: _Region, dice: random.Random) -> Place:
    city, state, code = dice.choice(region.places)
    words = {
        "number": dice.randint(1, 240),
        "street": dice.choice(region.streets),
        "flat": _digits(region.flat, dice) if dice.random() < 0.3 else "",
    }
    street = parse_template(region.street, where="people.toml").fill(words)
    return Place(street, city, state, _digits(code, dice), region.country)


def _card(dice: random.Random) -> Card:
    kind = dice.choices(("credit_card", "debit_card", "paypal"), (6, 2, 2))[0]
    if kind == "paypal":
        return Card("", "", kind, 0, 0)
    return Card(dice.choice(_CARDS), f"{dice.randrange(10_000):04}", kind, dice.randint(1, 12), dice.randint(1, 4))


def _email(first: str, last: str, dice: random.Random, emails: set[str]) -> str:
    given, family = _latin(first), _latin(last)
    if not given:
        wanted = f"{dice.choice(('office', 'orders', 'einkauf', 'hello'))}@{family}"
    else:
        wanted = dice.choice((f"{given}@{family}", f"{given}.{family}@mail", f"{given[0]}.{family}@post"))
    local, _, domain = wanted.partition("@")
    numbers = (f"{local}{number or ''}@{domain}.example" for number in range(1_000_000) if number != 1)
    found = next(email for email in numbers if email not in emails)
    emails.add(found)
    return found


def _latin(name: str) -> str:
    """Return ``name`` as it stands in an address: plain letters, digits and dashes."""
    spelt = fold(name.rpartition("|")[2])
    kept = "".join(char if char in string.ascii_lowercase + string.digits else "-" for char in spelt)
    return "-".join(filter(None, kept.split("-")))[:40]


def _digits(pattern: str, dice: random.Random) -> str:
    filled = {"#": string.digits, "?": "ABCDEFGHJKLMNPRSTUWXYZ"}
    return "".join(dice.choice(filled[sign]) if sign in filled else sign for sign in pattern)
