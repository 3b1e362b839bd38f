"""``storekeeper taxes list|set|remove``: the tax table."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from cli.answer import Answer, plain
from cli.columns import columns
from cli.options import Noun, with_key
from cli.session import carry_out, done_document, opened_shop
from data.errors import Invalid
from data.orders.taxes.rules import TaxRow

PRICES = {"product": None, "inclusive": True, "exclusive": False}


def with_place(function: Any) -> Any:
    """Add COUNTRY, ``--state`` and ``--category``: what a row is found by."""
    function = click.option("--category", default="", metavar="PATH", help="Only this one: 'Parts > Memory'.")(function)
    function = click.option("--state", default="", metavar="CODE", help="Only this state: CA.")(function)
    return click.argument("country", default="")(function)


@click.group(cls=Noun, name="taxes")
def command() -> None:
    """The tax table: by country, state and category; the most specific row wins, the place before the category."""


@command.command("list")
@click.argument("country", default="")
@click.option("--own", is_flag=True, help="Only the shop's own rows.")
def list_(country: str, own: bool) -> Answer:
    """List the rows, the standard ones too, or those of COUNTRY."""
    from data.orders.taxes.commands import taxes_now

    with opened_shop("orders.view") as shop:
        taxes = taxes_now(shop.stores.postgres)
    rows = taxes.own if own else sorted(taxes.rows.values(), key=lambda row: row.key)
    shown = [row for row in rows if country.strip().upper() in ("", row.country)]
    mine = {row.key for row in taxes.own}
    document = [{**plain(row), "own": row.key in mine} for row in shown]
    return Answer({"rows": document}, lambda: _lines(shown, mine))


@command.command("set")
@with_place
@click.option("--percent", required=True, metavar="N", help="The rate.")
@click.option("--label", default="Tax", show_default=True, metavar="TEXT", help="What the bill calls it.")
@click.option(
    "--prices", type=click.Choice(tuple(PRICES)), default="product", show_default=True, help="Whether they contain it."
)
@click.option("--no-shipping", is_flag=True, help="Shipping is not taxed.")
@with_key
def set_(
    country: str, state: str, category: str, percent: str, label: str, prices: str, no_shipping: bool, key: str | None
) -> Answer:
    """Tax what is delivered to COUNTRY (two letters; everywhere without it). Orders that stand keep their amounts."""
    from data.orders.taxes.messages import SetTax

    done = carry_out(
        SetTax(
            country=country,
            state=state,
            category=category,
            percent=_percent(percent),
            label=label,
            inclusive=PRICES[prices],
            on_shipping=not no_shipping,
        ),
        key,
    )
    return Answer(done_document(done), lambda: _lines([done.result.row], {done.result.row.key}))


@command.command()
@with_place
@with_key
def remove(country: str, state: str, category: str, key: str | None) -> Answer:
    """Remove the shop's own row; the standard one, where there is one, holds again."""
    from data.orders.taxes.messages import RemoveTax

    done = carry_out(RemoveTax(country=country, state=state, category=category), key)
    return Answer(done_document(done), lambda: [f"own row removed, {done.result.row.percent.normalize():f} %"])


def _percent(text: str) -> Decimal:
    try:
        return Decimal(text.strip().removesuffix("%").strip())
    except InvalidOperation:
        raise Invalid({"percent": f"{text!r} is not a percentage, write it like 19 or 7.25"}) from None


def _lines(rows: Iterable[TaxRow], mine: set[Any]) -> Iterable[str]:
    yield from columns(
        ("country", "state", "category", "percent", "name", "prices", "shipping", "row"),
        [
            (
                row.country or "any",
                row.state or "any",
                row.category or "any",
                f"{row.percent.normalize():f}",
                row.label,
                {None: "as the product", True: "contain it", False: "do not"}[row.inclusive],
                "taxed" if row.on_shipping else "free",
                "own" if row.key in mine else "standard",
            )
            for row in rows
        ],
    )
