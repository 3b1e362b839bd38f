"""Any sequence of steps in the lives of orders, from several sessions, against a plain Python model.

The model (``order_model``) knows nothing of SQL. After every step levels are the model's and the fold of their
movements, lines and money are the model's; in the end ``reconcile`` says the same of the whole shop. Hypothesis prints
the steps that broke it, shortened, and the seed that finds them again. What is done to stock beside orders
(``order_stock``), edits (``order_edits``), money (``order_money``) and returns (``order_returns``) have modules of
their own. The sessions do not wait for the disk to have a commit, since nothing here is killed (``test_order_torture``
does that): half of the time went there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis.stateful import initialize, invariant, precondition

from data.door import Door
from data.errors import Invalid, OutOfStock, StorekeeperError
from data.ids import new_id
from data.orders.messages import AllocateOrder, CancelLines, ChangeOrderStatus, LineUnits
from data.payments.flow import take
from data.payments.messages import BeginPayment
from data.shipments.messages import BoxInput, DeliverParcels, ShipOrder
from data.shop import Shop
from data.stock.messages import ReserveLine, ReserveStock
from data.stock.reads import reconcile
from data.stores import Stores
from tests.orders_world import customer, place, product, sql, warehouses
from tests.torture.machines import FULL, Machine, Tally, dice, run_machine, spare_the_plainest, step
from tests.torture.order_edits import Edits
from tests.torture.order_model import NAMES, OPEN, WAREHOUSES, Level, Line, Order, World
from tests.torture.order_money import Money
from tests.torture.order_returns import Returns
from tests.torture.order_stock import Stock

pytestmark = [pytest.mark.torture, pytest.mark.timeout(14_400 if FULL else 300)]

SESSIONS, STOCK = 3, 7
places, names, few = st.sampled_from(WAREHOUSES), st.sampled_from(NAMES), st.integers(1, 3)
#: Says of a line of an order whether a step fits it.
Fits = Callable[[Order, Line], Any]
#: All that one run has made, as it stands: a level with the fold of its movements, a line, an order with its payments.
_ALL = """
    SELECT 'level', i.product_id || '/' || i.warehouse_id,
           ARRAY[i.available_stock, i.reserved_stock, i.damaged_stock, i.total_stock,
                 f.available, f.reserved, f.damaged]::numeric[], ''
      FROM inventory i JOIN LATERAL (
           SELECT sum(available_delta) AS available, sum(reserved_delta) AS reserved, sum(damaged_delta) AS damaged
             FROM inventory_movements m
            WHERE m.product_id = i.product_id AND m.warehouse_id = i.warehouse_id) AS f ON true
     WHERE i.product_id = ANY(:products)
    UNION ALL
    SELECT 'line', order_item_id::text,
           ARRAY[quantity, shipped_quantity, cancelled_quantity, returned_quantity, credited_quantity,
                 allocated_quantity]::numeric[], order_id::text
      FROM order_items WHERE order_id = ANY(:orders)
    UNION ALL
    SELECT 'order', o.order_id::text,
           ARRAY[o.total_amount, o.credited_amount, o.paid_amount, p.captured, p.refunded]::numeric[], o.order_status
      FROM orders o JOIN LATERAL (
           SELECT coalesce(sum(amount) FILTER (WHERE kind = 'capture'), 0) AS captured,
                  coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0) AS refunded
             FROM payments WHERE order_id = o.order_id AND status = 'succeeded') AS p ON true
     WHERE o.order_id = ANY(:orders)
"""


def _allocated(order: Order, line: Line) -> bool:
    return line.allocated > 0


def _may_be_sent(order: Order, line: Line) -> bool:
    return line.allocated > 0 and order.status in ("confirmed", "processing")


def _open(order: Order, line: Line) -> bool:
    return line.allocated > 0 and order.status in OPEN


class Lives(Edits, Money, Returns, Stock, Machine):
    """One shop's two products in two warehouses, made anew for every run; every step comes from one of the sessions."""

    def __init__(self, sessions: list[Shop], user: UUID, tally: Tally) -> None:
        super().__init__(tally)
        self.sessions, self.user, self.run = sessions, user, str(new_id())
        self.sku = {name: f"{name}-{self.run}" for name in NAMES}
        self.ids: dict[str, str] = {}
        self.draft_id = new_id()
        self.world = World({(name, place): Level(STOCK) for name in NAMES for place in WAREHOUSES})
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
        self.refused_by(lambda shop: shop.door.run(command, shop.actor), *errors)

    def refused_by(self, ask: Callable[[Shop], Any], *errors: type[StorekeeperError]) -> None:
        self.was_refused = True
        with pytest.raises(errors):
            ask(self.session())

    def one_of(self, data: st.DataObject, likely: Callable[[Order], Any]) -> Order:
        """Choose an order, mostly one for which ``likely`` holds."""
        fitting = [order for order in self.world.orders if likely(order)]
        return data.draw(st.sampled_from(self._mostly(data, fitting) or self.world.orders))

    def there_is(self, fits: Fits) -> bool:
        """Say whether there is a line for which ``fits`` holds, of any order."""
        return any(fits(order, line) for order in self.world.orders for line in order.lines.values())

    def pick(self, data: st.DataObject, fits: Fits, likely: Fits | None = None) -> tuple[Order, UUID, Line]:
        """Choose a line for which ``fits`` holds, mostly one for which ``likely`` does as well."""
        found = [
            (order, key, line) for order in self.world.orders for key, line in order.lines.items() if fits(order, line)
        ]
        fitting = [each for each in found if likely is not None and likely(each[0], each[2])]
        return data.draw(st.sampled_from(self._mostly(data, fitting) or found))

    def _mostly(self, data: st.DataObject, fitting: list[Any]) -> list[Any]:
        return fitting if fitting and data.draw(st.integers(0, 3)) < 3 else []

    # -- orders ------------------------------------------------------------------------------------------------------

    @initialize(drawn=dice)
    def begin(self, drawn: int) -> None:
        """Begin with something for every step: a draft that holds stock, an order just placed, one partly sent of which
        money is owed back, and one sent of which units are on their way back."""
        spare_the_plainest(drawn)
        stock = dict.fromkeys(WAREHOUSES, STOCK)
        self.ids |= {name: product(self.sessions[0], sku, stock) for name, sku in self.sku.items()}
        for lines in ([("A", 1, "WH1"), ("B", 1, "WH2")], [("A", 2, "WH1"), ("B", 2, "WH2")], [("A", 2, "WH1")]):
            self.placed(lines)
        _, partly, whole = self.world.orders
        self.paid_and_sent(partly, 1)
        self.paid_and_sent(whole, 2)
        key, line = self.line_of(partly, "B")
        self.do(self.cancel_command(partly, key, 1))
        self.cancelled(partly, line, 1)
        key, line = self.line_of(whole, "A")
        self.arrived(self.asked_back(whole, key, 1), "WH1", 1)
        self.asked_back(whole, key, 1)
        held = ReserveLine(product_id=self.sku["B"], quantity=2, warehouse_id="WH1")
        self.do(ReserveStock(**self.owner_of("y"), lines=(held,)))
        self.holds("y", ("B", "WH1"), 2)

    def paid_and_sent(self, order: Order, units: int) -> None:
        """Confirm the order, send units of A and take the money."""
        self.do(ChangeOrderStatus(order_id=order.order_id, new_status="confirmed"))
        order.status = "confirmed"
        key, line = self.line_of(order, "A")
        self.do(self.ship_command(order, key, line, units))
        self.shipped(order, line, units)
        take(self.session(), BeginPayment(order_id=order.order_id, kind="capture"))
        order.captured = order.total

    def line_of(self, order: Order, name: str) -> tuple[UUID, Line]:
        return next((key, line) for key, line in order.lines.items() if line.name == name)

    @step(
        lines=st.lists(st.tuples(names, few, places), min_size=1, max_size=3, unique_by=lambda line: (line[0], line[2]))
    )
    def place(self, lines: list[tuple[str, int, str]]) -> None:
        if any(self.world.levels[name, place].available < units for name, units, place in lines):
            asked = [(self.sku[name], units, place) for name, units, place in lines]
            self.refused_by(lambda shop: place(shop, self.user, *asked), OutOfStock)
        else:
            self.placed(lines)

    def placed(self, lines: list[tuple[str, int, str]]) -> None:
        asked = [(self.sku[name], units, place) for name, units, place in lines]
        self.taken_on(place(self.session(), self.user, *asked).result.order_id, lines)

    def taken_on(self, order_id: UUID, lines: list[tuple[str, int, str]]) -> None:
        """Believe in an order that was placed just now."""
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
            " WHERE order_id = :id ORDER BY line_no, warehouse_id, order_item_id",
            id=order.order_id,
        )
        found = [(row[0], self.name_of(row[1]), *row[2:]) for row in rows]
        assert sorted(row[1:4] for row in found) == sorted(expected)
        for key, name, where, units, number, price in found:
            if key not in order.lines:
                order.lines[key] = Line(name, where, units, number, price)

    @step(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        order = self.one_of(data, lambda order: order.status == "pending")
        command = ChangeOrderStatus(order_id=order.order_id, new_status="confirmed")
        if order.status != "pending":
            self.refused(command, Invalid)
        else:
            self.do(command)
            order.status = "confirmed"

    @precondition(lambda self: self.there_is(_allocated))
    @step(data=st.data(), units=few)
    def ship(self, data: st.DataObject, units: int) -> None:
        order, key, line = self.pick(data, _allocated, _may_be_sent)
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

    @step(data=st.data(), units=few)
    def cancel(self, data: st.DataObject, units: int) -> None:
        order, key, line = self.pick(data, lambda order, line: True, _open)
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

    @precondition(lambda self: self.there_is(_may_be_sent))
    @step(data=st.data(), sent=few, off=few)
    def ship_and_cancel_at_once(self, data: st.DataObject, sent: int, off: int) -> None:
        """Two sessions want units of one line at one moment: both get theirs, or one does, never more than there is."""
        order, key, line = self.pick(data, _may_be_sent)
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

    @precondition(lambda self: self.there_is(_open))
    @step(data=st.data())
    def move_elsewhere(self, data: st.DataObject) -> None:
        order, key, line = self.pick(data, _open)
        units = data.draw(st.integers(1, line.allocated))
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

    @precondition(lambda self: any(order.status == "shipped" for order in self.world.orders))
    @step(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from([order for order in self.world.orders if order.status == "shipped"]))
        self.do(DeliverParcels(order_id=order.order_id))
        order.status = "delivered"

    # -- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def all_is_as_the_model_has_it(self) -> None:
        rows = sql(
            self.sessions[0],
            _ALL,
            products=list(self.ids.values()),
            orders=[order.order_id for order in self.world.orders],
        )
        found: dict[str, dict[str, tuple[list[Decimal], str]]] = {"level": {}, "line": {}, "order": {}}
        for kind, key, figures, word in rows:
            found[kind][key] = figures, word
        self.levels_are_the_models_and_the_fold_of_their_movements(found["level"])
        self.lines_are_the_models(found["line"])
        self.money_is_the_models(found["order"])

    def levels_are_the_models_and_the_fold_of_their_movements(self, found: dict[str, Any]) -> None:
        expected = {f"{self.ids[name]}/{where}": level for (name, where), level in self.world.levels.items()}
        assert found.keys() == expected.keys()
        for key, ((*now, total, available, reserved, damaged), _) in found.items():
            assert Level(*map(int, now)) == expected[key]
            assert now == [available, reserved, damaged]
            assert total == sum(now)

    def lines_are_the_models(self, found: dict[str, Any]) -> None:
        expected = {
            str(key): (
                [line.ordered, line.shipped, line.cancelled, line.returned, line.credited, line.allocated],
                str(order.order_id),
            )
            for order in self.world.orders
            for key, line in order.lines.items()
        }
        assert found == expected

    def money_is_the_models(self, found: dict[str, Any]) -> None:
        expected = {}
        for order in self.world.orders:
            paid = order.captured - order.refunded
            figures = [order.total, order.credited, paid, order.captured, order.refunded]
            expected[str(order.order_id)] = figures, order.status
            assert 0 <= order.refunded <= order.captured
            assert 0 <= order.credited <= order.total
        assert found == expected

    def teardown(self) -> None:
        super().teardown()
        if self.ids:
            assert reconcile(self.sessions[0].stores.postgres) == ()


def test_any_sequence_of_lives(shop: Shop) -> None:
    warehouses(shop, *WAREHOUSES)
    user = customer(shop)
    url = f"{shop.settings.postgres_url}&options=-c%20synchronous_commit%3Doff"
    stores = [Stores(msgspec.structs.replace(shop.settings, postgres_url=url)) for _ in range(SESSIONS)]
    sessions = [dataclasses.replace(shop, stores=one, door=Door(one)) for one in stores]
    try:
        run_machine(lambda tally: Lives(sessions, user, tally), small_seeds=6)
    finally:
        for one in stores:
            one.close()
