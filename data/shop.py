"""The shop: settings, stores, door and actor, which the terminal and the headless twin both open.

Opening starts this machine's engines where no URL is set, brings every schema up to date, and finds the acting staff
user. Where everything runs and is current that costs a few queries.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.errors import Unavailable
from data.local import ensure_up, start_relay
from data.local.status import StackStatus
from data.settings import Settings
from data.stores import Stores
from data.types import Progress, ReportProgress

if TYPE_CHECKING:
    from data.access.rules import Actor
    from data.door import Door

__all__ = ["Shop", "bring_up_to_date", "open_shop"]


@dataclass(frozen=True)
class Shop:
    """An open shop; usable from any thread. ``actor`` is who acts in everything that goes through the door."""

    settings: Settings
    stores: Stores
    door: Door
    actor: Actor

    def close(self) -> None:
        """Close the stores' connections. The engines stay up, for the other terminals."""
        self.stores.close()


def open_shop(settings: Settings, *, report: ReportProgress | None = None) -> Shop:
    """Open the shop that ``settings`` describe; blocks, seconds the first time. ``report`` hears how far it is.

    Raises ``Unavailable("postgresql", …)`` where PostgreSQL is away, because without it nobody is known to act;
    another store that is away does not keep the shop closed. Raises ``NotFound`` where ``settings.actor`` is nobody.
    """
    _require_postgres(ensure_up(settings, report=report, relay=False))
    # Only now: SQLAlchemy takes a while to import, and the engines start meanwhile where they have to.
    from data.access.commands import ensure_local_actor
    from data.door import Door
    from data.events.leader import outdated_leader

    stores = Stores(settings)
    try:
        bring_up_to_date(stores, report=report)
        actor = ensure_local_actor(stores.postgres, settings)
        outdated = outdated_leader(stores.postgres) if settings.relay else None
    except BaseException:
        stores.close()
        raise
    # Only now: before, there was nothing for it to read.
    start_relay(settings, instead_of=outdated)
    return Shop(settings, stores, Door(stores), actor)


def bring_up_to_date(stores: Stores, *, report: ReportProgress | None = None) -> None:
    """Bring the schema of every store that answers to the state this program expects.

    Raises ``Unavailable`` where PostgreSQL is away. A catalog or an analytics store that is away is left for the next
    start: its screens say that it is away, the others work.
    """
    steps: tuple[Callable[[Stores], None], ...] = (_catalog, _analytics)
    with ThreadPoolExecutor(max_workers=len(steps), thread_name_prefix="schema") as threads:
        waiting = [threads.submit(step, stores) for step in steps]
        _books(stores, report)
        for step in waiting:
            with contextlib.suppress(Unavailable):
                step.result()


def _books(stores: Stores, report: ReportProgress | None) -> None:
    from data import migrations

    if not migrations.is_current(stores.postgres.engine):
        if report is not None:
            report(Progress(0, 0, "bringing the database up to date"))
        migrations.upgrade(stores.postgres.engine)


def _catalog(stores: Stores) -> None:
    from data.catalog.schema import ensure_schema
    from data.stores.mongo import translate_errors

    with translate_errors():
        ensure_schema(stores.mongo.db)


def _analytics(stores: Stores) -> None:
    from data.analytics.schema import ensure_schema

    ensure_schema(stores.analytics)


def _require_postgres(status: StackStatus) -> None:
    """Raise ``Unavailable`` with the engine's own reason, which says more than a refused connection."""
    engine = status.engine("postgresql")
    if engine is not None and engine.state != "up":
        raise Unavailable("postgresql", engine.detail or f"it is {engine.state}")
