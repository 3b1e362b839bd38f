"""Discount codes: made and stopped through the door, read for a quote, listed.

A use is counted by the statement that places the order (``placement.sql``), under the code's row lock, so that parallel
orders never use one more often than it may be. A cancelled order's use is not given back: who cancels and orders again
would otherwise keep a code for ever. Rejected: counting the rows of ``code_uses`` instead of ``used``, which no lock
guards.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from data.door import UnitOfWork, handles
from data.errors import Invalid, NotFound
from data.money import MAX_AMOUNT, cents
from data.orders.codes.messages import AddCode, StopCode
from data.orders.codes.rules import CodeTerms, normal_code
from data.orders.origin_schema import DiscountCode
from data.paging import decode_cursor, encode_cursor
from data.types import Page

if TYPE_CHECKING:
    from data.door import OneStatement
    from data.stores.postgres import Postgres

__all__ = ["add_code", "get_code", "list_codes", "stop_code", "terms_of"]

LISTING = "codes:code"
#: discount_codes.code
_LONGEST = 50
_COLUMNS = tuple(getattr(DiscountCode, name) for name in CodeTerms.__struct_fields__)


@handles(AddCode)
def add_code(command: AddCode, uow: UnitOfWork) -> CodeTerms:
    """Insert the code; see ``AddCode`` for what is raised."""
    content = msgspec.structs.asdict(command) | {"code": normal_code(command.code)}
    if refused := _wrong(command, content["code"]):
        raise Invalid(refused)
    terms = CodeTerms(**content)
    added = uow.connection.execute(
        insert(DiscountCode).values(**content, created_at=uow.now).on_conflict_do_nothing().returning(DiscountCode.code)
    ).first()
    if added is None:
        raise Invalid({"code": f"{terms.code} exists, and its terms never change"})
    uow.record("code", terms.code, None, terms)
    return terms


def _may_be(code: str) -> bool:
    return 1 <= len(code) <= _LONGEST and code.isprintable() and " " not in code


def _wrong(command: AddCode, code: str) -> dict[str, str]:
    """Return what is wrong with a new code, by field."""
    refused: dict[str, str] = {}
    if not _may_be(code):
        refused["code"] = f"has 1 to {_LONGEST} characters and no blank"
    if (command.percent is None) == (command.amount is None):
        refused["percent"] = "either a percentage or an amount"
    for name, most in (("percent", Decimal(100)), ("amount", MAX_AMOUNT)):
        value = getattr(command, name)
        if value is not None and not (0 < value <= most and value == cents(value)):
            refused[name] = f"is above 0 and at most {most:,}, with two decimals at most"
    if not (0 <= command.minimum <= MAX_AMOUNT and command.minimum == cents(command.minimum)):
        refused["minimum"] = f"is between 0 and {MAX_AMOUNT:,}, with two decimals at most"
    if not (len(command.currency) == 3 and command.currency.isascii() and command.currency.isupper()):
        refused["currency"] = "is a code of three capitals, like USD"
    if command.uses_at_most is not None and command.uses_at_most < 1:
        refused["uses_at_most"] = "is 1 or more"
    if command.valid_from and command.valid_until and command.valid_until <= command.valid_from:
        refused["valid_until"] = "lies after valid_from"
    return refused


@handles(StopCode)
def stop_code(command: StopCode, uow: UnitOfWork) -> CodeTerms:
    """Stop the code; one that is stopped already stays so."""
    code = normal_code(command.code)
    row = uow.connection.execute(
        update(DiscountCode).where(DiscountCode.code == code).values(is_active=False).returning(*_COLUMNS)
    ).first()
    if row is None:
        raise NotFound("code", code)
    terms = _terms(row)
    uow.record("code", code, None, {"is_active": False, "used": terms.used})
    return terms


def _terms(row: Any) -> CodeTerms:
    return CodeTerms(**row._mapping)


def get_code(postgres: Postgres, code: str) -> CodeTerms:
    """Return the code as it stands. Raises ``NotFound``."""
    wanted = normal_code(code)
    if not _may_be(wanted):  # PostgreSQL could not even be asked for some
        raise NotFound("code", wanted[:_LONGEST])
    with postgres.reading() as connection:
        row = connection.execute(select(*_COLUMNS).where(DiscountCode.code == wanted)).first()
    if row is None:
        raise NotFound("code", wanted)
    return _terms(row)


def list_codes(postgres: Postgres, *, after: str | None = None, limit: int = 50) -> Page[CodeTerms]:
    """Return a page of the codes, in the order of their names. Raises ``Invalid`` for a cursor of another list."""
    statement = select(*_COLUMNS).order_by(DiscountCode.code).limit(limit + 1)
    if after:
        (edge,) = decode_cursor(LISTING, after)
        statement = statement.where(DiscountCode.code > edge)
    with postgres.reading() as connection:
        rows = [_terms(row) for row in connection.execute(statement)]
    more, rows = len(rows) > limit, rows[:limit]
    return Page(rows=tuple(rows), after=encode_cursor(LISTING, rows[-1].code) if more else None)


def terms_of(unit: OneStatement, code: str) -> CodeTerms:
    """Return the code for an order placed now. Raises ``Invalid`` where there is none or it holds for no order."""
    try:
        terms = get_code(unit.stores.postgres, code)
    except NotFound:
        raise Invalid({"code": f"there is no code {normal_code(code)[:_LONGEST]}"}) from None
    if why := terms.spent(unit.now):
        raise Invalid({"code": f"{terms.code} {why}"})
    return terms
