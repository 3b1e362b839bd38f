"""What can be said of stock without a store: the kinds of movement and what each does to a level. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["KINDS", "Kind", "deltas"]


@dataclass(frozen=True)
class Kind:
    """One kind of movement: the seed's coarse type, and the sign of its quantity on each part of the level."""

    movement_type: str
    available: int
    reserved: int
    damaged: int


#: ``adjust`` is the one whose quantity may be negative. ``reserve`` is 'outbound' because the seed's own placement
#: writes it so; what leaves the house is ``ship``, the only outbound kind that lowers the total.
KINDS: Mapping[str, Kind] = {
    "reserve": Kind("outbound", -1, +1, 0),
    "release": Kind("adjustment", +1, -1, 0),
    "ship": Kind("outbound", 0, -1, 0),
    "receive": Kind("inbound", +1, 0, 0),
    "return": Kind("return", +1, 0, 0),
    "return_damaged": Kind("return", 0, 0, +1),
    "adjust": Kind("adjustment", +1, 0, 0),
    "damage": Kind("damage", -1, 0, +1),
    "repair": Kind("adjustment", +1, 0, -1),
    "write_off": Kind("damage", 0, 0, -1),
    "transfer_out": Kind("transfer", -1, 0, 0),
    "transfer_in": Kind("transfer", +1, 0, 0),
}


def deltas(kind: str, quantity: int) -> tuple[int, int, int]:
    """Return what ``quantity`` units of ``kind`` add to available, reserved and damaged stock.

    Raises ``ValueError`` for a quantity of 0, and for a negative one of any kind but ``adjust``.
    """
    if quantity == 0 or (quantity < 0 and kind != "adjust"):
        raise ValueError(f"{quantity} units cannot be a movement of kind {kind}")
    signs = KINDS[kind]
    return signs.available * quantity, signs.reserved * quantity, signs.damaged * quantity
