"""The verbs that take an order through its life: ship, deliver, cancel, allocate, mark, parcels, undo."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from cli.answer import Answer, plain
from cli.columns import columns, shown
from cli.options import JsonCommand, with_key
from cli.order_input import read_line
from cli.session import done_document, opened_shop

if TYPE_CHECKING:
    from uuid import UUID

    from data.command import Command
    from data.door import Done
    from data.orders.messages import LineUnits
    from data.shop import Shop

__all__ = ["VERBS", "line_units", "order_id_of"]


def order_id_of(shop: Shop, ref: str) -> UUID:
    """Return the id of the order REF (number or id). Raises ``NotFound``."""
    from data.orders.reads import get_order

    return get_order(shop.stores.postgres, ref).order_id


def line_units(lines: Iterable[str]) -> tuple[LineUnits, ...]:
    """Return the units that ``SKU=QTY`` words name."""
    from data.orders.messages import LineUnits

    return tuple(LineUnits(sku=line.sku, quantity=line.quantity) for line in map(read_line, lines))


def with_lines(function: Any) -> Any:
    """Add ``--line``: some units of the order."""
    return click.option(
        "--line", "lines", multiple=True, metavar="SKU=QTY", help="Only these units; give it for each."
    )(function)


def with_version(function: Any) -> Any:
    """Add ``--expected-version``."""
    return click.option(
        "--expected-version", type=int, metavar="N", help="Refuse (exit 5) unless the order has this version."
    )(function)


def _run(ref: str, key: str | None, build: Any) -> Done[Any]:
    with opened_shop() as shop:
        command: Command = build(order_id_of(shop, ref))
        return shop.door.run(command, shop.actor, key=key)


def _answered(done: Done[Any], told: str) -> Answer:
    before = " (done before with this key)" if done.replayed else ""
    return Answer(done_document(done), lambda: [f"Order {shown(done.result.order_number)}: {told}{before}"])


@click.command(cls=JsonCommand)
@click.argument("ref")
@with_lines
@click.option("--warehouse", default="", metavar="CODE", help="The box leaves from here. Default: each, one box.")
@click.option("--tracking", default="", metavar="NUMBER", help="The parcel's tracking number.")
@click.option("--carrier", default="", metavar="NAME", help="Who carries it.")
@click.option("--boxes", "file", metavar="FILE", help="Several boxes as a JSON list, - for standard input.")
@click.option("--reason", default="", metavar="TEXT", help="A word for the history.")
@with_version
@with_key
def ship(
    ref: str,
    lines: tuple[str, ...],
    warehouse: str,
    tracking: str,
    carrier: str,
    file: str | None,
    reason: str,
    expected_version: int | None,
    key: str | None,
) -> Answer:
    """Send the order REF, or a box of it. Without options: all that is left, one box for each warehouse.

    FILE holds [{"warehouse_id": …, "lines": [{"sku": …, "quantity": …}], "tracking_number": …, "carrier": …}, …].
    """
    from data.shipments.messages import BoxInput, ShipOrder

    boxes: tuple[BoxInput, ...] = ()
    if file:
        boxes = _read_boxes(file)
    elif lines or warehouse or tracking or carrier:
        box = BoxInput(warehouse_id=warehouse, lines=line_units(lines), tracking_number=tracking, carrier=carrier)
        boxes = (box,)
    done = _run(
        ref,
        key,
        lambda order_id: ShipOrder(order_id=order_id, boxes=boxes, reason=reason, expected_version=expected_version),
    )
    left = done.result.units_left
    return _answered(
        done,
        f"{len(done.result.parcels)} parcels, {shown(done.result.order_status)}"
        + (f", {left:,} units still to be sent" if left else ""),
    )


def _read_boxes(file: str) -> tuple[Any, ...]:
    import sys
    from pathlib import Path

    import msgspec

    from data.errors import Invalid
    from data.shipments.messages import BoxInput
    from data.structs import decode

    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return decode(content, tuple[BoxInput, ...])
    except OSError as error:
        raise Invalid({"boxes": f"cannot read {file}: {error.strerror}"}) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid({"boxes": f"{file}: {error}"}) from None


@click.command(cls=JsonCommand)
@click.argument("ref")
@click.option("--parcel", "parcels", multiple=True, metavar="ID", help="Only this parcel. Default: all on their way.")
@with_version
@with_key
def deliver(ref: str, parcels: tuple[str, ...], expected_version: int | None, key: str | None) -> Answer:
    """Say that parcels of the order REF arrived."""
    from data.command import parse_command
    from data.shipments.messages import DeliverParcels

    done = _run(
        ref,
        key,
        lambda order_id: parse_command(
            DeliverParcels,
            {"order_id": str(order_id), "shipment_ids": list(parcels), "expected_version": expected_version},
        ),
    )
    return _answered(done, f"{done.result.parcels} parcels arrived, {shown(done.result.order_status)}")


@click.command(cls=JsonCommand)
@click.argument("ref")
@with_lines
@click.option("--reason", default="", metavar="TEXT", help="Why; must be given.")
@with_version
@with_key
def cancel(ref: str, lines: tuple[str, ...], reason: str, expected_version: int | None, key: str | None) -> Answer:
    """Cancel what is not sent yet of the order REF: all of it, or --line."""
    from data.orders.messages import CancelLines

    done = _run(
        ref,
        key,
        lambda order_id: CancelLines(
            order_id=order_id, lines=line_units(lines), reason=reason, expected_version=expected_version
        ),
    )
    step = done.result
    return _answered(
        done,
        f"{step.units:,} units cancelled, {shown(step.order_status)}; {shown(step.credit)} taken off,"
        f" {shown(step.owed)} {shown(step.currency)} owed",
    )


@click.command(cls=JsonCommand)
@click.argument("ref")
@click.option("--strategy", default="", metavar="NAME", help="fewest, nearest or most: choose for all that is left.")
@with_lines
@click.option("--from", "from_warehouse", default="", metavar="CODE", help="By hand: take --line from here.")
@click.option("--to", "to_warehouse", default="", metavar="CODE", help="By hand: --line is to be served from here.")
@click.option("--reason", default="", metavar="TEXT", help="A word for the history.")
@with_version
@with_key
def allocate(
    ref: str,
    strategy: str,
    lines: tuple[str, ...],
    from_warehouse: str,
    to_warehouse: str,
    reason: str,
    expected_version: int | None,
    key: str | None,
) -> Answer:
    """Choose anew which warehouses serve the order REF: by --strategy, or --line SKU=QTY --to CODE."""
    from data.orders.messages import AllocateOrder

    done = _run(
        ref,
        key,
        lambda order_id: AllocateOrder(
            order_id=order_id,
            strategy=strategy,
            lines=line_units(lines),
            from_warehouse=from_warehouse,
            to_warehouse=to_warehouse,
            reason=reason,
            expected_version=expected_version,
        ),
    )
    moved = done.result

    def told() -> Iterable[str]:
        yield f"Order {shown(moved.order_number)}: {moved.moved:,} units moved"
        yield from columns(
            ("line", "sku", "warehouse", "quantity"),
            [(each.line_no, each.sku, each.warehouse_id, each.quantity) for each in moved.items],
        )

    return Answer(done_document(done), told)


@click.command(cls=JsonCommand)
@click.argument("ref")
@click.argument("state")
@click.option("--warehouse", default="", metavar="CODE", help="Only what this warehouse serves.")
@with_version
@with_key
def mark(ref: str, state: str, warehouse: str, expected_version: int | None, key: str | None) -> Answer:
    """Say how far the floor is with the order REF: STATE is picked, packed or allocated."""
    from data.orders.messages import MarkLines

    done = _run(
        ref,
        key,
        lambda order_id: MarkLines(
            order_id=order_id, state=state, warehouse_id=warehouse, expected_version=expected_version
        ),
    )
    return _answered(done, f"{done.result.lines} lines {shown(done.result.state)}")


@click.command(cls=JsonCommand)
@click.argument("ref")
def parcels(ref: str) -> Answer:
    """List the parcels of the order REF, with what is in them."""
    from data.shipments.reads import parcels_of

    with opened_shop("orders.view") as shop:
        found = parcels_of(shop.stores.postgres, order_id_of(shop, ref))
    document = {"total": len(found), "total_exact": True, "rows": plain(found), "next": None}

    def told() -> Iterable[str]:
        return columns(
            ("sent", "warehouse", "tracking", "carrier", "arrived", "by", "inside"),
            [
                (
                    row.shipped_at,
                    row.warehouse_id,
                    row.tracking_number,
                    row.carrier,
                    row.delivered_at,
                    row.sent_by,
                    [f"{item.quantity} × {item.sku}" for item in row.items],
                )
                for row in found
            ],
        )

    return Answer(document, told)


@click.command(cls=JsonCommand)
@click.argument("ref")
@with_key
def undo(ref: str, key: str | None) -> Answer:
    """Take back your last change of the order REF that can be: a step, a mark, a move of warehouses, a note."""
    from data.undo.messages import Undo

    done = _run(ref, key, lambda order_id: Undo(area="orders", target_id=str(order_id)))
    return Answer(done_document(done), lambda: [shown(done.result.sentence)])


VERBS = (ship, deliver, cancel, allocate, mark, parcels, undo)
