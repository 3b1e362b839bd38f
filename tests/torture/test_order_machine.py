"""Any sequence of steps in the lives of orders, from several sessions, against a plain Python model.

The model (``order_model``) knows nothing of SQL. After every step levels are the model's and the fold of their
movements, lines and money are the model's; in the end ``reconcile`` says the same. Hypothesis prints the steps that
broke it, shortened, and the seed that finds them again. What is done to stock beside orders
(``order_stock``), edits (``order_edits``), and money and returns (``order_money``) have modules of their own.
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from data.door import Door
from data.errors import Invalid, OutOfStock, StorekeeperError
from data.ids import new_id
from data.orders.messages import AllocateOrder, CancelLines, ChangeOrderStatus, LineUnits
from data.payments.flow import take
from data.payments.messages import BeginPayment
from data.shipments.messages import BoxInput, DeliverParcels, ShipOrder
from data.shop import Shop
from data.stock.reads import reconcile
from data.stores import Stores
from tests.orders_world import customer, place, product, sql, warehouses
from tests.torture.machines import FULL, run_machine
from tests.torture.order_edits import Edits
from tests.torture.order_model import NAMES, OPEN, WAREHOUSES, Level, Line, Order, World
from tests.torture.order_money import Money
from tests.torture.order_stock import Stock

pytestmark = [pytest.mark.torture, pytest.mark.timeout(10_800 if FULL else 300)]

places, names, few = st.sampled_from(WAREHOUSES), st.sampled_from(NAMES), st.integers(1, 4)


class Lives(Edits, Money, Stock, RuleBasedStateMachine):
    """One shop's two products in two warehouses, made anew for every run; every step comes from one of the sessions."""

    def __init__(self, sessions: list[Shop], user: UUID) -> None:
        super().__init__()
        self.sessions, self.user, self.run = sessions, user, str(new_id())
        self.sku = {name: f"{name}-{self.run}" for name in NAMES}
        self.ids = {name: product(sessions[0], sku, dict.fromkeys(WAREHOUSES, 6)) for name, sku in self.sku.items()}
        self.world = World({(name, place): Level(6) for name in NAMES for place in WAREHOUSES})
        self.turn = 0

    def do(self, command: Any) -> Any:
        shop = self.session()
        return shop.door.run(command, shop.actor).result

    def session(self) -> Shop:
        self.turn += 1
        return self.sessions[self.turn % len(self.sessions)]

    def name_of(self, sku: str) -> str:
        return next(name for name, known in self.sku.items() if known == sku)

    def refused(self, command: Any, *errors: type[StorekeeperError]) -> None:
        with pytest.raises(errors):
            self.do(command)

    def one_of(self, data: st.DataObject, likely: Any) -> Order:
        """Choose an order, mostly one for which ``likely`` holds."""
        fitting = [order for order in self.world.orders if likely(order)] or self.world.orders
        return data.draw(st.sampled_from(fitting) | st.sampled_from(fitting) | st.sampled_from(self.world.orders))

    def pick(self, data: st.DataObject, allowed: Any = None) -> tuple[Order, UUID, Line] | None:
        """Choose a line for which ``allowed(order, line)`` holds, of any order."""
        found = [
            (order, key, line)
            for order in self.world.orders
            for key, line in order.lines.items()
            if allowed is None or allowed(order, line)
        ]
        return data.draw(st.sampled_from(found)) if found else None

    # -- orders ------------------------------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        """Begin with two orders, one of them begun to be sent and paid, so that every step has something to meet."""
        for units in (1, 2):
            self.placed([("A", units, "WH1"), ("B", units, "WH2")])
        order = self.world.orders[-1]
        self.do(ChangeOrderStatus(order_id=order.order_id, new_status="confirmed"))
        order.status = "confirmed"
        key, line = next((key, line) for key, line in order.lines.items() if line.name == "A")
        self.do(self.ship_command(order, key, line, 1))
        self.shipped(order, line, 1)
        take(self.session(), BeginPayment(order_id=order.order_id, kind="capture"))
        order.captured = order.total

    @rule(
        lines=st.lists(st.tuples(names, few, places), min_size=1, max_size=3, unique_by=lambda line: (line[0], line[2]))
    )
    def place(self, lines: list[tuple[str, int, str]]) -> None:
        if any(self.world.levels[name, place].available < units for name, units, place in lines):
            with pytest.raises(OutOfStock):
                place(self.session(), self.user, *((self.sku[name], units, place) for name, units, place in lines))
            return
        self.placed(lines)

    def placed(self, lines: list[tuple[str, int, str]]) -> None:
        asked = [(self.sku[name], units, place) for name, units, place in lines]
        order_id = place(self.session(), self.user, *asked).result.order_id
        order = Order(order_id, {})
        self.read_lines(order, [(name, place, units) for name, units, place in lines])
        for name, units, where in lines:
            self.world.levels[name, where].available -= units
            self.world.levels[name, where].reserved += units
        self.world.orders.append(order)

    def read_lines(self, order: Order, expected: list[tuple[str, str, int]]) -> None:
        """Learn the ids of an order's lines, which must be those expected."""
        rows = sql(
            self.sessions[0],
            "SELECT order_item_id, sku, warehouse_id, quantity, line_no, unit_price FROM order_items"
            " WHERE order_id = :id",
            id=order.order_id,
        )
        found = [(row[0], self.name_of(row[1]), *row[2:]) for row in rows]
        assert sorted(row[1:4] for row in found) == sorted(expected)
        for key, name, where, units, number, price in found:
            if key not in order.lines:
                order.lines[key] = Line(name, where, units, number, price)

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        order = self.one_of(data, lambda order: order.status == "pending")
        command = ChangeOrderStatus(order_id=order.order_id, new_status="confirmed")
        if order.status != "pending":
            self.refused(command, Invalid)
        else:
            self.do(command)
            order.status = "confirmed"

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data(), units=few)
    def ship(self, data: st.DataObject, units: int) -> None:
        chosen = self.pick(data, lambda order, line: line.allocated)
        if chosen is None:
            return
        order, key, line = chosen
        command = self.ship_command(order, key, line, units)
        if order.status not in ("confirmed", "processing") or units > line.allocated:
            self.refused(command, Invalid)
        else:
            self.do(command)
            self.shipped(order, line, units)

    def ship_command(self, order: Order, key: UUID, line: Line, units: int) -> ShipOrder:
        box = BoxInput(warehouse_id=line.place, lines=(LineUnits(order_item_id=key, quantity=units),))
        return ShipOrder(order_id=order.order_id, boxes=(box,))

    def shipped(self, order: Order, line: Line, units: int) -> None:
        line.shipped += units
        self.world.levels[line.name, line.place].reserved -= units
        order.follow_lines()

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data(), units=few)
    def cancel(self, data: st.DataObject, units: int) -> None:
        chosen = self.pick(data)
        assert chosen is not None
        order, key, line = chosen
        command = self.cancel_command(order, key, units)
        if order.status not in OPEN or units > line.allocated:
            self.refused(command, Invalid)
        else:
            self.do(command)
            self.cancelled(order, line, units)

    def cancel_command(self, order: Order, key: UUID, units: int) -> CancelLines:
        return CancelLines(order_id=order.order_id, lines=(LineUnits(order_item_id=key, quantity=units),), reason="r")

    def cancelled(self, order: Order, line: Line, units: int) -> None:
        line.cancelled += units
        level = self.world.levels[line.name, line.place]
        level.reserved -= units
        level.available += units
        order.credit_units(line)
        order.follow_lines()

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data(), sent=few, off=few)
    def ship_and_cancel_at_once(self, data: st.DataObject, sent: int, off: int) -> None:
        """Two sessions want units of one line at one moment: both get theirs, or one does, never more than there is."""
        chosen = self.pick(data, lambda order, line: line.allocated > 0 and order.status in ("confirmed", "processing"))
        if chosen is None:
            return
        order, key, line = chosen
        commands = (self.ship_command(order, key, line, sent), self.cancel_command(order, key, off))

        def attempt(number: int) -> bool:
            shop = self.sessions[number]
            try:
                shop.door.run(commands[number], shop.actor)
            except Invalid:
                return False
            return True

        left = line.allocated
        with ThreadPoolExecutor(2) as pool:
            went, gone = pool.map(attempt, (0, 1))
        assert (went and gone) or sent + off > left or not (sent <= left and off <= left)
        assert went * sent + gone * off <= left
        assert went or gone or (sent > left and off > left)
        if went:
            self.shipped(order, line, sent)
        if gone:
            self.cancelled(order, line, off)

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data(), units=few)
    def move_elsewhere(self, data: st.DataObject, units: int) -> None:
        chosen = self.pick(data, lambda order, line: line.allocated >= units and order.status in OPEN)
        if chosen is None:
            return
        order, key, line = chosen
        target = next(place for place in WAREHOUSES if place != line.place)
        lines = (LineUnits(order_item_id=key, quantity=units),)
        command = AllocateOrder(order_id=order.order_id, lines=lines, from_warehouse=line.place, to_warehouse=target)
        come, gone = self.world.levels[line.name, target], self.world.levels[line.name, line.place]
        if come.available < units:
            self.refused(command, OutOfStock)
            return
        self.do(command)
        gone.available, gone.reserved = gone.available + units, gone.reserved - units
        come.available, come.reserved = come.available - units, come.reserved + units
        rest = [(each.name, each.place, each.ordered) for other, each in order.lines.items() if other != key]
        if units == line.ordered:
            line.place = target
            self.read_lines(order, [*rest, (line.name, target, units)])
        else:
            line.ordered -= units
            self.read_lines(order, [*rest, (line.name, line.place, line.ordered), (line.name, target, units)])

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.world.orders))
        if order.status == "shipped":
            self.do(DeliverParcels(order_id=order.order_id))
            order.status = "delivered"

    # -- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def levels_are_the_models_and_the_fold_of_their_movements(self) -> None:
        rows = sql(
            self.sessions[0],
            "SELECT i.product_id, i.warehouse_id, i.available_stock, i.reserved_stock, i.damaged_stock, i.total_stock,"
            " (SELECT ARRAY[sum(m.available_delta), sum(m.reserved_delta), sum(m.damaged_delta)]"
            "    FROM inventory_movements m WHERE m.product_id = i.product_id AND m.warehouse_id = i.warehouse_id)"
            " FROM inventory i WHERE i.product_id = ANY(:ids)",
            ids=list(self.ids.values()),
        )
        assert len(rows) == len(self.world.levels)
        for product_id, where, available, reserved, damaged, total, fold in rows:
            name = next(name for name, known in self.ids.items() if known == product_id)
            assert Level(available, reserved, damaged) == self.world.levels[name, where]
            assert fold == [available, reserved, damaged]
            assert total == available + reserved + damaged

    @invariant()
    def lines_and_money_are_the_models(self) -> None:
        known = {order.order_id: order for order in self.world.orders}
        rows = sql(
            self.sessions[0],
            "SELECT order_id, order_item_id, quantity, shipped_quantity, cancelled_quantity, returned_quantity,"
            " credited_quantity, allocated_quantity FROM order_items WHERE order_id = ANY(:ids)",
            ids=list(known),
        )
        assert len(rows) == sum(len(order.lines) for order in known.values())
        for order_id, key, *units in rows:
            line = known[order_id].lines[key]
            expected = [line.ordered, line.shipped, line.cancelled, line.returned, line.credited, line.allocated]
            assert units == expected
        rows = sql(
            self.sessions[0],
            "SELECT o.order_id, o.order_status, o.total_amount, o.credited_amount, o.paid_amount,"
            " coalesce(sum(p.amount) FILTER (WHERE p.kind = 'capture'), 0),"
            " coalesce(sum(p.amount) FILTER (WHERE p.kind = 'refund'), 0)"
            " FROM orders o LEFT JOIN payments p ON p.order_id = o.order_id AND p.status = 'succeeded'"
            " WHERE o.order_id = ANY(:ids) GROUP BY o.order_id",
            ids=list(known),
        )
        for order_id, *found in rows:
            order = known[order_id]
            paid = order.captured - order.refunded
            assert found == [order.status, order.total, order.credited, paid, order.captured, order.refunded]
            assert 0 <= order.refunded <= order.captured
            assert 0 <= order.credited <= order.total

    def teardown(self) -> None:
        assert reconcile(self.sessions[0].stores.postgres) == ()


def test_any_sequence_of_lives(shop: Shop) -> None:
    warehouses(shop, *WAREHOUSES)
    user = customer(shop)
    stores = [Stores(shop.settings) for _ in range(2)]
    sessions = [shop, *(dataclasses.replace(shop, stores=one, door=Door(one)) for one in stores)]
    try:
        run_machine(lambda: Lives(sessions, user), small_runs=6)
    finally:
        for one in stores:
            one.close()
