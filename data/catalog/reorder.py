"""Reorder levels of many products in one go, for bulk jobs: PostgreSQL's, by the command that sets one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from data.bulk.kinds import CHANGED, REFUSED, UNCHANGED, Outcome, Target
from data.errors import Denied, Invalid, NotFound
from data.stock.commands import set_reorder_level
from data.stock.messages import SetReorderLevel
from data.stock.reads import Level, levels_of

if TYPE_CHECKING:
    from data.door import UnitOfWork
    from data.stores.postgres import Postgres


def preview_reorder(postgres: Postgres, levels: Sequence[tuple[str, int]], targets: Sequence[Target]) -> list[Outcome]:
    """Return what ``set_reorder_levels`` would do."""
    stored = levels_of(postgres, [target.target_id for target in targets])
    return [
        _outcome(_level(stored.get(target.target_id, ()), warehouse), warehouse, value)
        for target, (warehouse, value) in zip(targets, levels, strict=True)
    ]


def set_reorder_levels(levels: Sequence[tuple[str, int]], targets: Sequence[Target], uow: UnitOfWork) -> list[Outcome]:
    """Set the reorder level of each target in its warehouse; one that is not stocked there is refused.

    Levels are locked in the order of their keys, as everywhere. Raises ``Denied`` where the actor may not.
    """
    if not uow.actor.may(SetReorderLevel.permission):
        raise Denied(uow.actor.email, SetReorderLevel.permission)
    stored = levels_of(uow.stores.postgres, [target.target_id for target in targets])
    outcomes: dict[int, Outcome] = {}
    for place in sorted(range(len(targets)), key=lambda at: (targets[at].target_id, levels[at][0])):
        warehouse, value = levels[place]
        level = _level(stored.get(targets[place].target_id, ()), warehouse)
        outcomes[place] = _outcome(level, warehouse, value)
        if level is not None and outcomes[place].outcome == CHANGED:
            command = SetReorderLevel(
                product_id=level.product_id,
                warehouse_id=warehouse,
                reorder_level=value,
                max_stock_level=level.max_stock_level,
            )
            try:
                with uow.connection.begin_nested():
                    set_reorder_level(command, uow)
            except (Invalid, NotFound) as error:
                outcomes[place] = Outcome(REFUSED, str(error))
    return [outcomes[place] for place in range(len(targets))]


def _level(levels: Sequence[Level], warehouse: str) -> Level | None:
    return next((level for level in levels if level.warehouse_id == warehouse), None)


def _outcome(level: Level | None, warehouse: str, value: int) -> Outcome:
    if level is None:
        return Outcome(REFUSED, f"is not stocked in {warehouse}")
    if level.reorder_level == value:
        return Outcome(UNCHANGED)
    return Outcome(CHANGED, f"reorder level {level.reorder_level} → {value}")
