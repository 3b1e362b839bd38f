"""Placing an order: priced here, then written by one statement in one round trip (``placement.sql``).

Everything that can be known before the stock rows are locked is computed before: prices, tax, totals, ids. The function
in the database allocates, locks, and writes all or nothing; see there for the order of things and the reasons.

Orders that are placed at the same time by the threads of one process go in one call of it, with one commit
(``data.stores.combining``). Each still has its own outcome, key, audit row and event; a cart refused is no matter to
the others; and where the call fails as a whole, each goes alone with its own key.

The statement goes to the server as ``data.stores.prepared`` sends it, every argument the text of an array, spelled by
``_Cart``: the general ways to the wire cost more processor time than all the rest of the placement on this side.
"""

from __future__ import annotations

import socket
import threading
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, cast
from weakref import WeakKeyDictionary

import msgspec
import psycopg

from data.catalog.prices import products_for_sale
from data.door import OneStatement, handles
from data.errors import Conflict, Invalid, NotFound, OutOfStock, ShortLine
from data.ids import new_id_text, new_order_number
from data.orders.addresses import addresses_of
from data.orders.cart import price_lines, refs_of
from data.orders.codes.commands import terms_of
from data.orders.codes.rules import normal_code
from data.orders.messages import PlacedOrder, PlaceOrder
from data.orders.ordered_carts import check_cart
from data.orders.rules import PricedLine, Totals, quote
from data.orders.taxes.commands import taxes_now
from data.stock.held import held_by_draft
from data.stock.holding import free_what_ran_out
from data.stores.combining import Combiner
from data.stores.prepared import Prepared
from data.structs import decode, decoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data.orders.rules import Address
    from data.stores.postgres import Postgres

__all__ = ["place_order"]

_PARAMETERS = 38
_PLACE = Prepared(
    "place_orders",
    f"SELECT place_orders({', '.join(f'${n}' for n in range(1, _PARAMETERS + 1))})",
)
#: Drawing an order number that exists has a chance of 1 in 10⁹ per order there is; more than this means something else.
_DRAWS = 5
#: One call places carts of so many lines together, a cart counting as four at least: sixteen small ones.
_LINES_TOGETHER, _LEAST_LINES = 64, 4


class _Cart(NamedTuple):
    """One order as the statement takes it: for each of its arrays the elements that are this order's, comma between."""

    columns: tuple[str, ...]
    lines: int


class _Outcome(NamedTuple):
    """What became of a cart, and more of it in JSON: see ``placement.sql``."""

    what: str
    detail: msgspec.Raw


class _Short(msgspec.Struct):
    line: int
    available: int


_OUTCOMES = decoder(tuple[list[str], list[msgspec.Raw]])
_SHORT = decoder(list[_Short])
_PLACED = decoder(PlacedOrder)
_combiners: WeakKeyDictionary[Postgres, Combiner[_Cart, _Outcome]] = WeakKeyDictionary()
_making = threading.Lock()


@handles(PlaceOrder, one_statement=True)
def place_order(command: PlaceOrder, unit: OneStatement) -> PlacedOrder:
    """Place the order. What it raises stands at the command."""
    fields = _checked_fields(command)
    placed_at = _placed_at(command.placed_at, unit.now)
    refs = refs_of(command.lines)
    lines = price_lines(command.lines, refs, products_for_sale(unit.stores.mongo, refs))
    ship_to, bill_to = addresses_of(unit, command)
    try:
        terms = terms_of(unit, command.code) if command.code else None
        if command.cart is not None:
            check_cart(unit, command.cart)
        totals = quote(lines, ship_to, command.shipping_method, terms, taxes_now(unit.stores.postgres))
    except (Conflict, Invalid):
        stored = unit.stored_result()  # a code this very order used up, the cart it came from
        if stored is None:
            raise
        return cast(PlacedOrder, stored)
    _compare(command, totals)
    order = (*_amounts(totals), *_addresses(ship_to, bill_to), *map(_element, fields))
    by_line, extras = _line_columns(lines, totals), _extras(command, unit.stores.postgres)
    user_id, at, shard = str(command.user_id), placed_at.isoformat(), 0
    for _ in range(_DRAWS):
        order_id, order_number = new_id_text(), new_order_number(shard)
        head = _head(order_id, order_number, totals)
        ids = (order_id, order_number, new_id_text(), new_id_text(), user_id, str(shard), at)
        cart = _Cart((*_claim(unit), *ids, *order, _element(head), extras, str(len(lines)), *by_line), len(lines))
        try:
            outcome = _write(unit.stores.postgres, cart)
        except Conflict as error:
            if not _number_was_taken(error):
                raise
            continue
        if outcome.what == "elsewhere":
            shard = decode(outcome.detail, int)
            continue
        if outcome.what == "short" and free_what_ran_out(unit.stores, unit.actor, {line.product_id for line in lines}):
            continue  # somebody held units beyond their time, though nobody had booked that yet
        return _answer(command, unit, lines, outcome, head)
    raise Conflict("No free order number was found; try again.")


def _write(postgres: Postgres, cart: _Cart) -> _Outcome:
    """Send the cart with those of other threads that wait, or alone; return when all is committed."""
    found = _combiners.get(postgres)
    if found is None:
        with _making:
            found = _combiners.setdefault(postgres, Combiner(_LINES_TOGETHER))

    def send(carts: Sequence[_Cart]) -> list[_Outcome]:
        arrays = ["{" + ",".join(column) + "}" for column in zip(*(each.columns for each in carts), strict=True)]
        with postgres.autocommit() as line:
            (answer,) = _PLACE.one(line, arrays)
        assert answer is not None
        return [_Outcome(*each) for each in zip(*_OUTCOMES.decode(answer), strict=True)]

    return found.ask(cart, max(cart.lines, _LEAST_LINES), send)


def _number_was_taken(error: Conflict) -> bool:
    cause = error.__cause__
    return isinstance(cause, psycopg.errors.UniqueViolation) and cause.diag.constraint_name == "orders_order_number_key"


def _answer(
    command: PlaceOrder, unit: OneStatement, lines: Sequence[PricedLine], outcome: _Outcome, head: str
) -> PlacedOrder:
    if outcome.what == "placed":
        return _PLACED.decode(b'%b,"items":%b}' % (head[:-1].encode(), bytes(outcome.detail)))
    if outcome.what == "stored":
        stored = unit.stored_result()
        assert isinstance(stored, PlacedOrder)
        return stored
    if outcome.what == "nobody":
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
            for short in _SHORT.decode(outcome.detail)
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


def _head(order_id: str, order_number: str, totals: Totals) -> str:
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
    return (
        str(claim.actor_id),
        _element(claim.key),
        rf'"\\x{claim.content_hash.hex()}"',
        _element(unit.actor.email),
        _element(_host()),
    )


@cache
def _host() -> str:
    return socket.gethostname()


def _extras(command: PlaceOrder, postgres: Postgres) -> str:
    """Return what few orders have as the statement takes it."""
    if not command.code and command.cart is None and command.draft_id is None:
        return "NULL"
    extras: dict[str, object] = {"code": normal_code(command.code)} if command.code else {}
    if command.cart is not None:
        extras |= {"cart_id": command.cart.cart_id, "cart_lines": command.cart.lines}
    if command.draft_id is not None and (held := held_by_draft(postgres, command.draft_id)):
        extras |= {"draft": command.draft_id, "held": held}
    return _element(_json(extras))


def _amounts(totals: Totals) -> tuple[str, ...]:
    return (
        str(totals.subtotal),
        str(totals.tax_amount),
        str(totals.tax_included_amount),
        str(totals.shipping_amount),
        str(totals.discount_amount),
        str(totals.total_amount),
        _element(totals.currency),
    )


def _addresses(ship_to: Address, bill_to: Address) -> tuple[str, str]:
    there = _element(_json(ship_to))
    return there, there if bill_to is ship_to else _element(_json(bill_to))


def _line_columns(lines: Sequence[PricedLine], totals: Totals) -> tuple[str, ...]:
    return (
        ",".join([_element(line.product_id) for line in lines]),
        ",".join([_element(line.warehouse_id) for line in lines]),
        ",".join([str(line.quantity) for line in lines]),
        ",".join([_element(line.sku) for line in lines]),
        ",".join([_element(line.title) for line in lines]),
        ",".join([_element(_json(line.attributes)) for line in lines]),
        ",".join([str(line.unit_price) for line in lines]),
        ",".join([str(total.tax_amount) for total in totals.lines]),
        ",".join([new_id_text() for _ in lines]),
        ",".join([new_id_text() for _ in lines]),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _element(value: str | None) -> str:
    """Return ``value`` as PostgreSQL writes an element of an array: quoted, so that it cannot be read as anything else.

    Raises ``Invalid`` for NUL, which no text of PostgreSQL holds (MongoDB keeps it, and other programs write there).
    """
    if value is None:
        return "NULL"
    if "\0" in value:
        raise Invalid({"lines": "a product's name or SKU holds a NUL character"})
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
