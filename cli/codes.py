"""``storekeeper codes list|add|stop``: discount codes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from cli.answer import Answer, page_document
from cli.columns import columns, shown
from cli.options import Noun, with_after, with_key, with_limit
from cli.order_input import read_time
from cli.session import carry_out, done_document, opened_shop
from data.money import parse_money

if TYPE_CHECKING:
    from data.orders.codes.rules import CodeTerms


@click.group(cls=Noun, name="codes")
def command() -> None:
    """Discount codes: make one, stop one, see how often each was used."""


@command.command("list")
@with_limit
@with_after
def list_(limit: int, after: str | None) -> Answer:
    """List the codes with their terms and uses."""
    from data.orders.codes.commands import list_codes

    with opened_shop("orders.view") as shop:
        page = list_codes(shop.stores.postgres, after=after, limit=limit)
    return Answer(page_document(page, first=after is None), lambda: _lines(page.rows, page.after))


@command.command()
@click.argument("code")
@click.option("--percent", metavar="N", help="So many percent of the goods.")
@click.option("--amount", metavar="MONEY", help="So much off, never more than the goods cost.")
@click.option("--currency", default="USD", show_default=True, metavar="CODE", help="Of amount and minimum.")
@click.option("--minimum", default="0", metavar="MONEY", help="Only where the goods come to so much.")
@click.option("--from", "valid_from", metavar="TIME", help="Holds from then on; 2026-06-01 or with a time, UTC.")
@click.option("--until", "valid_until", metavar="TIME", help="Holds until then.")
@click.option("--uses", "uses_at_most", type=int, metavar="N", help="Used by so many orders at most.")
@with_key
def add(
    code: str,
    percent: str | None,
    amount: str | None,
    currency: str,
    minimum: str,
    valid_from: str | None,
    valid_until: str | None,
    uses_at_most: int | None,
    key: str | None,
) -> Answer:
    """Make the discount code CODE. Its terms never change; stop it and make another."""
    from data.orders.codes.messages import AddCode

    terms = AddCode(
        code=code,
        percent=_money("percent", percent),
        amount=_money("amount", amount),
        currency=currency.upper(),
        minimum=parse_money(minimum, field="minimum"),
        valid_from=read_time("valid_from", valid_from) if valid_from else None,
        valid_until=read_time("valid_until", valid_until) if valid_until else None,
        uses_at_most=uses_at_most,
    )
    done = carry_out(terms, key)
    return Answer(done_document(done), lambda: _lines((done.result,)))


@command.command()
@click.argument("code")
@with_key
def stop(code: str, key: str | None) -> Answer:
    """Let no further order use CODE."""
    from data.orders.codes.messages import StopCode

    done = carry_out(StopCode(code=code), key)
    return Answer(done_document(done), lambda: _lines((done.result,)))


def _money(field: str, text: str | None) -> Decimal | None:
    return parse_money(text, field=field) if text is not None else None


def _lines(rows: Iterable[CodeTerms], after: str | None = None) -> Iterable[str]:
    now = datetime.now(UTC)
    yield from columns(
        ("code", "off", "minimum", "until", "used", "of", "state"),
        [
            (
                row.code,
                row.label,
                row.minimum,
                row.valid_until,
                row.used,
                row.uses_at_most if row.uses_at_most is not None else "any",
                row.spent(now) or "holds",
            )
            for row in rows
        ],
    )
    if after:
        yield f"More: --after {shown(after)}"
