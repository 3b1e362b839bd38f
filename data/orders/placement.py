"""Placing an order: priced here, then written by one statement in one round trip (``placement.sql``).

Everything that can be known before the stock rows are locked is computed before: prices, tax, totals, ids. The function
in the database locks, allocates, and writes all or nothing; see there for the order of things and the reasons.

The statement goes to the server as ``data.stores.prepared`` sends it, every argument as text, arrays spelled by
``_array``: the general ways to the wire cost more processor time than all the rest of the placement on this side.
"""

from __future__ import annotations

import socket
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import psycopg

from data.catalog.prices import products_for_sale
from data.door import OneStatement, handles
from data.errors import Conflict, Invalid, NotFound, OutOfStock, ShortLine
from data.ids import new_id, new_id_text, new_order_number
from data.orders.addresses import addresses_of
from data.orders.cart import price_lines, refs_of
from data.orders.messages import PlacedOrder, PlaceOrder
from data.orders.rules import PricedLine, Totals, quote
from data.stores.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["place_order"]

_PARAMETERS = 39
_PLACE = Prepared(
    "place_order",
    f"SELECT outcome, detail::text FROM place_order({', '.join(f'${n}' for n in range(1, _PARAMETERS + 1))})",
)
#: Drawing an order number that exists has a chance of 1 in 10⁹ per order there is; more than this means something else.
_DRAWS = 5


class _Short(msgspec.Struct):
    line: int
    available: int


_SHORT = msgspec.json.Decoder(list[_Short])
_PLACED = msgspec.json.Decoder(PlacedOrder)


@handles(PlaceOrder, one_statement=True)
def place_order(command: PlaceOrder, unit: OneStatement) -> PlacedOrder:
    """Place the order. What it raises stands at the command."""
    fields = _checked_fields(command)
    placed_at = _placed_at(command.placed_at, unit.now)
    refs = refs_of(command.lines)
    lines = price_lines(command.lines, refs, products_for_sale(unit.stores.mongo, refs))
    ship_to, bill_to = addresses_of(unit, command)
    totals = quote(lines, ship_to, command.shipping_method)
    _compare(command, totals)
    shard = 0
    for _ in range(_DRAWS):
        order_id, order_number = new_id(), new_order_number(shard)
        head = _head(order_id, order_number, totals)
        arguments = (
            *_claim(unit),
            *(str(order_id), order_number, new_id_text(), new_id_text(), str(command.user_id), str(shard)),
            placed_at.isoformat(),
            *_amounts(totals),
            *(_json(ship_to), _json(bill_to), *fields, head),
            *_line_arrays(lines, totals),
            *_event_arrays(order_id, lines),
        )
        try:
            outcome, detail = _PLACE.one(unit.raw, arguments)
        except psycopg.errors.UniqueViolation as taken:
            if taken.diag.constraint_name != "orders_order_number_key":
                raise
            continue
        if outcome == "elsewhere":
            shard = int(detail or 0)
            continue
        return _answer(command, unit, lines, outcome, detail or "[]", head)
    raise Conflict("No free order number was found; try again.")


def _answer(
    command: PlaceOrder, unit: OneStatement, lines: Sequence[PricedLine], outcome: str | None, detail: str, head: str
) -> PlacedOrder:
    if outcome == "placed":
        return _PLACED.decode(f'{head[:-1]},"items":{detail}}}')
    if outcome == "stored":
        stored = unit.stored_result()
        assert isinstance(stored, PlacedOrder)
        return stored
    if outcome == "nobody":
        raise NotFound("customer", str(command.user_id))
    raise OutOfStock(
        tuple(
            ShortLine(
                sku=lines[short.line - 1].sku,
                product_id=lines[short.line - 1].product_id,
                warehouse_id=lines[short.line - 1].warehouse_id,
                requested=lines[short.line - 1].quantity,
                available=short.available,
            )
            for short in _SHORT.decode(detail)
        )
    )


def _checked_fields(command: PlaceOrder) -> tuple[str | None, str, str | None, str]:
    """Return payment method, shipping method, notes and channel as they are stored."""
    payment, notes, channel = command.payment_method.strip(), command.notes.strip(), command.channel.strip()
    refused: dict[str, str] = {}
    if len(payment) > 50:
        refused["payment_method"] = "is a label of at most 50 characters"
    if not 1 <= len(channel) <= 20:
        refused["channel"] = "is a label of 1 to 20 characters"
    if refused:
        raise Invalid(refused)
    return payment or None, command.shipping_method, notes or None, channel


def _placed_at(asked: datetime | None, now: datetime) -> datetime:
    if asked is not None and asked > now:
        raise Invalid({"placed_at": "lies in the future"})
    return asked or now


def _compare(command: PlaceOrder, totals: Totals) -> None:
    if command.expected_total is not None and command.expected_total != totals.total_amount:
        raise Conflict(
            f"The order comes to {totals.total_amount} {totals.currency} now, not {command.expected_total}.",
            current={"total_amount": str(totals.total_amount), "currency": totals.currency},
        )


def _head(order_id: UUID, order_number: str, totals: Totals) -> str:
    """Return the result but for its items as JSON: stored with the key, and what the audit says of the order."""
    return _json(
        {
            "order_id": order_id,
            "order_number": order_number,
            "order_status": "pending",
            "subtotal": totals.subtotal,
            "tax_amount": totals.tax_amount,
            "shipping_amount": totals.shipping_amount,
            "discount_amount": totals.discount_amount,
            "total_amount": totals.total_amount,
            "currency": totals.currency,
        }
    )


def _claim(unit: OneStatement) -> tuple[str, ...]:
    claim = unit.claim
    return str(claim.actor_id), claim.key, rf"\x{claim.content_hash.hex()}", unit.actor.email, _host()


@cache
def _host() -> str:
    return socket.gethostname()


def _amounts(totals: Totals) -> tuple[str, ...]:
    return (
        str(totals.subtotal),
        str(totals.tax_amount),
        str(totals.tax_included_amount),
        str(totals.shipping_amount),
        str(totals.discount_amount),
        str(totals.total_amount),
        totals.currency,
    )


def _line_arrays(lines: Sequence[PricedLine], totals: Totals) -> tuple[str, ...]:
    return (
        _array([line.product_id for line in lines]),
        _nullable_array([line.warehouse_id for line in lines]),
        _plain_array([str(line.quantity) for line in lines]),
        _array([line.sku for line in lines]),
        _array([line.title for line in lines]),
        _array([_json(line.attributes) for line in lines]),
        _plain_array([str(line.unit_price) for line in lines]),
        _plain_array([str(total.tax_amount) for total in totals.lines]),
        _plain_array([new_id_text() for _ in lines]),
        _plain_array([new_id_text() for _ in lines]),
    )


def _event_arrays(order_id: UUID, lines: Sequence[PricedLine]) -> tuple[str, ...]:
    """Return topic, key and kind of the events: the order's, and one for the stock of each product."""
    products = sorted({line.product_id for line in lines})
    return (
        _array(["orders", *["stock"] * len(products)]),
        _array([str(order_id), *products]),
        _array(["placed", *["reserve"] * len(products)]),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _plain_array(values: Sequence[str]) -> str:
    """Return numbers or ids as PostgreSQL writes an array; they need no quotes."""
    return "{" + ",".join(values) + "}"


def _array(values: Sequence[str]) -> str:
    """Return ``values`` as PostgreSQL writes an array: every element quoted, so none can be read as anything else.

    NUL, which PostgreSQL keeps in no text, stands between them while all are escaped in one go. Raises ``Invalid``
    where a value has one (MongoDB keeps them, and other programs write there).
    """
    if not values:
        return "{}"
    joined = "\0".join(values)
    if joined.count("\0") >= len(values):
        raise Invalid({"lines": "a product's name or SKU holds a NUL character"})
    escaped = joined.replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + escaped.replace("\0", '","') + '"}'


def _nullable_array(values: Sequence[str | None]) -> str:
    return _plain_array(["NULL" if value is None else _array([value])[1:-1] for value in values])
