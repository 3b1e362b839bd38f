"""Any sequence of commands on stock and orders, against a plain Python model of what the levels must be.

The model knows nothing of SQL: three numbers per level, and for each order what it holds where. After every step the
levels are the model's; in the end the ledger, the levels and the open orders agree. Hypothesis prints the steps that
broke it, shortened, and the seed that finds them again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import initialize, invariant, precondition

from data.errors import Conflict, OutOfStock
from data.ids import new_id
from data.orders.messages import ChangeOrderStatus
from data.orders.rules import OPEN, TRANSITIONS
from data.shop import Shop
from data.stock.messages import AdjustStock, ReceiveStock, SetReorderLevel
from data.stock.reads import levels_of, reconcile
from tests.orders_world import Line, customer, place, product, warehouses
from tests.torture.machines import FULL, Machine, Tally, dice, run_machine, spare_the_plainest, step

pytestmark = [pytest.mark.torture, pytest.mark.timeout(14_400 if FULL else 300)]

WAREHOUSES = ("WH1", "WH2")
NAMES = ("A", "B")
places = st.sampled_from(WAREHOUSES)
names = st.sampled_from(NAMES)


@dataclass
class Held:
    """What one level is thought to hold, in units; ``kept`` says whether there is a level at all."""

    available: int = 0
    reserved: int = 0
    kept: bool = False


@dataclass
class Placed:
    """What one order is thought to be."""

    order_id: UUID
    status: str = "pending"
    holds: dict[tuple[str, str], int] = field(default_factory=dict)


class Ledger(Machine):
    """One shop's stock of two products in two warehouses, made anew for every run."""

    def __init__(self, shop: Shop, user: UUID, tally: Tally) -> None:
        super().__init__(tally)
        self.shop, self.user = shop, user
        run = str(new_id())
        self.sku = {name: f"{name}-{run}" for name in NAMES}
        self.ids: dict[str, str] = {}
        self.held = {(name, place): Held() for name in NAMES for place in WAREHOUSES}
        self.orders: list[Placed] = []

    @initialize(drawn=dice)
    def begin(self, drawn: int) -> None:
        spare_the_plainest(drawn)
        self.ids |= {name: product(self.shop, sku) for name, sku in self.sku.items()}

    @step(name=names, place=places, units=st.integers(1, 9))
    def receive(self, name: str, place: str, units: int) -> None:
        self.shop.door.run(ReceiveStock(product_id=self.ids[name], warehouse_id=place, quantity=units), self.shop.actor)
        self.held[name, place].available += units
        self.held[name, place].kept = True

    @precondition(lambda self: self.kept())
    @step(data=st.data(), delta=st.integers(-6, 6).filter(bool))
    def adjust(self, data: st.DataObject, delta: int) -> None:
        name, place = data.draw(st.sampled_from(self.kept()))
        held = self.held[name, place]
        command = AdjustStock(product_id=self.sku[name], warehouse_id=place, delta=delta, reason="r")
        if held.available + delta < 0:
            self.was_refused = True
            with pytest.raises(Conflict):
                self.shop.door.run(command, self.shop.actor)
        else:
            self.shop.door.run(command, self.shop.actor)
            held.available += delta

    @precondition(lambda self: self.kept())
    @step(data=st.data(), count=st.integers(0, 9))
    def count(self, data: st.DataObject, count: int) -> None:
        name, place = data.draw(st.sampled_from(self.kept()))
        command = AdjustStock(product_id=self.sku[name], warehouse_id=place, set_available=count, reason="r")
        self.shop.door.run(command, self.shop.actor)
        self.held[name, place].available = count

    @precondition(lambda self: self.kept())
    @step(data=st.data(), level=st.integers(0, 5))
    def limit(self, data: st.DataObject, level: int) -> None:
        name, place = data.draw(st.sampled_from(self.kept()))
        command = SetReorderLevel(product_id=self.ids[name], warehouse_id=place, reorder_level=level)
        self.shop.door.run(command, self.shop.actor)

    def kept(self) -> list[tuple[str, str]]:
        return [key for key, held in self.held.items() if held.kept]

    @step(lines=st.lists(st.tuples(names, st.integers(1, 4), st.none() | places), min_size=1, max_size=4))
    def sell(self, lines: list[tuple[str, int, str | None]]) -> None:
        asked: list[Line] = [
            (self.sku[name], units, place) if place else (self.sku[name], units) for name, units, place in lines
        ]
        if not self._can_serve(lines):
            self.was_refused = True
            with pytest.raises(OutOfStock):
                place(self.shop, self.user, *asked)
            return
        order = place(self.shop, self.user, *asked).result
        placed = Placed(order.order_id)
        for item in order.items:
            key = next(name for name, sku in self.sku.items() if sku == item.sku), item.warehouse_id
            placed.holds[key] = placed.holds.get(key, 0) + item.quantity
            self.held[key].available -= item.quantity
            self.held[key].reserved += item.quantity
        assert sum(placed.holds.values()) == sum(units for _, units, _ in lines)
        self.orders.append(placed)

    def _can_serve(self, lines: list[tuple[str, int, str | None]]) -> bool:
        """Named warehouses must serve their lines; what is left of a product must serve the rest of it."""
        for name in NAMES:
            left = {place: self.held[name, place].available for place in WAREHOUSES}
            for _, units, where in (one for one in lines if one[0] == name and one[2]):
                left[str(where)] -= units
            free = sum(units for other, units, where in lines if other == name and not where)
            if min(left.values()) < 0 or sum(left.values()) < free:
                return False
        return True

    @precondition(lambda self: any(TRANSITIONS[order.status] for order in self.orders))
    @step(data=st.data())
    def take_a_step(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from([order for order in self.orders if TRANSITIONS[order.status]]))
        status = data.draw(st.sampled_from(TRANSITIONS[order.status]))
        command = ChangeOrderStatus(order_id=order.order_id, new_status=status, reason="r")
        self.shop.door.run(command, self.shop.actor)
        if status in ("cancelled", "shipped") and order.status in OPEN:
            for key, units in order.holds.items():
                self.held[key].reserved -= units
                self.held[key].available += units if status == "cancelled" else 0
        order.status = status

    @invariant()
    def levels_are_the_models(self) -> None:
        stored = levels_of(self.shop.stores.postgres, self.ids.values())
        for (name, where), held in self.held.items():
            found = [level for level in stored[self.ids[name]] if level.warehouse_id == where]
            assert len(found) == held.kept
            for level in found:
                assert (level.available_stock, level.reserved_stock) == (held.available, held.reserved)
                assert level.total_stock == held.available + held.reserved

    def teardown(self) -> None:
        super().teardown()
        assert not self.ids or reconcile(self.shop.stores.postgres) == ()


def test_any_sequence_of_commands(shop: Shop) -> None:
    warehouses(shop, *WAREHOUSES)
    user = customer(shop)
    run_machine(lambda tally: Ledger(shop, user, tally), small_seeds=12)
