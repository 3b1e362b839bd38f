"""What a hand of the crowd does next: the dice look at an order as it stands and choose a step that fits it.

By the time the step is sent somebody else may have taken another, so it may be refused; that is part of the torture.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from data.command import Command
from data.ids import new_id
from data.orders.drafts.commands import as_order
from data.orders.drafts.messages import DraftContent, DraftLine, HoldDraft
from data.orders.editing.messages import EditOrder, LineAdded, LineEdit, OrderChanges
from data.orders.messages import AllocateOrder, CancelLines, ChangeOrderStatus, LineUnits, OrderLineInput, PlaceOrder
from data.payments.messages import BeginPayment, RefundOrder, SettlePayment
from data.returns.messages import InspectLine, InspectReturn, ReceiveReturn, RequestReturn
from data.shipments.messages import BoxInput, DeliverParcels, ShipOrder
from data.stock.messages import (
    AdjustStock,
    ExpireReservations,
    ReceiveStock,
    ReleaseReservation,
    ReserveLine,
    ReserveStock,
    TransferStock,
)
from data.stores.postgres import Postgres
from data.structs import convert
from tests.orders_world import ADDRESS

WAREHOUSES = ("WH1", "WH2")
PRODUCTS = tuple(f"P{number:02}" for number in range(24))
OPEN = ("pending", "confirmed", "processing")
_NEWEST = text("SELECT order_id FROM orders ORDER BY created_at DESC, order_id DESC LIMIT 30")
_ORDER = text("SELECT order_status, total_amount, credited_amount FROM orders WHERE order_id = :id")
_LINES = text("SELECT * FROM order_items WHERE order_id = :id ORDER BY line_no, order_item_id")
_PAYMENTS = text("SELECT payment_id, kind, status, amount FROM payments WHERE order_id = :id")
_RETURNS = text(
    """
    SELECT r.return_id, r.status, i.order_item_id, i.received_quantity,
           i.received_quantity - i.restocked_quantity - i.damaged_quantity - i.rejected_quantity AS waits
      FROM returns r JOIN return_items i USING (return_id)
     WHERE r.order_id = :id AND r.status IN ('requested', 'received')
    """
)
#: those nobody has ordered yet, mostly: an order's command leaves the draft's row to whoever took it on
_DRAFTS = text("SELECT draft_id, content FROM order_drafts ORDER BY created_at DESC LIMIT 6")
_AGE = text("UPDATE reservations SET expires_at = now() WHERE owner_id = :owner AND released_at IS NULL")
#: a step and how often it is taken beside the others that fit
Option = tuple[int, Command]


@dataclass
class Hand:
    """One client: its dice, the customer it orders for, and the orders it has placed."""

    name: str
    user_id: UUID
    dice: random.Random
    orders: list[UUID] = field(default_factory=list)

    def choose(self, postgres: Postgres) -> Command:
        """Return what to do next. Raises ``Unavailable``."""
        for _ in range(4):
            throw = self.dice.random()
            if throw < 0.22:
                return (self._place_held(postgres) if throw < 0.05 else None) or self._place()
            if throw < 0.42:
                return self._stock(postgres)
            if options := self._options(postgres):
                return self.dice.choices([one for _, one in options], [weight for weight, _ in options])[0]
        return self._place()

    def units(self, most: int) -> int:
        return self.dice.randint(1, max(1, min(most, 3)))

    def _place(self) -> Command:
        skus = self.dice.sample(PRODUCTS, self.dice.randint(1, 3))
        lines = tuple(
            OrderLineInput(sku=sku, quantity=self.units(3), warehouse_id=self.dice.choice((None, None, *WAREHOUSES)))
            for sku in skus
        )
        return PlaceOrder(user_id=self.user_id, lines=lines, shipping_address=ADDRESS, channel="torture")

    def _place_held(self, postgres: Postgres) -> Command | None:
        """Return the order of a draft that anybody holds; somebody else may make it one at this moment."""
        with postgres.reading() as connection:
            drafts = connection.execute(_DRAFTS).all()
        if not drafts:
            return None
        draft = self.dice.choice(drafts)
        order = as_order(draft.draft_id, convert(draft.content, DraftContent))
        return msgspec.structs.replace(
            order, draft_id=draft.draft_id, shipping_address=ADDRESS, shipping_address_id=None, channel="torture"
        )

    def _hold_draft(self) -> Command:
        skus = self.dice.sample(PRODUCTS, self.dice.randint(1, 3))
        lines = tuple(DraftLine(sku=sku, quantity=self.units(3)) for sku in skus)
        content = DraftContent(user_id=self.user_id, lines=lines)
        until = datetime.now(UTC) + timedelta(hours=1)
        return HoldDraft(draft_id=new_id(), content=content, until=until)

    def _stock(self, postgres: Postgres) -> Command:
        sku, here = self.dice.choice(PRODUCTS), self.dice.choice(WAREHOUSES)
        there = next(place for place in WAREHOUSES if place != here)
        owner = f"{self.name}-{self.dice.randint(1, 3)}"
        held = (ReserveLine(product_id=sku, quantity=self.units(3), warehouse_id=here),)
        what = self.dice.choice(("adjust", "receive", "transfer", "reserve", "draft", "release", "expire"))
        match what:
            case "draft":
                return self._hold_draft()
            case "adjust":
                delta = self.dice.choice((-2, -1, 1))
                return AdjustStock(product_id=sku, warehouse_id=here, delta=delta, reason="counted")
            case "receive":
                return ReceiveStock(product_id=sku, warehouse_id=here, quantity=self.dice.randint(10, 30))
            case "transfer":
                return TransferStock(product_id=sku, from_warehouse=here, to_warehouse=there, quantity=self.units(3))
            case "reserve":
                return ReserveStock(owner_type="cart", owner_id=owner, lines=held, minutes=self.dice.randint(1, 60))
            case "release":
                return ReleaseReservation(owner_type="cart", owner_id=owner)
            case _:
                with postgres.writing() as connection:  # its time is over
                    connection.execute(_AGE, {"owner": owner})
                return ExpireReservations()

    def _options(self, postgres: Postgres) -> list[Option]:
        """Return the steps that fit an order of one's own, or of anybody."""
        with postgres.reading() as connection:
            mine = self.dice.random() < 0.7 and self.orders
            ids: Sequence[UUID] = self.orders[-20:] if mine else list(connection.execute(_NEWEST).scalars())
            if not ids:
                return []
            order_id = self.dice.choice(ids)
            about = {"id": order_id}
            order = connection.execute(_ORDER, about).one()
            lines = connection.execute(_LINES, about).all()
            payments = connection.execute(_PAYMENTS, about).all()
            coming = connection.execute(_RETURNS, about).all()
        options = [
            (6, SettlePayment(payment_id=one.payment_id, accepted=True)) for one in payments if one.status == "pending"
        ]
        if order.order_status in OPEN:
            options += self._while_open(order_id, order.order_status, lines)
        elif order.order_status == "shipped":
            options.append((1, DeliverParcels(order_id=order_id)))
        return options + self._money(order_id, order, lines, payments) + self._back(order_id, lines, coming)

    def _while_open(self, order_id: UUID, status: str, lines: Sequence[Any]) -> list[Option]:
        line = self.dice.choice(lines)
        edit = LineEdit(line_no=line.line_no, quantity=self.dice.randint(1, 4))
        added = (LineAdded(sku=self.dice.choice(PRODUCTS), quantity=1),) if self.dice.random() < 0.4 else ()
        options: list[Option] = [(3, EditOrder(order_id=order_id, changes=OrderChanges(lines=(edit,), add=added)))]
        if line.allocated_quantity:
            part = LineUnits(order_item_id=line.order_item_id, quantity=self.units(line.allocated_quantity))
            options.append((2, CancelLines(order_id=order_id, lines=(part,), reason="changed their mind")))
            other = next(place for place in WAREHOUSES if place != line.warehouse_id)
            options.append((1, AllocateOrder(order_id=order_id, lines=(part,), to_warehouse=other)))
            if status != "pending":
                box = BoxInput(warehouse_id=line.warehouse_id, lines=(part,), tracking_number="1Z")
                options += [(5, ShipOrder(order_id=order_id, boxes=(box,))), (1, ShipOrder(order_id=order_id))]
        if status == "pending":
            options.append((8, ChangeOrderStatus(order_id=order_id, new_status="confirmed")))
        return options

    def _money(self, order_id: UUID, order: Any, lines: Sequence[Any], payments: Sequence[Any]) -> list[Option]:
        def total(kind: str) -> Decimal:
            return sum((one.amount for one in payments if one.kind == kind and one.status == "succeeded"), Decimal(0))

        taken, given = total("capture"), total("refund")
        owed = order.total_amount - order.credited_amount - taken + given
        options: list[Option] = []
        if owed > 0:
            amount = None if self.dice.random() < 0.7 else max(Decimal("0.01"), (owed / 2).quantize(Decimal("0.01")))
            options.append((4, BeginPayment(order_id=order_id, kind="capture", amount=amount)))
        if owed < 0:
            options.append((3, RefundOrder(order_id=order_id, reason="owed")))
        if taken > given:
            options.append((1, RefundOrder(order_id=order_id, reason="sorry", amount=Decimal("1.00"))))
            for line in [one for one in lines if one.shipped_quantity > one.returned_quantity][:1]:
                back = (LineUnits(order_item_id=line.order_item_id, quantity=1),)
                restock = self.dice.random() < 0.5
                options.append((2, RefundOrder(order_id=order_id, reason="broken", lines=back, restock=restock)))
        return options

    def _back(self, order_id: UUID, lines: Sequence[Any], coming: Sequence[Any]) -> list[Option]:
        options: list[Option] = []
        for line in [one for one in lines if one.shipped_quantity > one.returned_quantity][:1]:
            back = (LineUnits(order_item_id=line.order_item_id, quantity=1),)
            options.append((2, RequestReturn(order_id=order_id, lines=back, reason="does not fit")))
        for one in coming:
            if one.waits:
                left = self.dice.choice(("restock", "damaged", "reject"))
                decided = InspectLine(order_item_id=one.order_item_id, **{left: one.waits})
                options.append((5, InspectReturn(return_id=one.return_id, lines=(decided,))))
            elif one.status == "requested":
                here = self.dice.choice(WAREHOUSES)
                options.append((4, ReceiveReturn(return_id=one.return_id, warehouse_id=here)))
        return options
