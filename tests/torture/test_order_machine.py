"""Any sequence of steps in the lives of orders, from several sessions, against a plain Python model.

The model knows nothing of SQL: three numbers per level, a handful per line, a few sums of money per order. A unit costs
10.00 and is not taxed, so that what things are worth can be counted on fingers. After every step levels are the model's
and the fold of their movements, lines and money are the model's; in the end ``reconcile`` says the same. Hypothesis
prints the steps that broke it, shortened, and the blob to repeat them.
"""

from __future__ import annotations

import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from data.door import Door
from data.errors import Conflict, Invalid, OutOfStock, StorekeeperError
from data.ids import new_id
from data.orders.messages import AllocateOrder, CancelLines, ChangeOrderStatus, LineUnits
from data.payments.flow import refund, take
from data.payments.messages import BeginPayment, RefundOrder
from data.returns.messages import InspectLine, InspectReturn, ReceiveReturn, RequestReturn
from data.shipments.messages import BoxInput, DeliverParcels, ShipOrder
from data.shop import Shop
from data.stock.messages import (
    AdjustStock,
    ExpireReservations,
    ReceiveStock,
    ReserveLine,
    ReserveStock,
    TransferStock,
)
from data.stock.reads import reconcile
from data.stores import Stores
from tests.orders_world import customer, place, product, sql, warehouses

FULL = os.environ.get("SHOP_TESTS_TORTURE") == "1"
pytestmark = [pytest.mark.torture, pytest.mark.timeout(10_800 if FULL else 300)]

WAREHOUSES, NAMES = ("WH1", "WH2"), ("A", "B")
PRICE, SHIPPING = Decimal("10.00"), Decimal("4.90")
OPEN = ("pending", "confirmed", "processing")
places, names, few = st.sampled_from(WAREHOUSES), st.sampled_from(NAMES), st.integers(1, 4)


@dataclass
class Level:
    """Units of one product in one warehouse."""

    available: int = 0
    reserved: int = 0
    damaged: int = 0


@dataclass
class Line:
    """What one warehouse serves of a line, and what became of it; ``coming`` is asked back and not decided."""

    name: str
    place: str
    ordered: int
    shipped: int = 0
    cancelled: int = 0
    returned: int = 0
    credited: int = 0
    coming: int = 0

    @property
    def allocated(self) -> int:
        return self.ordered - self.shipped - self.cancelled

    @property
    def refundable(self) -> int:
        return self.shipped - (self.credited - self.cancelled)


@dataclass
class Order:
    """One order: its lines by id and its money."""

    order_id: UUID
    lines: dict[UUID, Line]
    status: str = "pending"
    credited: Decimal = Decimal(0)
    captured: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return PRICE * sum(line.ordered for line in self.lines.values()) + SHIPPING

    @property
    def owed(self) -> Decimal:
        return self.total - self.credited - self.captured + self.refunded

    def credit(self, amount: Decimal) -> None:
        self.credited = min(self.total, self.credited + amount)

    def credit_units(self, line: Line) -> None:
        fresh = max(0, line.cancelled + line.returned - line.credited)
        line.credited += fresh
        self.credit(PRICE * fresh)

    def follow_lines(self) -> None:
        left = any(line.allocated for line in self.lines.values())
        sent = any(line.shipped for line in self.lines.values())
        if left and sent and self.status == "confirmed":
            self.status = "processing"
        elif not left:
            self.status = "shipped" if sent else "cancelled"
        if self.status == "cancelled":
            self.credited = self.total
            for line in self.lines.values():
                line.credited = line.ordered


@dataclass
class Back:
    """A return of units of one line; ``received`` of them arrived at ``place`` and wait to be inspected."""

    return_id: UUID
    order: Order
    item: UUID
    asked: int
    place: str = ""
    received: int = 0
    left: int = 0


@dataclass
class World:
    """What the model thinks there is."""

    levels: dict[tuple[str, str], Level]
    orders: list[Order] = field(default_factory=list)
    backs: list[Back] = field(default_factory=list)
    holds: dict[str, dict[tuple[str, str], int]] = field(default_factory=dict)


class Lives(RuleBasedStateMachine):
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

    def refused(self, command: Any, *errors: type[StorekeeperError]) -> None:
        with pytest.raises(errors):
            self.do(command)

    def pick(self, data: st.DataObject, allowed: Any = None) -> tuple[Order, UUID, Line] | None:
        """Choose a line for which ``allowed(order, line)`` holds, of any order."""
        found = [
            (order, key, line)
            for order in self.world.orders
            for key, line in order.lines.items()
            if allowed is None or allowed(order, line)
        ]
        return data.draw(st.sampled_from(found)) if found else None

    # -- stock -------------------------------------------------------------------------------------------------------

    @rule(name=names, place=places, delta=st.integers(-5, 8).filter(bool))
    def adjust(self, name: str, place: str, delta: int) -> None:
        level = self.world.levels[name, place]
        command = AdjustStock(product_id=self.sku[name], warehouse_id=place, delta=delta, reason="r")
        if level.available + delta < 0:
            self.refused(command, Conflict)
        else:
            self.do(command)
            level.available += delta

    @rule(name=names, place=places, units=few)
    def receive(self, name: str, place: str, units: int) -> None:
        self.do(ReceiveStock(product_id=self.ids[name], warehouse_id=place, quantity=units))
        self.world.levels[name, place].available += units

    @rule(name=names, source=places, units=few)
    def transfer(self, name: str, source: str, units: int) -> None:
        target = next(place for place in WAREHOUSES if place != source)
        gone, come = self.world.levels[name, source], self.world.levels[name, target]
        command = TransferStock(product_id=self.ids[name], from_warehouse=source, to_warehouse=target, quantity=units)
        if gone.available < units:
            self.refused(command, Conflict)
        else:
            self.do(command)
            gone.available -= units
            come.available += units

    @rule(owner=st.sampled_from("xy"), name=names, place=places, units=st.integers(0, 5))
    def hold(self, owner: str, name: str, place: str, units: int) -> None:
        held = self.world.holds.setdefault(owner, {})
        key = name, place
        lines = (ReserveLine(product_id=self.sku[name], quantity=units, warehouse_id=place),) if units else ()
        command = ReserveStock(owner_type="cart", owner_id=f"{owner}-{self.run}", lines=lines)
        if self.world.levels[key].available + held.get(key, 0) < units:
            self.refused(command, OutOfStock)
            return
        self.do(command)
        self.let_go(owner)
        if units:
            self.world.levels[key].available -= units
            self.world.levels[key].reserved += units
            self.world.holds[owner] = {key: units}

    def let_go(self, owner: str) -> None:
        for key, units in self.world.holds.pop(owner, {}).items():
            self.world.levels[key].available += units
            self.world.levels[key].reserved -= units

    @precondition(lambda self: self.world.holds)
    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        owner = data.draw(st.sampled_from(sorted(self.world.holds)))
        with self.sessions[0].stores.postgres.writing() as connection:
            connection.execute(
                text("UPDATE reservations SET expires_at = now() WHERE owner_id = :owner AND released_at IS NULL"),
                {"owner": f"{owner}-{self.run}"},
            )
        self.do(ExpireReservations(product_ids=tuple(self.ids.values())))
        self.let_go(owner)

    # -- orders ------------------------------------------------------------------------------------------------------

    @rule(
        lines=st.lists(st.tuples(names, few, places), min_size=1, max_size=3, unique_by=lambda line: (line[0], line[2]))
    )
    def place(self, lines: list[tuple[str, int, str]]) -> None:
        asked = [(self.sku[name], units, place) for name, units, place in lines]
        if any(self.world.levels[name, place].available < units for name, units, place in lines):
            with pytest.raises(OutOfStock):
                place(self.session(), self.user, *asked)
            return
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
            "SELECT order_item_id, sku, warehouse_id, quantity FROM order_items WHERE order_id = :id",
            id=order.order_id,
        )
        found = [(row[0], next(name for name, sku in self.sku.items() if sku == row[1]), *row[2:]) for row in rows]
        assert sorted(row[1:] for row in found) == sorted(expected)
        for key, name, where, units in found:
            if key not in order.lines:
                order.lines[key] = Line(name, where, units)

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.world.orders))
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

    # -- money -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data(), share=st.sampled_from((1, 2, 3)))
    def capture(self, data: st.DataObject, share: int) -> None:
        order = data.draw(st.sampled_from(self.world.orders))
        amount = max(Decimal("0.01"), (order.owed / share).quantize(Decimal("0.01")))
        command = BeginPayment(order_id=order.order_id, kind="capture", amount=amount)
        if amount > order.owed:
            self.refused(command, Conflict)
        else:
            take(self.session(), command)
            order.captured += amount

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data(), units=few, restock=st.booleans())
    def refund_line(self, data: st.DataObject, units: int, restock: bool) -> None:
        chosen = self.pick(data, lambda order, line: line.shipped)
        if chosen is None:
            return
        order, key, line = chosen
        lines = (LineUnits(order_item_id=key, quantity=units),)
        command = RefundOrder(order_id=order.order_id, reason="r", lines=lines, restock=restock)
        free = min(line.refundable, line.shipped - line.returned - line.coming) if restock else line.refundable
        if units > free:
            self.refused(command, Invalid)
        elif PRICE * units > order.captured - order.refunded:
            self.refused(command, Conflict)
        else:
            refund(self.session(), command)
            line.credited += units
            if restock:
                line.returned += units
                self.world.levels[line.name, line.place].available += units
            order.credit(PRICE * units)
            self.given_back(order, PRICE * units)

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data(), amount=st.decimals("0.01", 20, places=2))
    def goodwill(self, data: st.DataObject, amount: Decimal) -> None:
        order = data.draw(st.sampled_from(self.world.orders))
        command = RefundOrder(order_id=order.order_id, reason="r", amount=amount)
        if amount > order.captured - order.refunded:
            self.refused(command, Conflict)
        else:
            refund(self.session(), command)
            order.credit(max(Decimal(0), amount - max(Decimal(0), -order.owed)))
            self.given_back(order, amount)

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data())
    def pay_back_what_is_owed(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.world.orders))
        command = RefundOrder(order_id=order.order_id, reason="r")
        if order.owed >= 0:
            self.refused(command, Invalid)
        else:
            assert refund(self.session(), command).refund.amount == -order.owed
            self.given_back(order, -order.owed)

    def given_back(self, order: Order, amount: Decimal) -> None:
        order.refunded += amount
        whole = order.credited == order.total and order.captured == order.refunded
        if whole and order.status in ("shipped", "delivered"):
            order.status = "refunded"

    # -- returns -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data(), units=few)
    def ask_back(self, data: st.DataObject, units: int) -> None:
        chosen = self.pick(data, lambda order, line: line.shipped)
        if chosen is None:
            return
        order, key, line = chosen
        lines = (LineUnits(order_item_id=key, quantity=units),)
        command = RequestReturn(order_id=order.order_id, lines=lines, reason="r")
        if units > line.shipped - line.returned - line.coming:
            self.refused(command, Invalid)
        else:
            self.world.backs.append(Back(self.do(command).return_id, order, key, units))
            line.coming += units

    @precondition(lambda self: any(not back.place for back in self.world.backs))
    @rule(data=st.data(), place=places)
    def arrive(self, data: st.DataObject, place: str) -> None:
        back = data.draw(st.sampled_from([back for back in self.world.backs if not back.place]))
        self.do(ReceiveReturn(return_id=back.return_id, warehouse_id=place))
        back.place, back.received, back.left = place, back.asked, back.asked

    @precondition(lambda self: any(back.left for back in self.world.backs))
    @rule(data=st.data(), good=st.integers(0, 3), bad=st.integers(0, 2), rejected=st.integers(0, 2))
    def inspect(self, data: st.DataObject, good: int, bad: int, rejected: int) -> None:
        back = data.draw(st.sampled_from([back for back in self.world.backs if back.left]))
        line = back.order.lines[back.item]
        decided = InspectLine(order_item_id=back.item, restock=good, damaged=bad, reject=rejected)
        command = InspectReturn(return_id=back.return_id, lines=(decided,))
        if not 0 < good + bad + rejected <= back.left:
            self.refused(command, Invalid)
            return
        self.do(command)
        back.left -= good + bad + rejected
        line.coming -= good + bad + rejected
        line.returned += good + bad
        level = self.world.levels[line.name, back.place]
        level.available += good
        level.damaged += bad
        back.order.credit_units(line)

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
            "SELECT o.order_id, o.order_status, o.total_amount, o.credited_amount,"
            " coalesce(sum(p.amount) FILTER (WHERE p.kind = 'capture'), 0),"
            " coalesce(sum(p.amount) FILTER (WHERE p.kind = 'refund'), 0)"
            " FROM orders o LEFT JOIN payments p ON p.order_id = o.order_id AND p.status = 'succeeded'"
            " WHERE o.order_id = ANY(:ids) GROUP BY o.order_id",
            ids=list(known),
        )
        for order_id, *found in rows:
            order = known[order_id]
            assert found == [order.status, order.total, order.credited, order.captured, order.refunded]
            assert 0 <= order.refunded <= order.captured <= order.total

    def teardown(self) -> None:
        own = set(self.ids.values())
        assert [wrong for wrong in reconcile(self.sessions[0].stores.postgres) if wrong.product_id in own] == []


def test_any_sequence_of_lives(shop: Shop) -> None:
    warehouses(shop, *WAREHOUSES)
    user = customer(shop)
    stores = [Stores(shop.settings) for _ in range(2)]
    sessions = [shop, *(dataclasses.replace(shop, stores=one, door=Door(one)) for one in stores)]
    try:
        run_state_machine_as_test(
            lambda: Lives(sessions, user),
            settings=settings(
                max_examples=2_000 if FULL else 8,
                stateful_step_count=50 if FULL else 25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
    finally:
        for one in stores:
            one.close()
