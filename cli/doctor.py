"""``storekeeper doctor``: how the five stores, the relay and the schema are.

It looks at things as they are: an engine that died is reported, not restarted, and no store is waited for. Only where
no local host runs at all are the engines started, as any other verb would. The schema is brought up to date where every
store answers; that too any other verb would do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from cli.answer import Answer, plain
from cli.columns import columns, pairs
from cli.narration import Narrator, say
from cli.options import JsonCommand
from data.errors import StorekeeperError
from data.settings import Settings, load_settings
from data.types import Health

if TYPE_CHECKING:
    from data.events.reads import Consistency, RelayStatus
    from data.stores import Stores

MISMATCH, UNAVAILABLE = 1, 8
#: How long a relay that was just started may take to lead, in seconds.
RELAY_SECONDS = 5.0


_STATES = {True: "ok", False: "NOT OK", None: "unknown"}


@dataclass(frozen=True)
class Part:
    """One thing beside the stores: ``ok`` (``None``: nobody can say), a sentence, and the figures behind it."""

    ok: bool | None
    detail: str
    figures: dict[str, Any]


@click.command("doctor", cls=JsonCommand)
def command() -> Answer:
    """Check the five stores, the schema, the relay, dead letters and the last sample of versions.

    Exits 0 where all is well, 8 where a store or the relay is down, 1 where the schema is not current. Stock levels are
    not recomputed here: that is storekeeper reconcile.
    """
    settings = load_settings()
    stores = _started(settings)
    try:
        health = _health(stores)
        parts = _parts(settings, stores, health)
    finally:
        stores.close()
    down = [each.store for each in health if not each.ok] + (["relay"] if parts["relay"].ok is False else [])
    for name in down:
        say(f"{name} is down.")
    code = UNAVAILABLE if down else MISMATCH if parts["migrations"].ok is False else 0
    document = {
        "ok": code == 0,
        "down": down,
        "stores": [{**plain(each), "latency_ms": round(each.latency_ms, 1)} for each in health],
        **{name: {"ok": part.ok, "detail": part.detail, **part.figures} for name, part in parts.items()},
        # Said, so that nobody takes a clean bill of health for a stock count.
        "reconcile": {"ok": None, "detail": "not run; storekeeper reconcile recomputes every level"},
    }
    return Answer(document, lambda: _lines(health, parts), exit_code=code)


def _started(settings: Settings) -> Stores:
    """Return the stores, after starting this machine's engines where no host runs."""
    from data.local import ensure_up
    from data.stores import Stores

    with Narrator() as narrate:
        try:
            ensure_up(settings, report=narrate, revive=False, relay=False)
        except StorekeeperError as error:
            say(str(error))  # Every local store will say of itself that it is down.
    return Stores(settings)


def _health(stores: Stores) -> tuple[Health, ...]:
    from data.stores import NAMES

    with ThreadPoolExecutor(len(NAMES), thread_name_prefix="doctor") as threads:
        return tuple(threads.map(stores.health, NAMES))


def _parts(settings: Settings, stores: Stores, health: Sequence[Health]) -> dict[str, Part]:
    """Return schema, relay and dead letters, as far as PostgreSQL can be asked for them."""
    if not next(each.ok for each in health if each.store == "postgresql"):
        unknown = Part(None, "not known while PostgreSQL is down", {})
        return dict.fromkeys(("migrations", "relay", "dead_letters", "consistency"), unknown)
    if all(each.ok for each in health):
        _bring_up_to_date(settings, stores)
    migrations = _migrations(stores)
    if not migrations.ok:
        unknown = Part(None, "not known while the schema is not current", {})
        return {"migrations": migrations, **dict.fromkeys(("relay", "dead_letters", "consistency"), unknown)}
    return {"migrations": migrations, **_relay(settings, stores)}


def _bring_up_to_date(settings: Settings, stores: Stores) -> None:
    from data.local import start_relay
    from data.shop import bring_up_to_date

    try:
        with Narrator() as narrate:
            bring_up_to_date(stores, report=narrate)
        start_relay(settings)
    except StorekeeperError as error:
        say(str(error))


def _migrations(stores: Stores) -> Part:
    from data import migrations

    try:
        current = migrations.is_current(stores.postgres.engine)
    except StorekeeperError as error:
        return Part(None, str(error), {"head": migrations.HEAD})
    return Part(current, "current" if current else "not current", {"head": migrations.HEAD})


def _relay(settings: Settings, stores: Stores) -> dict[str, Part]:
    from data.events.reads import relay_status

    try:
        found = _settled(settings, lambda: relay_status(stores.postgres))
    except StorekeeperError as error:
        return dict.fromkeys(("relay", "dead_letters", "consistency"), Part(None, str(error), {}))
    detail = f"led by {found.leader}" if found.running else "none runs"
    figures = {"running": found.running, "lag_seconds": found.lag_seconds, "last_error": found.last_error}
    letters = f"{found.dead_letters:,} wait for a person" if found.dead_letters else "none"
    return {
        # Where the settings say that no relay belongs to this machine, another one's absence is not this one's fault.
        "relay": Part(found.running or not settings.relay, detail, figures),
        "dead_letters": Part(not found.dead_letters, letters, {"total": found.dead_letters}),
        "consistency": _consistency(found.consistency),
    }


def _consistency(found: Consistency | None) -> Part:
    """Return how many of the products the relay sampled last have other versions in search or cache."""
    if found is None:
        return Part(None, "not sampled yet", {})
    detail = f"{found.wrong:,} of {found.sampled:,} sampled products behind in search or cache"
    return Part(not found.wrong, detail, {"sampled": found.sampled, "wrong": found.wrong})


def _settled(settings: Settings, ask: Callable[[], RelayStatus]) -> RelayStatus:
    """Return the relay's status once it leads; one that the host has just started is given a moment."""
    until = time.monotonic() + RELAY_SECONDS
    found = ask()
    while settings.relay and not found.running and time.monotonic() < until:
        time.sleep(0.1)
        found = ask()
    return found


def _lines(health: Sequence[Health], parts: dict[str, Part]) -> Iterable[str]:
    yield from columns(
        ("store", "state", "engine", "version", "ms", "detail"),
        [
            (each.store, "ok" if each.ok else "DOWN", each.engine, each.version, each.latency_ms, each.detail)
            for each in health
        ],
    )
    yield ""
    yield from pairs({name.replace("_", " "): f"{_STATES[part.ok]}, {part.detail}" for name, part in parts.items()})
    yield "Stock levels were not recomputed (storekeeper reconcile does that)."
