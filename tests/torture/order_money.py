"""Money as the machine of orders moves it: captures and refunds of every shape."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import hypothesis.strategies as st
from hypothesis.stateful import precondition

from data.errors import Conflict, Invalid
from data.orders.messages import LineUnits
from data.payments.flow import refund, take
from data.payments.messages import BeginPayment, RefundOrder
from tests.torture.machines import step
from tests.torture.order_model import Line, Order

if TYPE_CHECKING:
    from tests.torture.test_order_machine import Lives

few = st.integers(1, 3)


def _sent(order: Order, line: Line) -> bool:
    return line.shipped > 0


def _worth_refunding(order: Order, line: Line) -> bool:
    return 0 < line.price <= order.captured - order.refunded and line.refundable > 0


class Money:
    """The rules of money, for the machine that has the world and the sessions."""

    @step(data=st.data(), share=st.sampled_from((1, 2, 3)))
    def capture(self: Lives, data: st.DataObject, share: int) -> None:
        order = self.one_of(data, lambda order: order.owed > 0)
        amount = max(Decimal("0.01"), (order.owed / share).quantize(Decimal("0.01")))
        command = BeginPayment(order_id=order.order_id, kind="capture", amount=amount)
        if amount > order.owed:
            self.refused(command, Conflict)
        else:
            take(self.session(), command)
            order.captured += amount

    @precondition(lambda self: self.there_is(_sent))
    @step(data=st.data(), units=few, restock=st.booleans())
    def refund_line(self: Lives, data: st.DataObject, units: int, restock: bool) -> None:
        order, key, line = self.pick(data, _sent, _worth_refunding)
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

    @step(data=st.data(), amount=st.decimals("0.01", 20, places=2))
    def goodwill(self: Lives, data: st.DataObject, amount: Decimal) -> None:
        order = self.one_of(data, lambda order: order.captured > order.refunded)
        command = RefundOrder(order_id=order.order_id, reason="r", amount=amount)
        if amount > order.captured - order.refunded:
            self.refused(command, Conflict)
        else:
            refund(self.session(), command)
            order.credit(max(Decimal(0), amount - max(Decimal(0), -order.owed)))
            self.given_back(order, amount)

    @step(data=st.data())
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
