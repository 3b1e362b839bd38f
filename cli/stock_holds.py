"""``storekeeper stock hold|release|holds``: stock held for drafts and carts for a while."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from cli.answer import Answer, page_document
from cli.columns import columns, shown
from cli.options import JsonCommand, with_after, with_key, with_limit
from cli.order_input import read_line
from cli.session import carry_out, done_document, opened_shop

if TYPE_CHECKING:
    from data.door import Done

__all__ = ["VERBS"]


def with_owner(function: Any) -> Any:
    """Add OWNER_TYPE and OWNER_ID."""
    kind = click.argument("owner_type", type=click.Choice(("draft", "cart")))
    return kind(click.argument("owner_id")(function))


@click.command(cls=JsonCommand)
@with_owner
@click.option("--line", "lines", multiple=True, metavar="SKU=QTY", help="Units to hold; give it for each product.")
@click.option("--warehouse", default="", metavar="CODE", help="From here. Default: the fewest that have them.")
@click.option("--minutes", type=int, default=10, show_default=True, metavar="N", help="For how long from now.")
@with_key
def hold(
    owner_type: str, owner_id: str, lines: tuple[str, ...], warehouse: str, minutes: int, key: str | None
) -> Answer:
    """Hold exactly these units for a draft or cart; sent again, it extends the time."""
    from data.stock.messages import ReserveLine, ReserveStock

    wanted = tuple(
        ReserveLine(product_id=line.sku, quantity=line.quantity, warehouse_id=warehouse)
        for line in map(read_line, lines)
    )
    command = ReserveStock(owner_type=owner_type, owner_id=owner_id, lines=wanted, minutes=minutes)
    return _answered(carry_out(command, key))


@click.command(cls=JsonCommand)
@with_owner
@with_key
def release(owner_type: str, owner_id: str, key: str | None) -> Answer:
    """Let go of all that a draft or cart holds."""
    from data.stock.messages import ReleaseReservation

    return _answered(carry_out(ReleaseReservation(owner_type=owner_type, owner_id=owner_id), key))


def _answered(done: Done[Any]) -> Answer:
    held = done.result

    def told() -> Iterable[str]:
        until = f"held until {shown(held.expires_at)}" if held.units else "nothing held"
        yield f"{shown(held.owner_type)} {shown(held.owner_id)}: {until}"
        yield from columns(
            ("sku", "warehouse", "units"), [(each.sku, each.warehouse_id, each.quantity) for each in held.units]
        )

    return Answer(done_document(done), told)


@click.command(cls=JsonCommand)
@click.option("--expire", is_flag=True, help="First book what has run out.")
@with_limit
@with_after
def holds(expire: bool, limit: int, after: str | None) -> Answer:
    """List what is held for drafts and carts, what runs out first on top."""
    from data.stock.held import list_reservations
    from data.stock.messages import ExpireReservations

    with opened_shop("stock.view") as shop:
        if expire:
            shop.door.run(ExpireReservations(), shop.actor)
        page = list_reservations(shop.stores.postgres, after=after, limit=limit)

    def told() -> Iterable[str]:
        yield from columns(
            ("for", "id", "sku", "warehouse", "units", "until", "state"),
            [
                (
                    row.owner_type,
                    row.owner_id,
                    row.sku,
                    row.warehouse_id,
                    row.quantity,
                    row.expires_at,
                    "run out" if row.is_due else "held",
                )
                for row in page.rows
            ],
        )
        if page.after:
            yield f"More: --after {page.after}"

    return Answer(page_document(page, first=after is None), told)


VERBS = (hold, release, holds)
