"""Stock as the machine of orders moves it beside them: counted, received, transferred, held for a while and ordered."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import hypothesis.strategies as st
from hypothesis.stateful import precondition
from sqlalchemy import text

from data.errors import Conflict, OutOfStock
from data.stock.messages import (
    AdjustStock,
    ExpireReservations,
    ReceiveStock,
    ReserveLine,
    ReserveStock,
    TransferStock,
)
from tests.orders_world import place as place_order
from tests.torture.machines import step
from tests.torture.order_model import NAMES, WAREHOUSES

if TYPE_CHECKING:
    from tests.torture.test_order_machine import Lives

places, names, few = st.sampled_from(WAREHOUSES), st.sampled_from(NAMES), st.integers(1, 4)


class Stock:
    """The rules of stock, for the machine that has the world and the sessions."""

    @step(name=names, place=places, delta=st.integers(-5, 8).filter(bool))
    def adjust(self: Lives, name: str, place: str, delta: int) -> None:
        level = self.world.levels[name, place]
        command = AdjustStock(product_id=self.sku[name], warehouse_id=place, delta=delta, reason="r")
        if level.available + delta < 0:
            self.refused(command, Conflict)
        else:
            self.do(command)
            level.available += delta

    @step(name=names, place=places, units=few)
    def receive(self: Lives, name: str, place: str, units: int) -> None:
        self.do(ReceiveStock(product_id=self.ids[name], warehouse_id=place, quantity=units))
        self.world.levels[name, place].available += units

    @step(name=names, source=places, units=few)
    def transfer(self: Lives, name: str, source: str, units: int) -> None:
        target = next(place for place in WAREHOUSES if place != source)
        gone, come = self.world.levels[name, source], self.world.levels[name, target]
        command = TransferStock(product_id=self.ids[name], from_warehouse=source, to_warehouse=target, quantity=units)
        if gone.available < units:
            self.refused(command, Conflict)
        else:
            self.do(command)
            gone.available -= units
            come.available += units

    @step(owner=st.sampled_from("xy"), name=names, place=places, units=st.integers(0, 5))
    def hold(self: Lives, owner: str, name: str, place: str, units: int) -> None:
        held = self.world.holds.setdefault(owner, {})
        key = name, place
        lines = (ReserveLine(product_id=self.sku[name], quantity=units, warehouse_id=place),) if units else ()
        command = ReserveStock(**self.owner_of(owner), lines=lines)
        if self.world.levels[key].available + held.get(key, 0) < units:
            self.refused(command, OutOfStock)
            return
        self.do(command)
        self.holds(owner, key, units)

    def holds(self: Lives, owner: str, key: tuple[str, str], units: int) -> None:
        """Believe that this is what the owner holds now."""
        self.let_go(owner)
        if units:
            self.world.levels[key].available -= units
            self.world.levels[key].reserved += units
            self.world.holds[owner] = {key: units}

    def owner_of(self: Lives, owner: str) -> dict[str, str]:
        """Return how a command names an owner: x is a cart, y a draft."""
        if owner == "x":
            return {"owner_type": "cart", "owner_id": f"x-{self.run}"}
        return {"owner_type": "draft", "owner_id": str(self.draft_id)}

    @precondition(lambda self: self.world.holds.get("y"))
    @step(data=st.data(), more=st.sampled_from((-1, 0, 0, 1)), name=names, place=places)
    def order_what_is_held(self: Lives, data: st.DataObject, more: int, name: str, place: str) -> None:
        """A draft's order takes over what it holds: of that some more or less, or something else."""
        ((key, held),) = self.world.holds["y"].items()
        lines = {key: max(1, held + more)} if more or data.draw(st.booleans()) else {(name, place): 2}
        asked = [(self.sku[name], units, place) for (name, place), units in lines.items()]
        order = functools.partial(place_order, self.session(), self.user, *asked, draft_id=self.draft_id)
        if any(self.world.levels[k].available + (held if k == key else 0) < units for k, units in lines.items()):
            self.refused_by(lambda shop: order(), OutOfStock)
        else:
            placed = order().result
            self.let_go("y")
            self.taken_on(placed.order_id, [(name, units, place) for (name, place), units in lines.items()])

    def let_go(self: Lives, owner: str) -> None:
        for key, units in self.world.holds.pop(owner, {}).items():
            self.world.levels[key].available += units
            self.world.levels[key].reserved -= units

    @precondition(lambda self: self.world.holds)
    @step(data=st.data())
    def expire(self: Lives, data: st.DataObject) -> None:
        owner = data.draw(st.sampled_from(sorted(self.world.holds)))
        with self.sessions[0].stores.postgres.writing() as connection:
            connection.execute(
                text("UPDATE reservations SET expires_at = now() WHERE owner_id = :owner AND released_at IS NULL"),
                {"owner": self.owner_of(owner)["owner_id"]},
            )
        self.do(ExpireReservations(product_ids=tuple(self.ids.values())))
        self.let_go(owner)
