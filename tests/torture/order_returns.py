"""Returns as the machine of orders moves them: asked for, arrived, inspected, closed, exchanged for another order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis.strategies as st
from hypothesis.stateful import precondition

from data.errors import Conflict, Invalid, OutOfStock
from data.orders.messages import LineUnits, OrderLineInput
from data.returns.exchanges import place_exchange
from data.returns.messages import (
    CloseReturn,
    DraftExchange,
    InspectLine,
    InspectReturn,
    LinkExchange,
    ReceiveReturn,
    RequestReturn,
)
from tests.torture.machines import step
from tests.torture.order_model import NAMES, WAREHOUSES, Back, Line, Order

if TYPE_CHECKING:
    from uuid import UUID

    from tests.torture.test_order_machine import Lives

places, names, few = st.sampled_from(WAREHOUSES), st.sampled_from(NAMES), st.integers(1, 3)


def _may_come_back(order: Order, line: Line) -> bool:
    return line.shipped > line.returned + line.coming


def _waits(back: Back) -> bool:
    return back.left > 0


def _to_come(back: Back) -> bool:
    return back.to_come > 0


class Returns:
    """The rules of returns, for the machine that has the world and the sessions."""

    @precondition(lambda self: self.there_is(lambda order, line: line.shipped))
    @step(data=st.data(), units=few)
    def ask_back(self: Lives, data: st.DataObject, units: int) -> None:
        order, key, line = self.pick(data, lambda order, line: line.shipped, _may_come_back)
        if units > line.shipped - line.returned - line.coming:
            lines = (LineUnits(order_item_id=key, quantity=units),)
            self.refused(RequestReturn(order_id=order.order_id, lines=lines, reason="r"), Invalid)
        else:
            self.asked_back(order, key, units)

    def asked_back(self: Lives, order: Order, key: UUID, units: int) -> Back:
        lines = (LineUnits(order_item_id=key, quantity=units),)
        asked = self.do(RequestReturn(order_id=order.order_id, lines=lines, reason="r"))
        back = Back(asked.return_id, order, key, units)
        order.lines[key].coming += units
        self.world.backs.append(back)
        return back

    @precondition(lambda self: any(map(_to_come, self.world.backs)))
    @step(data=st.data(), place=places, units=st.none() | few)
    def arrive(self: Lives, data: st.DataObject, place: str, units: int | None) -> None:
        """All that is missing or some of it; what waits to be inspected lies in one warehouse."""
        back = data.draw(st.sampled_from(list(filter(_to_come, self.world.backs))))
        lines = (LineUnits(order_item_id=back.item, quantity=units),) if units else ()
        command = ReceiveReturn(return_id=back.return_id, warehouse_id=place, lines=lines)
        if (units or 0) > back.to_come or (back.left and place != back.place):
            self.refused(command, Invalid)
        else:
            self.arrived(back, place, units or back.to_come, command)

    def arrived(self: Lives, back: Back, place: str, units: int, command: ReceiveReturn | None = None) -> None:
        self.do(command or ReceiveReturn(return_id=back.return_id, warehouse_id=place))
        back.place, back.received, back.left = place, back.received + units, back.left + units

    @precondition(lambda self: any(map(_waits, self.world.backs)))
    @step(data=st.data(), more=st.sampled_from((0, 0, 0, 1)))
    def inspect(self: Lives, data: st.DataObject, more: int) -> None:
        """Decide on some of what waits, or on one unit ``more`` than that."""
        back = data.draw(st.sampled_from(list(filter(_waits, self.world.backs))))
        line = back.order.lines[back.item]
        good = data.draw(st.integers(0, back.left))
        bad = data.draw(st.integers(0, back.left - good))
        rejected = data.draw(st.integers(0, back.left - good - bad)) + more * (back.left + 1)
        decided = InspectLine(order_item_id=back.item, restock=good, damaged=bad, reject=rejected)
        command = InspectReturn(return_id=back.return_id, lines=(decided,))
        if not 0 < good + bad + rejected <= back.left:
            self.refused(command, Invalid)
            return
        self.do(command)
        back.left -= good + bad + rejected
        back.rejected += rejected
        back.closed = back.received == back.asked and not back.left
        line.coming -= good + bad + rejected
        line.returned += good + bad
        level = self.world.levels[line.name, back.place]
        level.available += good
        level.damaged += bad
        back.order.credit_units(line)

    @precondition(lambda self: self.world.backs)
    @step(data=st.data())
    def close(self: Lives, data: st.DataObject) -> None:
        """No more of it comes; what came has to be inspected first."""
        back = data.draw(st.sampled_from(self.world.backs))
        command = CloseReturn(return_id=back.return_id, reason="r")
        if back.closed or back.left:
            self.refused(command, Invalid)
        else:
            self.do(command)
            back.order.lines[back.item].coming -= back.to_come
            back.cancelled = not back.received
            back.closed = True

    @precondition(lambda self: self.world.backs)
    @step(data=st.data(), name=names, units=few, place=places)
    def exchange(self: Lives, data: st.DataObject, name: str, units: int, place: str) -> None:
        """Send something instead: an order of its own, once, and the balance is between what goes and what comes."""
        back = data.draw(st.sampled_from(self.world.backs))
        line = OrderLineInput(sku=self.sku[name], quantity=units, warehouse_id=place)
        command = DraftExchange(return_id=back.return_id, lines=(line,))
        if back.exchanged or back.cancelled:
            self.refused(command, Conflict, Invalid)
            return
        drafted = self.do(command)
        units_back = (back.received if back.closed else back.asked) - back.rejected
        worth = back.order.lines[back.item].price * units_back
        assert (drafted.credit_amount, drafted.balance_amount) == (worth, drafted.total_amount - worth)
        if self.world.levels[name, place].available < units:
            self.refused_by(lambda shop: place_exchange(shop, drafted.exchange_id), OutOfStock)
            return
        placed = place_exchange(self.session(), drafted.exchange_id)
        assert place_exchange(self.session(), drafted.exchange_id) == placed
        assert placed.total_amount == drafted.total_amount
        self.do(LinkExchange(exchange_id=drafted.exchange_id, order_id=placed.order_id))
        back.exchanged = True
        self.taken_on(placed.order_id, [(name, units, place)])
