"""What the page of one order shows, and what may be done to it by that; and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from screens.order.kept import begun_of

if TYPE_CHECKING:
    from data.orders.reads import OrderDetail, OrderItemRow, PaymentRow
    from data.orders.timeline import TimelineEntry
    from data.returns.reads import ReturnRow
    from data.shipments.reads import ParcelRow
    from data.shop import Shop
    from screens.order.kept import Keep

#: how a confirm ends where ``u`` will not help
FOR_GOOD = "This cannot be taken back."
#: states in which units may still be to be sent
OPEN = ("pending", "confirmed", "processing")


@dataclass(frozen=True)
class OrderPage:
    """An order with its parcels, its returns and the newest of what happened to it.

    ``kind`` is what the timeline was asked for, ``older``: there is more. ``begun`` is what the person began to do to
    it and did not finish.
    """

    order: OrderDetail
    parcels: tuple[ParcelRow, ...]
    returns: tuple[ReturnRow, ...]
    entries: tuple[TimelineEntry, ...]
    kind: str
    older: bool
    begun: tuple[Keep, ...] = ()

    @property
    def held(self) -> tuple[OrderItemRow, ...]:
        """The lines' shares with units that are still to be sent."""
        return tuple(item for item in self.order.items if item.allocated_quantity and item.warehouse_id)

    @property
    def travelling(self) -> tuple[ParcelRow, ...]:
        """Parcels that have not arrived."""
        return tuple(parcel for parcel in self.parcels if parcel.delivered_at is None)

    @property
    def pending(self) -> tuple[PaymentRow, ...]:
        """Steps of money whose provider has not answered."""
        return tuple(payment for payment in self.order.payments if payment.status == "pending")

    @property
    def authorisations(self) -> tuple[PaymentRow, ...]:
        """Authorisations that nothing was captured of and that were not let go."""
        used = {payment.parent_payment_id for payment in self.order.payments if payment.status != "failed"}
        return tuple(
            payment
            for payment in self.order.payments
            if (payment.kind, payment.status) == ("authorise", "succeeded") and payment.payment_id not in used
        )

    @property
    def to_pay(self) -> Decimal:
        """What is still to be paid, pending captures counted as paid: nobody promises the same money twice."""
        waiting = sum((payment.amount for payment in self.pending if payment.kind == "capture"), Decimal("0.00"))
        return max(self.order.due_amount - waiting, Decimal("0.00"))

    @property
    def returnable(self) -> dict[str, int]:
        """Units that were sent and are neither back nor asked back, by ``order_item_id``."""
        coming: dict[str, int] = {}
        for row in self.returns:
            if row.status in ("requested", "received"):
                for item in row.items:
                    settled = item.restocked_quantity + item.damaged_quantity + item.rejected_quantity
                    key = str(item.order_item_id)
                    coming[key] = coming.get(key, 0) + item.quantity - settled
        free = {
            key: item.shipped_quantity - item.returned_quantity - coming.get(key, 0)
            for item in self.order.items
            if (key := str(item.order_item_id))
        }
        return {key: units for key, units in free.items() if units > 0}


def read_page(shop: Shop, ref: str, kind: str, events: int) -> OrderPage:
    """Return the order with this number or id, and the newest ``events`` of its timeline, of one ``kind`` or all."""
    from data.orders.reads import get_order
    from data.orders.timeline import timeline
    from data.returns.reads import returns_of
    from data.shipments.reads import parcels_of

    postgres = shop.stores.postgres
    order = get_order(postgres, ref)
    page = timeline(postgres, order.order_id, kinds=(kind,) if kind else (), limit=events)
    sent = any(item.shipped_quantity for item in order.items)  # nothing sent: no parcel, nothing to come back
    return OrderPage(
        order=order,
        parcels=parcels_of(postgres, order.order_id) if sent else (),
        returns=returns_of(postgres, order.order_id) if sent else (),
        entries=tuple(page.rows),
        kind=kind,
        older=page.after is not None,
        begun=begun_of(shop, order.order_number),
    )
