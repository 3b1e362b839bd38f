"""The demo's orders: ninety days of trade, planned as one story before anything is written.

A plan says what is ordered when, from which warehouse, what became of it and what was paid, so that the stock it needs
is there when it is needed. Who orders what, and what becomes of it, hangs on the seed and the date alone; the time of
day only moves the last day's orders closer together.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from data.demo.people import Person, registered_at
from data.demo.products import DemoProduct

DAYS = 90
#: How busy each day of the week is, Monday first, and each hour of the day.
_WEEK = (1.15, 1.0, 1.0, 1.05, 1.2, 0.85, 0.75)
_HOURS = (1, 1, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 10, 9, 9, 9, 9, 10, 11, 12, 13, 10, 6, 3)
#: What became of an order by its age in days: up to this age, status → how often.
_FATES: tuple[tuple[int, Mapping[str, int]], ...] = (
    (0, {"pending": 40, "confirmed": 28, "processing": 22, "shipped": 4, "cancelled": 6}),
    (2, {"pending": 8, "confirmed": 14, "processing": 28, "shipped": 40, "delivered": 4, "cancelled": 6}),
    (6, {"pending": 2, "confirmed": 2, "processing": 8, "shipped": 34, "delivered": 46, "cancelled": 7, "refunded": 1}),
    (15, {"processing": 2, "shipped": 8, "delivered": 80, "cancelled": 7, "refunded": 3}),
    (DAYS + 1, {"delivered": 89, "cancelled": 7, "refunded": 4}),
)
#: How an order got where it is; ``processing`` is left out by the small ones.
_WAYS: Mapping[str, tuple[str, ...]] = {
    "pending": (),
    "confirmed": ("confirmed",),
    "processing": ("confirmed", "processing"),
    "shipped": ("confirmed", "processing", "shipped"),
    "delivered": ("confirmed", "processing", "shipped", "delivered"),
    "cancelled": ("cancelled",),
    "refunded": ("confirmed", "shipped", "delivered", "refunded"),
}
#: Hours from the step before, at least and at most.
_TAKES = {
    "confirmed": (0.1, 2),
    "processing": (1, 9),
    "shipped": (5, 40),
    "delivered": (20, 110),
    "refunded": (30, 200),
    "cancelled": (0.3, 20),
}
#: Who takes which step, by the first name of the demo's staff.
_WHO = {"confirmed": "sam", "cancelled": "sam", "refunded": "ann"}
_REASONS = {
    "cancelled": (
        "customer changed their mind",
        "ordered twice by mistake",
        "found it cheaper",
        "address cannot be served",
    ),
    "refunded": ("arrived damaged", "wrong size", "did not match the picture"),
}
_CHANNELS = (("web", 70), ("phone", 18), ("backoffice", 12))
_NOTES = ("call before delivery", "leave with the neighbour", "gift, no invoice in the parcel", "doorbell is broken")
#: How many days ago goods came in.
_DELIVERIES = (63, 35, 14, 4)


@dataclass(frozen=True)
class Step:
    """One change of status; ``by`` is the first name of who makes it."""

    at: datetime
    status: str
    reason: str
    by: str


@dataclass(frozen=True)
class PaymentStep:
    """One step of money: ``share`` of the order's total."""

    at: datetime
    kind: str
    share: Decimal


@dataclass(frozen=True)
class OrderPlan:
    """One order and what became of it. ``lines`` are (SKU, warehouse, quantity); ``card`` counts the person's cards."""

    number: int
    placed_at: datetime
    person: Person
    lines: tuple[tuple[str, str, int], ...]
    shipping_method: str
    payment_method: str
    card: int | None
    channel: str
    notes: str
    steps: tuple[Step, ...]
    payments: tuple[PaymentStep, ...]


@dataclass(frozen=True)
class Delivery:
    """Goods that came in on one day: (SKU, warehouse, quantity)."""

    at: datetime
    lines: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Story:
    """Everything that happened, each list in the order of time."""

    opening: Delivery
    deliveries: tuple[Delivery, ...]
    orders: tuple[OrderPlan, ...]


def make_story(
    count: int, seed: int, now: datetime, products: Sequence[DemoProduct], people: Sequence[Person]
) -> Story:
    """Plan ``count`` orders before ``now``. Without products or customers there are none."""
    shelf = _Shelf(products)
    opening = Delivery(_morning(now, DAYS + 3), shelf.opening())
    deliveries = [_morning(now, days) for days in _DELIVERIES]
    came: list[Delivery] = []
    orders: list[OrderPlan] = []
    crowd = _Crowd(people, now)
    times = sorted(_when(random.Random(f"{seed}:when:{number}"), now) for number in range(count))
    for number, placed_at in enumerate(times):
        while deliveries and deliveries[0] <= placed_at:
            at = deliveries.pop(0)
            came.append(Delivery(at, shelf.restock(random.Random(f"{seed}:delivery:{at.date()}"))))
        dice = random.Random(f"{seed}:order:{number}")
        person = crowd.pick(dice, placed_at)
        lines = shelf.take(dice, busy=person is not None and person.is_company)
        if person is not None and lines:
            orders.append(_order(number, placed_at, person, lines, dice, now))
    return Story(opening, tuple(came), tuple(orders))


class _Crowd:
    """The customers, some of whom come back more often than others."""

    def __init__(self, people: Sequence[Person], now: datetime) -> None:
        self._since = [(registered_at(person, now.date()), person) for person in people]
        self._weights = list(itertools.accumulate(random.Random(person.email).paretovariate(2.0) for person in people))

    def pick(self, dice: random.Random, at: datetime) -> Person | None:
        for _ in range(50 if self._since else 0):
            since, person = dice.choices(self._since, cum_weights=self._weights)[0]
            if since < at and person.is_active:
                return person
        return None


class _Shelf:
    """What is in the warehouses as the story goes on; nothing is promised that is not there."""

    def __init__(self, products: Sequence[DemoProduct]) -> None:
        self._sold = [product for product in products if product.stock]
        self._weights = list(itertools.accumulate(product.wanted for product in self._sold))
        self._left = {(p.product.sku, w): units for p in self._sold for w, units in p.stock.items()}

    def opening(self) -> tuple[tuple[str, str, int], ...]:
        return tuple((sku, warehouse, units) for (sku, warehouse), units in self._left.items())

    def take(self, dice: random.Random, *, busy: bool) -> tuple[tuple[str, str, int], ...]:
        wanted = min(12, 1 + int(dice.expovariate(0.35 if busy else 0.8)))
        lines: dict[str, tuple[str, str, int]] = {}
        for _ in range(wanted * 4 if self._sold else 0):
            product = dice.choices(self._sold, cum_weights=self._weights)[0]
            sku = product.product.sku
            quantity = dice.randint(2, 15) if busy else dice.choices((1, 2, 3, 4), (80, 13, 4, 3))[0]
            for warehouse in product.stock:
                have = self._left[sku, warehouse]
                if have and sku not in lines and len(lines) < wanted:
                    lines[sku] = (sku, warehouse, min(quantity, have))
                    self._left[sku, warehouse] = have - lines[sku][2]
        return tuple(lines.values())

    def restock(self, dice: random.Random) -> tuple[tuple[str, str, int], ...]:
        lines = []
        for product in self._sold:
            for warehouse, opening in product.stock.items():
                key = (product.product.sku, warehouse)
                if self._left[key] <= max(product.reorder, opening // 4) and dice.random() < 0.7:
                    units = max(2, int(opening * dice.uniform(0.5, 1.0)))
                    self._left[key] += units
                    lines.append((*key, units))
        return tuple(lines)


def _order(
    number: int,
    at: datetime,
    person: Person,
    lines: tuple[tuple[str, str, int], ...],
    dice: random.Random,
    now: datetime,
) -> OrderPlan:
    age = (now.date() - at.date()).days
    fates = next(fates for limit, fates in _FATES if age <= limit)
    fate = dice.choices(list(fates), list(fates.values()))[0]
    card = dice.randrange(len(person.cards)) if person.cards and dice.random() < 0.9 else None
    steps = tuple(_steps(fate, at, now, dice))
    return OrderPlan(
        number=number,
        placed_at=at,
        person=person,
        lines=lines,
        shipping_method="express" if dice.random() < 0.18 else "standard",
        payment_method=_pay_label(person, card),
        card=card,
        channel=dice.choices([name for name, _ in _CHANNELS], [weight for _, weight in _CHANNELS])[0],
        notes=dice.choice(_NOTES) if dice.random() < 0.07 else "",
        steps=steps,
        payments=tuple(_payments(fate, at, steps, card is not None, now, dice)),
    )


def _steps(fate: str, at: datetime, now: datetime, dice: random.Random) -> Iterator[Step]:
    for status in _WAYS[fate]:
        if status == "processing" and fate in {"shipped", "delivered"} and dice.random() < 0.4:
            continue
        # What takes longer than there was time for was done a little faster.
        at = min(at + timedelta(hours=dice.uniform(*_TAKES[status])), at + (now - at) * 0.6)
        reason = dice.choice(_REASONS[status]) if status in _REASONS else ""
        yield Step(at, status, reason, _WHO.get(status, "wes"))


def _payments(
    fate: str, placed_at: datetime, steps: Sequence[Step], by_card: bool, now: datetime, dice: random.Random
) -> Iterator[PaymentStep]:
    """Cards are charged when the order is confirmed; an invoice is paid, or not, within the month."""
    times = {step.status: step.at for step in steps}
    whole = Decimal(1)
    if by_card and dice.random() < 0.9:
        yield PaymentStep(placed_at + (now - placed_at) / 10_000, "authorise", whole)
        if fate == "cancelled":
            yield PaymentStep(times["cancelled"], "void", whole)
        if "confirmed" in times:
            part = Decimal("0.5") if dice.random() < 0.04 else whole
            yield PaymentStep(times["confirmed"], "capture", part)
            if fate == "refunded":
                yield PaymentStep(times["refunded"], "refund", part)
    elif "shipped" in times and dice.random() < 0.8:
        paid = times["shipped"] + timedelta(days=dice.uniform(2, 21))
        if fate == "refunded":
            paid = min(paid, times["refunded"])
        if paid < now:
            yield PaymentStep(paid, "capture", Decimal("0.5") if dice.random() < 0.08 else whole)


def _pay_label(person: Person, card: int | None) -> str:
    if card is None:
        return "invoice"
    paid_by = person.cards[card]
    return f"{paid_by.brand} ··{paid_by.last_four}" if paid_by.brand else "paypal"


def _when(dice: random.Random, now: datetime) -> datetime:
    """Return an instant of the last ninety days: the shop grows, Mondays and Fridays are busy, nights are not."""
    days = range(DAYS)
    weights = [_WEEK[_day(now, ago).weekday()] * (1.6 - ago / DAYS) for ago in days]
    ago = dice.choices(days, weights)[0]
    hour = dice.choices(range(24), _HOURS)[0]
    midnight = datetime.combine(_day(now, ago), time(), now.tzinfo)
    since = timedelta(hours=hour, minutes=dice.randrange(60), seconds=dice.randrange(60))
    # Today is not over: its orders are those of a whole day, in the time there was.
    return midnight + (since if ago else since * ((now - midnight) / timedelta(days=1)))


def _day(now: datetime, ago: int) -> date:
    return now.date() - timedelta(days=ago)


def _morning(now: datetime, ago: int) -> datetime:
    return datetime.combine(_day(now, ago), time(6, 30), now.tzinfo)
