"""``storekeeper orders edit``: change a placed order, or see what the change would make of it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from cli.answer import Answer, plain
from cli.columns import columns, shown
from cli.options import JsonCommand, with_key
from cli.order_input import read_json_file
from cli.session import done_document, opened_shop
from data.money import parse_money

if TYPE_CHECKING:
    from data.orders.editing.messages import OrderEdited

__all__ = ["edit"]

_AMOUNTS = (
    ("items", "subtotal"),
    ("discount", "discount_amount"),
    ("shipping", "shipping_amount"),
    ("tax", "tax_amount"),
    ("total", "total_amount"),
    ("owed", "owed"),
)


@click.command(cls=JsonCommand)
@click.argument("ref")
@click.option("--file", "file", required=True, metavar="FILE", help="The changes as JSON, - for standard input.")
@click.option("--preview", is_flag=True, help="Do it for real, show what came of it, and take it all back.")
@click.option("--expected-version", type=int, metavar="N", help="Refuse (exit 5) unless the order has this version.")
@click.option("--expected-total", metavar="AMOUNT", help="Refuse (exit 5) unless the order then comes to this.")
@with_key
def edit(
    ref: str, file: str, preview: bool, expected_version: int | None, expected_total: str | None, key: str | None
) -> Answer:
    """Change the order REF (number or id): lines, prices, discounts, addresses, shipping, notes.

    FILE holds {"lines": [{"sku": …, "quantity": 3}, {"line_no": 2, "discount": {"percent": 10}, "reason": …}],
    "add": [{"sku": …, "quantity": 1}], "shipping_method": …, "shipping_address": {…}, "notes": …, "reason": …}; what
    is not in it stays. A quantity of 0 takes a line out. Nothing is charged or refunded: what is owed changes.
    """
    from data.orders.editing.messages import EditOrder, OrderChanges
    from data.orders.reads import get_order

    changes = read_json_file(file, OrderChanges)
    total: Decimal | None = parse_money(expected_total, field="expected-total") if expected_total else None
    with opened_shop() as shop:
        command = EditOrder(
            order_id=get_order(shop.stores.postgres, ref).order_id,
            changes=changes,
            expected_version=expected_version,
            expected_total=total,
        )
        if preview:
            made: OrderEdited = shop.door.preview(command, shop.actor)
            return Answer({**plain(made), "preview": True}, lambda: _lines(made, "would be changed"))
        done = shop.door.run(command, shop.actor, key=key)
    return Answer({**done_document(done), "preview": False}, lambda: _lines(done.result, "changed"))


def _lines(made: OrderEdited, what: str) -> Iterable[str]:
    fields = f"{len(made.changed)} field{'' if len(made.changed) == 1 else 's'}"
    yield f"Order {shown(made.order_number)}: {fields} {what}, version {made.version}"
    yield ""
    yield from columns(
        ("line", "sku", "was", "quantity", "was price", "price", "total", "from"),
        [
            (
                line.line_no,
                line.sku,
                line.was_quantity,
                line.quantity,
                line.was_price,
                line.unit_price,
                line.total,
                " ".join(f"+{share.units} {share.warehouse_id}" for share in line.taken)
                + " ".join(f"-{share.units} {share.warehouse_id}" for share in line.freed),
            )
            for line in made.lines
        ],
    )
    yield ""
    yield from columns(
        (made.currency, "was", "is"),
        [(label, getattr(made.was, name), getattr(made.now, name)) for label, name in _AMOUNTS],
    )
    yield ""
    yield from columns(("changed", "was", "is"), [(one.label, one.was, one.now) for one in made.changed])
