"""Which warehouses serve what: strategies that choose from the units that are free. Pure.

``fewest`` parcels: the smallest set of warehouses that holds everything, and among sets of one size the nearest.
``nearest`` first: each product from the nearest warehouse that has some, then the next. ``most`` stock first: each
product from the fullest warehouse, so that the small ones are not emptied.

The smallest set is searched among all sets of up to ``EXACT`` warehouses (a thousand sets at most), beyond that it is
grown one warehouse at a time by what each adds. An integer program was rejected: no order meets a shop with hundreds of
warehouses.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from data.errors import Invalid

__all__ = ["EXACT", "STRATEGIES", "distances", "plan", "short_of"]

STRATEGIES = ("fewest", "nearest", "most")
EXACT = 10

#: (product_id, warehouse_id)
Key = tuple[str, str]


def plan(
    wanted: Mapping[str, int], free: Mapping[Key, int], strategy: str, distance: Mapping[str, int] | None = None
) -> dict[Key, int]:
    """Return how many units of each product each warehouse serves; every product is served in whole.

    ``wanted`` gives units by product, ``free`` the units there are to choose from, ``distance`` how far a warehouse is
    (missing: as far as any). Raises ``Invalid`` for an unknown strategy and ``ValueError`` where too little is free;
    ask ``short_of`` before.
    """
    if strategy not in STRATEGIES:
        raise Invalid({"strategy": f"{strategy!r} is not one of {', '.join(STRATEGIES)}"})
    if short_of(wanted, free):
        raise ValueError("too little is free")
    far = max((distance or {}).values(), default=0)
    away = {place: (distance or {}).get(place, far) for _, place in free}
    places = sorted(away, key=lambda place: (away[place], place))
    if strategy == "fewest":
        places = _smallest(wanted, free, places)
    return {
        (product, place): units
        for product, count in wanted.items()
        for place, units in _serve(product, count, free, places, by_stock=strategy != "nearest").items()
    }


def short_of(wanted: Mapping[str, int], free: Mapping[Key, int]) -> dict[str, int]:
    """Return the units there are of each product of which too few are free."""
    there = {product: sum(units for (one, _), units in free.items() if one == product) for product in wanted}
    return {product: there[product] for product, count in wanted.items() if there[product] < count}


def _serve(
    product: str, count: int, free: Mapping[Key, int], places: Sequence[str], *, by_stock: bool
) -> dict[str, int]:
    """Take ``count`` units from ``places``: one that has all of them where there is one, else one after the other."""
    have = {place: free.get((product, place), 0) for place in places}
    ordered = sorted(places, key=lambda place: -have[place]) if by_stock else list(places)
    whole = [place for place in ordered if have[place] >= count]
    if by_stock and whole:
        return {whole[0]: count}
    taken: dict[str, int] = {}
    for place in ordered:
        part = min(count, have[place])
        if part > 0:
            taken[place] = part
            count -= part
    return taken


def _smallest(wanted: Mapping[str, int], free: Mapping[Key, int], places: Sequence[str]) -> list[str]:
    if len(places) <= EXACT:
        for size in range(1, len(places) + 1):
            for some in itertools.combinations(places, size):  # nearest first, as ``places`` stand
                if not _lacking(wanted, free, some):
                    return list(some)
    chosen: list[str] = []
    while _lacking(wanted, free, chosen):
        rest = [place for place in places if place not in chosen]
        chosen.append(min(rest, key=lambda place: _lacking(wanted, free, [*chosen, place])))
    return chosen


def _lacking(wanted: Mapping[str, int], free: Mapping[Key, int], places: Iterable[str]) -> int:
    some = tuple(places)
    return sum(
        max(0, count - sum(free.get((product, place), 0) for place in some)) for product, count in wanted.items()
    )


def distances(address: Mapping[str, Any], warehouses: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return how far each warehouse is from ``address``, by what their addresses share; 0 is nearest.

    In one country and state, postal codes that begin alike are near; then one state, then one country. No map is
    needed, and two addresses in one town are never further apart than two in one country.
    """
    return {place: _distance(address, other) for place, other in warehouses.items()}


def _distance(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    def value(address: Mapping[str, Any], name: str) -> str:
        return str(address.get(name) or "").strip().upper()

    if not value(one, "country") or value(one, "country") != value(other, "country"):
        return 20
    if value(one, "state") != value(other, "state"):
        return 10
    same = 0
    for left, right in zip(value(one, "postal_code"), value(other, "postal_code"), strict=False):
        if left != right:
            break
        same += 1
    return max(0, 8 - same) + (value(one, "city") != value(other, "city"))
