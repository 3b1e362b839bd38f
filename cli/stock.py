"""``storekeeper stock show|receive|adjust|transfer|movements``; holds stand in ``cli.stock_holds``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from cli.answer import Answer, page_document
from cli.columns import columns, shown
from cli.options import Noun, with_after, with_key, with_limit
from cli.session import done_document, opened_shop
from cli.stock_holds import VERBS
from data.types import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data.command import Command
    from data.door import Done
    from data.stock.messages import StockMoved
    from data.stock.reads import Level, MovementRow


@click.group(cls=Noun, name="stock")
def command() -> None:
    """Show, receive, adjust, transfer and hold stock; its movements."""


for _verb in VERBS:
    command.add_command(_verb)


def with_warehouse(function: Any) -> Any:
    """Add ``--warehouse`` for a write: which one, default the configured one."""
    return click.option("--warehouse", metavar="CODE", help="Which warehouse. Default: the setting `warehouse`.")(
        function
    )


@command.command()
@click.argument("ref", required=False)
@click.option("--warehouse", default="", metavar="CODE", help="Only this warehouse.")
@click.option("--sku", "prefix", default="", metavar="TEXT", help="Only SKUs that begin with TEXT.")
@click.option("--low", is_flag=True, help="Only what is at or below its reorder level.")
@click.option("--out", is_flag=True, help="Only what is sold out.")
@with_limit
@with_after
def show(ref: str | None, warehouse: str, prefix: str, low: bool, out: bool, limit: int, after: str | None) -> Answer:
    """Show the levels of one product (REF: SKU, id or barcode), or list levels in SKU order."""
    from data.stock.reads import LevelQuery, list_levels

    with opened_shop("stock.view") as shop:
        product = _product(shop.stores.mongo, ref) if ref else None
        query = LevelQuery(
            warehouse_id=warehouse,
            text=prefix,
            product_ids=(product.product_id,) if product else (),
            low=low,
            out=out,
        )
        page = list_levels(shop.stores.postgres, query, after=after, limit=limit)
    document = page_document(page, first=after is None)
    for row in document["rows"]:
        # The name that an out-of-stock answer has for the same figure, so that a script needs to know one.
        row["quantity_available"] = row["available_stock"]
    if product:
        document |= {"product_id": product.product_id, "sku": product.sku, "title": product.title}
    return Answer(document, lambda: _level_lines(page))


def _level_lines(page: Page[Any]) -> Iterable[str]:
    rows: Sequence[Level] = page.rows
    yield from columns(
        ("sku", "warehouse", "available", "reserved", "damaged", "total", "reorder at", "state"),
        [
            (
                row.sku,
                row.warehouse_id,
                row.available_stock,
                row.reserved_stock,
                row.damaged_stock,
                row.total_stock,
                row.reorder_level,
                _state(row),
            )
            for row in rows
        ],
    )
    if page.after:
        yield f"More: --after {page.after}"


def _state(level: Level) -> str:
    if level.available_stock == 0:
        return "out"
    return "low" if level.is_low else ""


def _product(mongo: Any, ref: str) -> Any:
    from data.catalog.reads import get_product

    return get_product(mongo, ref)


@command.command()
@click.argument("ref")
@click.argument("quantity", type=int)
@with_warehouse
@click.option("--reason", default="", metavar="TEXT", help="Why, or the delivery note.")
@with_key
def receive(ref: str, quantity: int, warehouse: str | None, reason: str, key: str | None) -> Answer:
    """Take QUANTITY units of the product REF (SKU or id) into a warehouse."""
    from data.stock.commands import ReceiveStock

    def build(default: str) -> Command:
        return ReceiveStock(product_id=ref, warehouse_id=warehouse or default, quantity=quantity, reason=reason)

    return _move(build, key)


@command.command()
@click.argument("ref")
@click.option("--delta", type=int, metavar="N", help="Units to add; negative to take away.")
@click.option("--set", "counted", type=int, metavar="N", help="What was counted as available.")
@click.option("--expected", type=int, metavar="N", help="With --set: refuse (exit 5) unless this many are available.")
@click.option("--reason", default="", metavar="TEXT", help="Why; must be given.")
@with_warehouse
@with_key
def adjust(
    ref: str,
    delta: int | None,
    counted: int | None,
    expected: int | None,
    reason: str,
    warehouse: str | None,
    key: str | None,
) -> Answer:
    """Correct the available stock of the product REF (SKU or id): by --delta, or to --set."""
    from data.stock.commands import AdjustStock

    def build(default: str) -> Command:
        return AdjustStock(
            product_id=ref,
            warehouse_id=warehouse or default,
            reason=reason,
            delta=delta,
            set_available=counted,
            expected=expected,
        )

    return _move(build, key)


@command.command()
@click.argument("ref")
@click.argument("quantity", type=int)
@click.option("--from", "source", metavar="CODE", help="From here. Default: the setting `warehouse`.")
@click.option("--to", "target", required=True, metavar="CODE", help="To here.")
@click.option("--reason", default="", metavar="TEXT", help="Why.")
@with_key
def transfer(ref: str, quantity: int, source: str | None, target: str, reason: str, key: str | None) -> Answer:
    """Move QUANTITY available units of the product REF (SKU or id) to another warehouse."""
    from data.stock.commands import TransferStock

    with opened_shop() as shop:
        move = TransferStock(
            product_id=ref,
            from_warehouse=source or shop.settings.warehouse,
            to_warehouse=target,
            quantity=quantity,
            reason=reason,
        )
        done = shop.door.run(move, shop.actor, key=key)
    both = (done.result.source, done.result.target)
    return Answer(done_document(done), lambda: [_level_line(level) for level in both])


def _move(build: Any, key: str | None) -> Answer:
    with opened_shop() as shop:
        done = shop.door.run(build(shop.settings.warehouse), shop.actor, key=key)
    return Answer(done_document(done), lambda: _moved_lines(done))


def _moved_lines(done: Done[StockMoved]) -> Iterable[str]:
    yield _level_line(done.result)


def _level_line(moved: StockMoved) -> str:
    return (
        f"{shown(moved.sku)} in {shown(moved.warehouse_id)}: {moved.available_stock:,} available,"
        f" {moved.reserved_stock:,} reserved, {moved.damaged_stock:,} damaged, {moved.total_stock:,} in all"
    )


@command.command()
@click.argument("ref")
@click.option("--warehouse", metavar="CODE", help="Only this warehouse.")
@with_limit
@with_after
def movements(ref: str, warehouse: str | None, limit: int, after: str | None) -> Answer:
    """List the movements of the product REF (SKU, id or barcode), newest first, with the balances they left."""
    from data.stock.reads import list_movements

    with opened_shop("stock.view") as shop:
        product = _product(shop.stores.mongo, ref)
        page = list_movements(shop.stores.postgres, product.product_id, warehouse, after=after, limit=limit)
    document = page_document(page, first=after is None, sku=product.sku)
    return Answer(document, lambda: _movement_lines(page))


def _movement_lines(page: Page[MovementRow]) -> Iterable[str]:
    yield from columns(
        ("when", "warehouse", "kind", "units", "available", "reserved", "damaged", "total", "cause", "by", "reason"),
        [
            (
                row.created_at,
                row.warehouse_id,
                row.kind,
                row.quantity,
                row.available_after,
                row.reserved_after,
                row.damaged_after,
                row.stock_after_movement,
                row.reference,
                row.created_by,
                row.reason,
            )
            for row in page.rows
        ],
    )
    if page.after:
        yield f"More: --after {page.after}"
