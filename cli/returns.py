"""``storekeeper returns list|show|request|receive|inspect|close|exchange|place``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from cli.answer import Answer, plain
from cli.columns import columns, pairs, shown
from cli.options import Noun, with_key, with_limit
from cli.order_input import read_line
from cli.order_life import line_units, order_id_of, with_lines
from cli.session import carry_out, done_document, opened_shop

if TYPE_CHECKING:
    from uuid import UUID

    from data.command import Command
    from data.returns.reads import ReturnRow


@click.group(cls=Noun, name="returns")
def command() -> None:
    """Request, receive and inspect returns; exchanges."""


def _id(text: str, what: str) -> UUID:
    from data.errors import NotFound
    from data.ids import parse_id

    found = parse_id(text)
    if found is None:
        raise NotFound(what, text)
    return found


@command.command("list")
@click.option("--order", "ref", metavar="REF", help="All returns of this order. Default: what is open, oldest first.")
@with_limit
def list_(ref: str | None, limit: int) -> Answer:
    """List returns that wait to be received or inspected, or all of one order."""
    from data.returns.reads import open_returns, returns_of

    with opened_shop("orders.view") as shop:
        postgres = shop.stores.postgres
        found = returns_of(postgres, order_id_of(shop, ref)) if ref else open_returns(postgres, limit=limit)
    document = {"total": None, "total_exact": False, "rows": plain(found), "next": None}
    return Answer(document, lambda: _list_lines(found))


def _list_lines(found: Sequence[ReturnRow]) -> Iterable[str]:
    return columns(
        ("id", "order", "asked", "state", "units", "received", "reason"),
        [
            (
                str(row.return_id),
                row.order_number,
                row.created_at,
                row.status,
                sum(item.quantity for item in row.items),
                sum(item.received_quantity for item in row.items),
                row.reason,
            )
            for row in found
        ],
        whole=("id",),
    )


@command.command()
@click.argument("return_id")
def show(return_id: str) -> Answer:
    """Show one return, by its id: lines, what became of them, the exchange."""
    from data.returns.reads import get_return

    with opened_shop("orders.view") as shop:
        row = get_return(shop.stores.postgres, _id(return_id, "return"))

    def told() -> Iterable[str]:
        yield from pairs({"order": row.order_number, "state": row.status, "asked": row.created_at, "why": row.reason})
        yield from columns(
            ("sku", "units", "received", "restocked", "damaged", "rejected", "at"),
            [
                (
                    item.sku,
                    item.quantity,
                    item.received_quantity,
                    item.restocked_quantity,
                    item.damaged_quantity,
                    item.rejected_quantity,
                    item.warehouse_id,
                )
                for item in row.items
            ],
        )
        if row.exchange:
            yield f"exchange {shown(row.exchange.status)}, balance {shown(row.exchange.balance_amount)}"

    return Answer(plain(row), told)


def _step(change: Command, key: str | None) -> Answer:
    done = carry_out(change, key)
    after = done.result

    def told() -> Iterable[str]:
        yield (
            f"Return {after.return_id} of {shown(after.order_number)}: {shown(after.status)},"
            f" {after.received}/{after.quantity} received, {after.restocked} restocked, {after.damaged} damaged,"
            f" {after.rejected} rejected; {shown(after.owed)} {shown(after.currency)} owed"
        )

    return Answer(done_document(done), told)


@command.command()
@click.argument("ref")
@with_lines
@click.option("--reason", default="", metavar="TEXT", help="Why; must be given.")
@with_key
def request(ref: str, lines: tuple[str, ...], reason: str, key: str | None) -> Answer:
    """Note that units of the order REF are to come back."""
    from data.returns.messages import RequestReturn

    with opened_shop("orders.view") as shop:
        order_id = order_id_of(shop, ref)
    return _step(RequestReturn(order_id=order_id, lines=line_units(lines), reason=reason), key)


@command.command()
@click.argument("return_id")
@with_lines
@click.option("--warehouse", metavar="CODE", help="Where they arrived. Default: the setting `warehouse`.")
@with_key
def receive(return_id: str, lines: tuple[str, ...], warehouse: str | None, key: str | None) -> Answer:
    """Note that units of a return arrived: all that are missing, or --line."""
    from data.returns.messages import ReceiveReturn
    from data.settings import load_settings

    place = warehouse or load_settings().warehouse
    change = ReceiveReturn(return_id=_id(return_id, "return"), warehouse_id=place, lines=line_units(lines))
    return _step(change, key)


@command.command()
@click.argument("return_id")
@click.option("--restock", multiple=True, metavar="SKU=QTY", help="These are good, and in stock again.")
@click.option("--damaged", multiple=True, metavar="SKU=QTY", help="These are kept as damaged.")
@click.option("--reject", multiple=True, metavar="SKU=QTY", help="These are not taken back.")
@click.option("--note", default="", metavar="TEXT", help="What was found.")
@with_key
def inspect(
    return_id: str,
    restock: tuple[str, ...],
    damaged: tuple[str, ...],
    reject: tuple[str, ...],
    note: str,
    key: str | None,
) -> Answer:
    """Decide on units of a return that arrived; here stock moves and the order gets cheaper."""
    from data.returns.messages import InspectLine, InspectReturn

    decided: list[InspectLine] = []
    for name, words in (("restock", restock), ("damaged", damaged), ("reject", reject)):
        for line in map(read_line, words):
            counts: dict[str, Any] = {name: line.quantity}
            decided.append(InspectLine(sku=line.sku, **counts))
    return _step(InspectReturn(return_id=_id(return_id, "return"), lines=tuple(decided), note=note), key)


@command.command()
@click.argument("return_id")
@click.option("--reason", default="", metavar="TEXT", help="Why no more comes; must be given.")
@with_key
def close(return_id: str, reason: str, key: str | None) -> Answer:
    """End a return though not all of it came."""
    from data.returns.messages import CloseReturn

    return _step(CloseReturn(return_id=_id(return_id, "return"), reason=reason), key)


@command.command()
@click.argument("return_id")
@click.option("--line", "lines", multiple=True, metavar="SKU=QTY", help="What goes out instead.")
@with_key
def exchange(return_id: str, lines: tuple[str, ...], key: str | None) -> Answer:
    """Draft the order that replaces a return's goods, with the balance."""
    from data.orders.messages import OrderLineInput
    from data.returns.messages import DraftExchange

    wanted = tuple(OrderLineInput(sku=line.sku, quantity=line.quantity) for line in map(read_line, lines))
    done = carry_out(DraftExchange(return_id=_id(return_id, "return"), lines=wanted), key)
    drafted = done.result
    told = (
        f"Exchange {drafted.exchange_id}: {shown(drafted.total_amount)} less {shown(drafted.credit_amount)},"
        f" balance {shown(drafted.balance_amount)} {shown(drafted.currency)}"
    )
    return Answer(done_document(done), lambda: [told])


@command.command()
@click.argument("exchange_id")
def place(exchange_id: str) -> Answer:
    """Place a drafted exchange as an order. Safe to repeat: it is placed once."""
    from data.returns.exchanges import place_exchange

    with opened_shop() as shop:
        order = place_exchange(shop, _id(exchange_id, "exchange"))
    return Answer(plain(order), lambda: [f"Order {shown(order.order_number)}: {shown(order.total_amount)}"])
