"""The shop's own rows of the tax table: set and removed through the door, read by whoever quotes, listed.

They are kept in this process for a second, like prices (``data.catalog.prices``), so that an order costs no question
more; a process that changed a row asks every time for as long. What somebody saw is compared with what is placed
(``expected_total``), so nobody is charged a rate unseen. Rejected: a version in the statement that places, which every
order would pay for a table that changes once a year.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from data.customers.rules import cleaned, country
from data.door import UnitOfWork, handles
from data.errors import Invalid, NotFound
from data.orders.origin_schema import TaxRate
from data.orders.taxes.messages import RemoveTax, SetTax, TaxSet
from data.orders.taxes.rules import SEPARATOR, Taxes, TaxRow, taxes_with

if TYPE_CHECKING:
    from data.stores.postgres import Postgres

__all__ = ["remove_tax", "set_tax", "taxes_now"]

MAX_AGE_SECONDS = 1.0
_COLUMNS = tuple(getattr(TaxRate, name) for name in TaxRow.__struct_fields__)


@dataclass(slots=True)
class _Kept:
    """The table as it was read; times are of ``time.monotonic``."""

    taxes: Taxes | None = None
    asked: float = float("-inf")
    written: float = float("-inf")


_kept: WeakKeyDictionary[Postgres, _Kept] = WeakKeyDictionary()


def taxes_now(postgres: Postgres) -> Taxes:
    """Return the tax table, read no more than ``MAX_AGE_SECONDS`` ago. Raises ``Unavailable``."""
    kept, now = _kept.setdefault(postgres, _Kept()), time.monotonic()
    taxes = kept.taxes
    if taxes is None or now - kept.asked > MAX_AGE_SECONDS or now - kept.written <= MAX_AGE_SECONDS:
        with postgres.reading() as connection:
            rows = connection.execute(
                select(*_COLUMNS).order_by(TaxRate.country, TaxRate.state, TaxRate.category)
            ).all()
        taxes = taxes_with(tuple(TaxRow(**row._mapping) for row in rows))
        kept.taxes, kept.asked = taxes, now
    return taxes


@handles(SetTax)
def set_tax(command: SetTax, uow: UnitOfWork) -> TaxSet:
    """Insert the row, or put it in place of the shop's own of that place and category."""
    row = _checked(command)
    before = uow.connection.execute(select(*_COLUMNS).where(_is(row))).first()
    values = msgspec.structs.asdict(row)
    uow.connection.execute(delete(TaxRate).where(_is(row)))  # its category may have been spelled in other letters
    uow.connection.execute(insert(TaxRate).values(**values, updated_at=uow.now))
    uow.record("tax", " ".join(row.key).strip(), dict(before._mapping) if before is not None else None, row)
    _kept.setdefault(uow.stores.postgres, _Kept()).written = time.monotonic()
    return TaxSet(row=row, created=before is None)


@handles(RemoveTax)
def remove_tax(command: RemoveTax, uow: UnitOfWork) -> TaxSet:
    """Delete the shop's own row; the standard one, where there is one, holds again."""
    row = TaxRow(
        country=command.country.strip().upper(),
        state=command.state.strip().upper(),
        category=_path(command.category),
        percent=Decimal(0),
    )
    gone = uow.connection.execute(delete(TaxRate).where(_is(row)).returning(*_COLUMNS)).first()
    if gone is None:
        raise NotFound("own tax row", " ".join(filter(None, (row.country, row.state, row.category))) or "everywhere")
    removed = TaxRow(**gone._mapping)
    uow.record("tax", " ".join(row.key).strip(), removed, None)
    _kept.setdefault(uow.stores.postgres, _Kept()).written = time.monotonic()
    return TaxSet(row=removed, created=False)


def _is(row: TaxRow) -> ColumnElement[bool]:
    return and_(
        TaxRate.country == row.country,
        TaxRate.state == row.state,
        func.lower(TaxRate.category) == func.lower(row.category),
    )


def _path(category: str) -> str:
    return SEPARATOR.join(part.strip() for part in category.split(SEPARATOR.strip()) if part.strip())


def _checked(command: SetTax) -> TaxRow:
    """Return the row as it is stored. Raises ``Invalid`` naming each field that cannot be so."""
    refused: dict[str, str] = {}
    place = command.country.strip().upper()
    if place:
        try:
            cleaned({"country": (country, place)})
        except Invalid as error:
            refused |= error.fields
    elif command.state.strip():
        refused["state"] = "needs its country"
    if not 0 <= command.percent <= 100 or command.percent != round(command.percent, 4):
        refused["percent"] = "is between 0 and 100, with four decimals at most"
    label = command.label.strip()
    if not 1 <= len(label) <= 50:
        refused["label"] = "has 1 to 50 characters"
    category = _path(command.category)
    if len(command.state) > 100 or len(category) > 300 or category.count(SEPARATOR) > 2:
        refused["category"] = "is a path of at most three levels, like Parts > Memory"
    if refused:
        raise Invalid(refused)
    return TaxRow(
        country=place,
        state=command.state.strip().upper(),
        category=category,
        percent=command.percent,
        label=label,
        inclusive=command.inclusive,
        on_shipping=command.on_shipping,
    )
