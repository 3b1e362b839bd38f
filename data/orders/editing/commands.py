"""Changing a placed order: the rules of ``editing_rules`` under the locks, then one write by difference.

Shape: the catalog is asked first, then order, lines and the levels that change are locked, then one pure function says
what becomes of it all. A preview is this very handler, rolled back (``Door.preview``). Rejected: a state "being edited"
(one person who went for lunch stops everybody), and a change set of typed actions in the database (the draft of who
edits is theirs alone until it is confirmed, and the history keeps the difference).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Row

from data.catalog.prices import products_for_sale
from data.door import UnitOfWork, handles
from data.errors import Conflict, Invalid, OutOfStock, ShortLine
from data.orders.addresses import checked_address
from data.orders.cart import price_lines, refs_of
from data.orders.editing.facts import OrderFacts, facts_of
from data.orders.editing.messages import EditOrder, LineAdded, OrderChanges, OrderEdited
from data.orders.editing.reads import free_units, how_taxed
from data.orders.editing.rules import NewOrder, edited
from data.orders.editing.units import Key
from data.orders.editing.write import write_edit
from data.orders.locks import lock_items, lock_order
from data.orders.messages import OrderLineInput
from data.orders.rules import PricedLine
from data.orders.steps import checked_reason
from data.orders.taxes.commands import taxes_now
from data.payments.sums import money_of
from data.stock.ledger import lock_levels

if TYPE_CHECKING:
    import sqlalchemy

    from data.stores import Stores

__all__ = ["edit_order"]


@handles(EditOrder)
def edit_order(command: EditOrder, uow: UnitOfWork) -> OrderEdited:
    """Edit the order; what it raises stands at the command."""
    changes = _checked(command.changes)
    reason = checked_reason(changes.reason)
    added = _priced(uow.stores, changes.add)
    taxed = how_taxed(uow.stores, command.order_id, moving=changes.shipping_address is not None)
    tax_rows = taxes_now(uow.stores.postgres).own
    order = lock_order(uow.connection, command.order_id)
    items = lock_items(uow.connection, [command.order_id])
    money = money_of(uow.connection, [command.order_id])[command.order_id]
    facts = facts_of(order, items, money.captured, money.refunded, taxed, tax_rows)
    _refuse_other_version(facts, command.expected_version)
    new = _under_locks(uow.connection, facts, changes, added)
    if new.short:
        raise OutOfStock(tuple(_short(new)))
    _refuse_other_total(facts, new, command.expected_total)
    version = write_edit(uow, order, items, new, reason).version if new.changed else facts.version
    return _answer(facts, new, version, order)


def _checked(changes: OrderChanges) -> OrderChanges:
    return msgspec.structs.replace(
        changes,
        shipping_address=checked_address("shipping_address", changes.shipping_address),
        billing_address=checked_address("billing_address", changes.billing_address),
    )


def _priced(stores: Stores, add: Sequence[LineAdded]) -> list[PricedLine]:
    """Return each added line with name and price of the catalog. Raises ``Invalid`` naming each that is not sold."""
    if not add:
        return []
    lines = [OrderLineInput(sku=one.sku, product_id=one.product_id, quantity=one.quantity) for one in add]
    priced: list[PricedLine] = []
    refused: dict[str, str] = {}
    try:
        refs = refs_of(lines)
    except Invalid as error:
        raise Invalid({name.replace("lines[", "add["): why for name, why in error.fields.items()}) from None
    products = products_for_sale(stores.mongo, refs)
    for place, (line, ref) in enumerate(zip(lines, refs, strict=True)):
        try:
            priced += price_lines((line,), (ref,), products)
        except Invalid as error:
            refused |= {name.replace("lines[0]", f"add[{place}]"): why for name, why in error.fields.items()}
    if refused:
        raise Invalid(refused)
    return priced


def _refuse_other_version(facts: OrderFacts, expected: int | None) -> None:
    if expected is not None and facts.version != expected:
        raise Conflict(
            f"{facts.order_number} was changed meanwhile: it is at version {facts.version}, not {expected}.",
            current={"version": facts.version, "order": msgspec.to_builtins(facts)},
        )


def _refuse_other_total(facts: OrderFacts, new: NewOrder, expected: object) -> None:
    total = new.priced.total_amount
    if expected is not None and expected != total:
        raise Conflict(
            f"{facts.order_number} would come to {total} {facts.currency} now, not {expected}.",
            current={"version": facts.version, "order": msgspec.to_builtins(facts), "total_amount": str(total)},
        )


def _under_locks(
    connection: sqlalchemy.Connection, facts: OrderFacts, changes: OrderChanges, added: Sequence[PricedLine]
) -> NewOrder:
    """Return the new order by the stock of this moment, the levels it moves locked.

    They are locked before the order is written and not last, as a placement does: an edit is rare, and decides once.
    """
    asked = edited(facts, changes, added)
    products = {line.product_id for line in asked.lines if line.quantity != line.was_quantity}
    if not products:
        return asked
    open_to_all = free_units(connection, products)
    held: set[Key] = {
        (line.product_id, share.warehouse_id)
        for line in facts.lines
        for share in line.shares
        if line.product_id in products and share.warehouse_id is not None
    }
    levels = lock_levels(connection, {*open_to_all, *held})
    free = {key: level.available_stock for key, level in levels.items() if key in open_to_all}
    return edited(facts, changes, added, free)


def _short(new: NewOrder) -> list[ShortLine]:
    return [ShortLine(line.sku, line.product_id, None, line.quantity, line.quantity - line.short) for line in new.short]


def _answer(facts: OrderFacts, new: NewOrder, version: int, order: Row[Any]) -> OrderEdited:
    return OrderEdited(
        order_id=facts.order_id,
        order_number=facts.order_number,
        version=version,
        order_status=new.order_status if new.changed else order.order_status,
        currency=facts.currency,
        was=new.was,
        now=new.now,
        lines=new.lines,
        changed=new.changed,
    )
