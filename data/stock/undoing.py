"""Taking back a correction of stock: a movement of its own by the same units the other way, never a row removed.

What others moved since stays: the counter-entry is a difference, not the old count.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from data.door import UnitOfWork
from data.stock.ledger import Move, lock_levels, move
from data.undo.finding import Change

__all__ = ["take_back_adjustment"]


def take_back_adjustment(changes: Sequence[Change], uow: UnitOfWork) -> str:
    """Move the corrected units back. Raises ``Conflict`` with the level where they are not available any more."""
    (change,) = changes
    product_id, _, warehouse_id = change.target_id.rpartition("/")
    units = int(change.before["available_stock"]) - int(change.after["available_stock"])
    before = lock_levels(uow.connection, [(product_id, warehouse_id)])[product_id, warehouse_id]
    back = Move(product_id, warehouse_id, "adjust", units, "taken back", origin=uow.actor.user_id, cause=uow.key)
    (moved,) = move(uow, [back])
    uow.record("stock", change.target_id, before, msgspec.to_builtins(moved.level))
    return f"{before.sku} in {warehouse_id}: {units:+,} units, {moved.level.available_stock:,} available now"
