"""Which warehouses serve an edited line: units move by difference, what may stay stays. Pure.

Fewer units go back from where least of the line is held, so that a parcel may fall away. Further units come from a
warehouse that serves the order already, if one has them all; else as ``data.stock.allocation`` plans it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from data.orders.editing.facts import OrderFacts, Share
from data.orders.editing.wanted import WantedLine
from data.orders.life import Units, fulfilment_of
from data.stock.allocation import plan

__all__ = ["Key", "NewShare", "Served", "serve"]

#: (product_id, warehouse_id)
Key = tuple[str, str]
_FLOOR = ("allocated", "picked", "packed")


@dataclass(frozen=True)
class NewShare:
    """What a warehouse shall serve of a line; ``before`` is ``None`` for a row to be made, ``quantity`` 0 ends one."""

    before: Share | None
    warehouse_id: str | None
    quantity: int

    @property
    def units(self) -> Units:
        """Its units after the edit."""
        old = self.before
        return replace(old.units, ordered=self.quantity) if old is not None else Units(self.quantity)

    @property
    def state(self) -> str:
        """Its fulfilment after the edit: further units are still to be picked."""
        old = self.before
        if old is None or self.quantity > old.quantity:
            return "allocated"
        return fulfilment_of(self.units, old.state)


@dataclass
class Served:
    """One line served: its shares, units taken and freed by warehouse, and those that are nowhere."""

    line: WantedLine
    shares: list[NewShare] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    freed: dict[str, int] = field(default_factory=dict)
    short: int = 0


def serve(
    order: OrderFacts, lines: Sequence[WantedLine], free: Mapping[Key, int]
) -> tuple[list[Served], dict[Key, int]]:
    """Return each line served from ``free``, and what is free then. Freed units first: another line may take them."""
    left = dict(free)
    served = [_fewer(line, left) for line in lines]
    near = {share.warehouse_id for line in order.lines for share in line.shares if share.units.allocated}
    for one in served:
        more = one.line.quantity - sum(share.quantity for share in one.shares)
        if more > 0:
            _more(one, more, left, near)
    return served, left


def _fewer(line: WantedLine, left: dict[Key, int]) -> Served:
    """Keep the line's shares, less the units it shall not have any more."""
    served = Served(line)
    shares = line.before.shares if line.before is not None else ()
    surplus = max(0, sum(share.quantity for share in shares) - line.quantity)
    kept = {share.order_item_id: share.quantity for share in shares}
    for share in sorted(shares, key=_given_first):
        part = min(surplus, share.quantity - share.fixed)
        if part:
            surplus -= part
            kept[share.order_item_id] -= part
            _count(served.freed, share.warehouse_id, part)
            key = line.product_id, share.warehouse_id or ""
            left[key] = left.get(key, 0) + part
    served.shares = [NewShare(share, share.warehouse_id, kept[share.order_item_id]) for share in shares]
    return served


def _given_first(share: Share) -> tuple[int, int, str]:
    on_the_floor = _FLOOR.index(share.state) if share.state in _FLOOR else 0
    return on_the_floor, share.units.allocated, str(share.order_item_id)


def _more(served: Served, more: int, left: dict[Key, int], near: Iterable[str | None]) -> None:
    """Take ``more`` units, as many as there are."""
    product = served.line.product_id
    there = {key: units for key, units in left.items() if key[0] == product and units > 0}
    served.short = max(0, more - sum(there.values()))
    wanted = more - served.short
    at_hand = [key for key in there if key[1] in near and there[key] >= wanted]
    if at_hand:
        taken = {min(at_hand, key=lambda key: (-there[key], key)): wanted}
    else:
        taken = plan({product: wanted}, there, "fewest") if wanted else {}
    for (_, place), units in taken.items():
        left[product, place] -= units
        _count(served.taken, place, units)
        _put(served.shares, place, units)


def _put(shares: list[NewShare], place: str, units: int) -> None:
    """Add ``units`` to the row of ``place``, or make one."""
    for number, share in enumerate(shares):
        if share.warehouse_id == place:
            shares[number] = replace(share, quantity=share.quantity + units)
            return
    shares.append(NewShare(None, place, units))


def _count(counts: dict[str, int], place: str | None, units: int) -> None:
    if place is not None:
        counts[place] = counts.get(place, 0) + units
