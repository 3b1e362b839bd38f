"""Living through the demo's days: goods come in, orders are placed, then what was due on the day is done.

Day by day, because the ledger and the timelines are read in the order they were written. Within a day orders are placed
by several threads; the steps of a day are taken in the order of their time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from data.demo.commands import LoadedPerson, TakeSteps
from data.demo.crew import Crew, batches
from data.demo.orders import Delivery, OrderPlan, PaymentStep, Story
from data.errors import Invalid, OutOfStock
from data.money import cents
from data.orders.commands import ChangeOrderStatus, OrderLineInput, PlacedOrder, PlaceOrder
from data.payments.messages import RecordPayment
from data.stock.commands import ReceiveLine, ReceiveMany

#: Product id and reorder level by SKU.
Goods = Mapping[str, tuple[str, int]]

_LINES_BATCH, _DUE_BATCH = 1_000, 80


@dataclass
class _Day:
    """What a day brings, and what falls due on it as orders are placed: when, who does it, and what."""

    deliveries: list[Delivery] = field(default_factory=list)
    orders: list[OrderPlan] = field(default_factory=list)
    due: list[tuple[datetime, str, ChangeOrderStatus | RecordPayment]] = field(default_factory=list)


def receive(crew: Crew, delivery: Delivery, goods: Goods, key: str) -> None:
    """Take a delivery into the warehouses."""
    lines = [
        ReceiveLine(
            product_id=goods[sku][0], sku=sku, warehouse_id=warehouse, quantity=units, reorder_level=goods[sku][1]
        )
        for sku, warehouse, units in delivery.lines
    ]
    for number, batch in enumerate(batches(lines, _LINES_BATCH)):
        crew.run("wes", ReceiveMany(lines=batch, reason="delivery", at=delivery.at), f"{key}:{number}")


def trade(
    crew: Crew,
    story: Story,
    goods: Goods,
    people: Mapping[str, LoadedPerson],
    threads: ThreadPoolExecutor,
    advance: Callable[[int, str], None],
) -> int:
    """Place every order of the story and take its steps; return how many were placed.

    An order that the shop cannot serve any more, because somebody has traded with its goods or taken them out of the
    catalog, is left out.
    """
    placed, days = 0, _days(story)
    for day, today in days.items():
        for number, delivery in enumerate(today.deliveries):
            receive(crew, delivery, goods, f"delivery:{day}:{number}")
        orders = threads.map(lambda plan: _placed(crew, plan, people[plan.person.email]), today.orders)
        for plan, order in zip(today.orders, orders, strict=True):
            if order is not None:
                placed += 1
                _fall_due(days, plan, order, people[plan.person.email])
        _do_the_rest(crew, today, day)
        if today.orders:
            advance(len(today.orders), f"orders of {day:%-d %B}")
    return placed


def _days(story: Story) -> dict[date, _Day]:
    """Return every day from the first order to the last thing that happens, in order."""
    times = [plan.placed_at for plan in story.orders]
    times += [step.at for plan in story.orders for step in plan.steps]
    times += [payment.at for plan in story.orders for payment in plan.payments]
    if not times:
        return {}
    first, last = min(times).date(), max(times).date()
    days = {first + timedelta(days=ahead): _Day() for ahead in range((last - first).days + 1)}
    for delivery in story.deliveries:
        days[max(first, delivery.at.date())].deliveries.append(delivery)
    for plan in story.orders:
        days[plan.placed_at.date()].orders.append(plan)
    return days


def _placed(crew: Crew, plan: OrderPlan, customer: LoadedPerson) -> PlacedOrder | None:
    command = PlaceOrder(
        user_id=customer.user_id,
        lines=tuple(OrderLineInput(sku=sku, warehouse_id=wh, quantity=units) for sku, wh, units in plan.lines),
        shipping_method=plan.shipping_method,
        payment_method=plan.payment_method,
        notes=plan.notes,
        channel=plan.channel,
        placed_at=plan.placed_at,
    )
    try:
        order: PlacedOrder = crew.run("sam", command, f"order:{plan.number}")
    except (OutOfStock, Invalid):
        return None
    return order


def _fall_due(days: Mapping[date, _Day], plan: OrderPlan, order: PlacedOrder, customer: LoadedPerson) -> None:
    for step in plan.steps:
        change = ChangeOrderStatus(order_id=order.order_id, new_status=step.status, reason=step.reason, at=step.at)
        days[step.at.date()].due.append((step.at, step.by, change))
    for number, payment in enumerate(plan.payments):
        who = "ann" if payment.kind == "refund" else "sam"
        days[payment.at.date()].due.append((payment.at, who, _payment(plan, order, customer, payment, number)))


def _payment(
    plan: OrderPlan, order: PlacedOrder, customer: LoadedPerson, payment: PaymentStep, number: int
) -> RecordPayment:
    method = None if plan.card is None or plan.card >= len(customer.payment_method_ids) else plan.card
    return RecordPayment(
        order_id=order.order_id,
        kind=payment.kind,
        amount=cents(order.total_amount * payment.share),
        provider="bank" if plan.card is None else "card",
        provider_reference=f"{order.order_number}/{number + 1}",
        reference=f"demo/{order.order_number}/{number + 1}",
        payment_method_id=None if method is None else customer.payment_method_ids[method],
        at=payment.at,
    )


def _do_the_rest(crew: Crew, today: _Day, day: date) -> None:
    """Do what is due: orders are confirmed, paid and cancelled, then packed and sent, then taken back."""
    for who in ("sam", "wes", "ann"):
        due = [what for _, by, what in sorted(today.due, key=lambda item: item[0]) if by == who]
        for number, batch in enumerate(batches(due, _DUE_BATCH)):
            steps = tuple(what for what in batch if isinstance(what, ChangeOrderStatus))
            payments = tuple(what for what in batch if isinstance(what, RecordPayment))
            crew.run(who, TakeSteps(steps=steps, payments=payments), f"due:{day}:{who}:{number}")
