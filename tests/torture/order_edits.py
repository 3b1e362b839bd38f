"""Edits of placed orders as the machine makes them: a line's quantity and price, and a product more, in one command.

Where units come from and go back to is the program's choice, which it tells; the model holds it to what it told: every
unit is accounted for, no level lends what it has not, and no row but the edited line's changes.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st

from data.errors import Invalid, OutOfStock
from data.orders.editing.messages import EditOrder, LineAdded, LineEdit, OrderChanges, OrderEdited
from tests.orders_world import sql
from tests.torture.machines import step
from tests.torture.order_model import OPEN, PRICE, Line, Order

if TYPE_CHECKING:
    from tests.torture.test_order_machine import Lives

ZERO = Decimal("0.00")
prices = st.sampled_from((None, None, ZERO, Decimal("8.00"), Decimal("12.50")))
#: a product and units of it, to be added
additions = st.none() | st.tuples(st.sampled_from("AB"), st.integers(1, 3))


class Edits:
    """The rules of editing, for the machine that has the world and the sessions."""

    @step(data=st.data(), price=prices, more=additions)
    def edit(self: Lives, data: st.DataObject, price: Decimal | None, more: Any) -> None:
        """Of any order, mostly one that is open: a quantity from one too few to a few more than there are."""
        order = self.one_of(data, lambda order: order.status in OPEN)
        number = data.draw(st.sampled_from(sorted({line.number for line in order.lines.values()})))
        same = [line for line in order.lines.values() if line.number == number]
        least = max(0, sum(line.fixed for line in same) - 1)
        units = data.draw(st.integers(least, sum(line.ordered for line in same) + 3))
        line = LineEdit(line_no=number, quantity=units, unit_price=price, reason="r")
        add = (LineAdded(sku=self.sku[more[0]], quantity=more[1]),) if more else ()
        command = EditOrder(order_id=order.order_id, changes=OrderChanges(lines=(line,), add=add))
        shares = [share for share in order.lines.values() if share.number == number]
        rest = sum(share.ordered - share.cancelled for share in order.lines.values() if share.number != number)
        left = rest + units - sum(share.cancelled for share in shares) + (more[1] if more else 0)
        if order.status not in OPEN or units < sum(share.fixed for share in shares) or not left:
            self.refused(command, Invalid)
        elif _short(self, shares, units, more):
            self.refused(command, OutOfStock)
        else:
            shown = self.sessions[0].door.preview(command, self.sessions[0].actor)
            done = self.do(command)
            assert (shown.now, shown.lines, shown.changed) == (done.now, done.lines, done.changed)
            _follow(self, order, number, units, price, more, done)


def _short(machine: Lives, shares: list[Line], units: int, more: Any) -> bool:
    """Say whether a product lacks units, what the edit frees counted as there."""
    wanted = Counter({shares[0].name: units - sum(share.ordered for share in shares)})
    if more:
        wanted[more[0]] += more[1]
    there = Counter[str]()
    for (name, _), level in machine.world.levels.items():
        there[name] += level.available
    return any(need > there[name] for name, need in wanted.items())


def _follow(
    machine: Lives, order: Order, number: int, units: int, price: Decimal | None, more: Any, done: OrderEdited
) -> None:
    """Bring the model to what the program told, each part of which must be right."""
    before = sum(line.ordered for line in order.lines.values() if line.number == number)
    changes = {number: units - before} | (
        {max(line.number for line in order.lines.values()) + 1: more[1]} if more else {}
    )
    rows = Counter({})
    for line in order.lines.values():
        rows[line.number, line.place] += line.ordered
    for told in done.lines:
        name, difference = machine.name_of(told.sku), 0
        for sign, parts in ((1, told.taken), (-1, told.freed)):
            for part in parts:
                level = machine.world.levels[name, part.warehouse_id]
                level.available -= sign * part.units
                level.reserved += sign * part.units
                rows[told.line_no, part.warehouse_id] += sign * part.units
                difference += sign * part.units
        assert difference == changes.get(told.line_no, 0)
        assert told.short == 0
    assert all(level.available >= 0 for level in machine.world.levels.values())
    worth = sum(line.credited * line.price for line in order.lines.values())
    _read_rows(machine, order, rows, {number: price} if price is not None else {})
    worth = sum((line.credited * line.price for line in order.lines.values()), -worth)
    order.credited = min(max(ZERO, order.credited + worth), order.total)
    order.follow_lines()
    assert (done.now.total_amount, done.now.owed, done.order_status) == (order.total, order.owed, order.status)


def _read_rows(machine: Lives, order: Order, rows: Counter[Any], prices: dict[int, Decimal]) -> None:
    """Take over the order's rows, which must hold for each line and warehouse what ``rows`` says."""
    stored = sql(
        machine.sessions[0],
        "SELECT order_item_id, sku, warehouse_id, quantity, line_no, unit_price FROM order_items WHERE order_id = :id"
        " ORDER BY line_no, warehouse_id, order_item_id",
        id=order.order_id,
    )
    usual = {line.number: line.price for line in order.lines.values()}
    found = Counter[Any]()
    kept: dict[Any, Line] = {}
    for key, sku, where, quantity, number, price in stored:
        found[number, where] += quantity
        line = order.lines.pop(key, None) or Line(machine.name_of(sku), where, quantity, number)
        assert price == prices.get(number, usual.get(number, PRICE))
        line.ordered, line.price = quantity, price
        kept[key] = line
    assert found == +rows
    assert all(not line.fixed for line in order.lines.values())  # rows that are gone had nothing that must stay
    order.lines.clear()
    order.lines.update(kept)
