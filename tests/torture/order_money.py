"""Money and returns as the machine of orders moves them: captures, refunds of every shape, units that come back."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule

from data.errors import Conflict, Invalid
from data.orders.messages import LineUnits
from data.payments.flow import refund, take
from data.payments.messages import BeginPayment, RefundOrder
from data.returns.messages import InspectLine, InspectReturn, ReceiveReturn, RequestReturn
from tests.torture.order_model import WAREHOUSES, Back, Order

if TYPE_CHECKING:
    from tests.torture.test_order_machine import Lives

places, few = st.sampled_from(WAREHOUSES), st.integers(1, 4)


class Money:
    """The rules of money and returns, for the machine that has the world and the sessions."""

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data(), share=st.sampled_from((1, 2, 3)))
    def capture(self: Lives, data: st.DataObject, share: int) -> None:
        order = self.one_of(data, lambda order: order.owed > 0)
        amount = max(Decimal("0.01"), (order.owed / share).quantize(Decimal("0.01")))
        command = BeginPayment(order_id=order.order_id, kind="capture", amount=amount)
        if amount > order.owed:
            self.refused(command, Conflict)
        else:
            take(self.session(), command)
            order.captured += amount

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data(), units=few, restock=st.booleans())
    def refund_line(self: Lives, data: st.DataObject, units: int, restock: bool) -> None:
        chosen = self.pick(data, lambda order, line: line.shipped)
        if chosen is None:
            return
        order, key, line = chosen
        lines = (LineUnits(order_item_id=key, quantity=units),)
        command = RefundOrder(order_id=order.order_id, reason="r", lines=lines, restock=restock)
        free = min(line.refundable, line.shipped - line.returned - line.coming) if restock else line.refundable
        if units > free or not line.price:  # what cost nothing gives nothing back
            self.refused(command, Invalid)
        elif line.price * units > order.captured - order.refunded:
            self.refused(command, Conflict)
        else:
            refund(self.session(), command)
            line.credited += units
            if restock:
                line.returned += units
                self.world.levels[line.name, line.place].available += units
            order.credit(line.price * units)
            self.given_back(order, line.price * units)

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data(), amount=st.decimals("0.01", 20, places=2))
    def goodwill(self: Lives, data: st.DataObject, amount: Decimal) -> None:
        order = self.one_of(data, lambda order: order.captured > order.refunded)
        command = RefundOrder(order_id=order.order_id, reason="r", amount=amount)
        if amount > order.captured - order.refunded:
            self.refused(command, Conflict)
        else:
            refund(self.session(), command)
            order.credit(max(Decimal(0), amount - max(Decimal(0), -order.owed)))
            self.given_back(order, amount)

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data())
    def pay_back_what_is_owed(self: Lives, data: st.DataObject) -> None:
        order = self.one_of(data, lambda order: order.owed < 0)
        command = RefundOrder(order_id=order.order_id, reason="r")
        if order.owed >= 0:
            self.refused(command, Invalid)
        else:
            assert refund(self.session(), command).refund.amount == -order.owed
            self.given_back(order, -order.owed)

    def given_back(self: Lives, order: Order, amount: Decimal) -> None:
        order.refunded += amount
        whole = order.credited == order.total and order.captured == order.refunded
        if whole and order.status in ("shipped", "delivered"):
            order.status = "refunded"

    @precondition(lambda self: self.world.orders)
    @rule(data=st.data(), units=few)
    def ask_back(self: Lives, data: st.DataObject, units: int) -> None:
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
    def arrive(self: Lives, data: st.DataObject, place: str) -> None:
        back = data.draw(st.sampled_from([back for back in self.world.backs if not back.place]))
        self.do(ReceiveReturn(return_id=back.return_id, warehouse_id=place))
        back.place, back.received, back.left = place, back.asked, back.asked

    @precondition(lambda self: any(back.left for back in self.world.backs))
    @rule(data=st.data(), good=st.integers(0, 3), bad=st.integers(0, 2), rejected=st.integers(0, 2))
    def inspect(self: Lives, data: st.DataObject, good: int, bad: int, rejected: int) -> None:
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
