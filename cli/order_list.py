"""``storekeeper orders list``: the list of orders, by a line of query or a saved view."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from cli.answer import Answer, page_document
from cli.columns import columns
from cli.options import JsonCommand, with_after, with_limit
from cli.session import opened_shop

if TYPE_CHECKING:
    from data.orders.rows import OrderRow
    from data.shop import Shop
    from data.types import Page

__all__ = ["VERBS", "asked_line", "with_line"]

#: what a list without chosen columns tells: the heading, and the field of ``OrderRow``
_USUAL = {
    "order": "order_number",
    "placed": "created_at",
    "status": "order_status",
    "customer": "customer_name",
    "units": "units",
    "total": "total_amount",
    "currency": "currency",
    "payment": "payment_state",
    "tags": "tags",
    "assigned": "assigned_to",
    "on hold": "hold_reason",
}


def with_line(function: click.decorators.FC) -> click.decorators.FC:
    """Add ``--filter`` and ``--view``: which orders."""
    function = click.option("--view", metavar="NAME", help="What this saved view finds.")(function)
    return click.option("--filter", "line", metavar="LINE", help="A line of query, also one that begins with a dash.")(
        function
    )


def asked_line(shop: Shop, words: Iterable[str], line: str | None, view: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the line that words, ``--filter`` and ``--view`` make together, and the view's columns."""
    from cli.views import find_view

    found = find_view(shop, "orders", view) if view else None
    parts = (found.query if found else "", line or "", *words)
    return " ".join(part for part in parts if part), found.columns if found else ()


@click.command("list", cls=JsonCommand)
@click.argument("words", nargs=-1)
@with_line
@click.option("--columns", "asked", default="", metavar="A,B", help="Which columns to tell, in order.")
@with_limit
@with_after
def list_(
    words: tuple[str, ...], line: str | None, view: str | None, asked: str, limit: int, after: str | None
) -> Answer:
    """List orders, newest first; WORDS are a query as in the terminal: status:pending total:>100 tag:rush ann."""
    from data.orders.reads import list_orders, parse_order_query

    with opened_shop("orders.view") as shop:
        text, of_view = asked_line(shop, words, line, view)
        told = _told(tuple(filter(None, (part.strip() for part in asked.split(",")))) or of_view)
        query = parse_order_query(text).seen_by(shop.actor.user_id)
        page = list_orders(shop.stores.postgres, query, after=after, limit=limit)
    return Answer(page_document(page, first=after is None), lambda: _lines(page, told))


def _told(names: tuple[str, ...]) -> dict[str, str]:
    """Return headings and fields for the columns ``names``. Raises ``Invalid`` for one that is none."""
    from data.errors import Invalid
    from data.orders.rows import OrderRow

    if not names:
        return _USUAL
    known = [name for name in OrderRow.__dataclass_fields__ if name != "user_id"]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Invalid({"columns": f"{', '.join(unknown)}: no such column; there are {', '.join(known)}"})
    return {name.replace("_", " "): name for name in names}


def _lines(page: Page[OrderRow], told: dict[str, str]) -> Iterable[str]:
    rows = [tuple(_cell(row, name) for name in told.values()) for row in page.rows]
    yield from columns(tuple(told), rows)
    if page.after:
        yield f"More: --after {page.after}"


def _cell(row: OrderRow, name: str) -> object:
    value = getattr(row, name)
    if name == "customer_name":
        return value or row.email
    return ", ".join(value) if isinstance(value, tuple) else value


VERBS: tuple[click.Command, ...] = (list_,)
