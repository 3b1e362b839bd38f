"""Errors in the terminal: the one place that decides what a person sees of each kind.

``Invalid`` goes under its fields when the screen has them, ``Conflict`` and the other domain errors to row 23 with what
to do next, ``Unavailable`` to the banner (the health monitor keeps it until the store is back), and everything nobody
foresaw to a dialog with a reference and the log's path.
"""

from __future__ import annotations

from dataclasses import dataclass

from data.errors import Conflict, Denied, Invalid, NotFound, OutOfStock, StorekeeperError, Unavailable

#: store → (its name in a sentence, what still works without it)
STORES: dict[str, tuple[str, str]] = {
    "postgresql": ("PostgreSQL", "orders, customers, stock wait; catalog and search work"),
    "mongodb": ("MongoDB", "products wait; orders, customers and stock still work"),
    "search": ("Search", "products are found by SKU only; everything else works"),
    "redis": ("Redis", "slower, and carts wait; nothing is lost"),
    "clickhouse": ("ClickHouse", "no sales figures; everything else works"),
}


@dataclass(frozen=True)
class Shown:
    """What a person sees: ``where`` is ``fields``, ``status``, ``banner`` or ``dialog``."""

    where: str
    text: str
    tone: str = "bad"


def shown_as(error: BaseException, doing: str = "") -> Shown:
    """Return where and how ``error`` is shown; ``doing`` names what failed ("placing the order")."""
    prefix = f"{doing}: " if doing else ""
    match error:
        case Unavailable():
            name, rest = STORES.get(error.store, (error.store, "it is tried again by itself"))
            return Shown("banner", f"{name} is down: {rest}")
        case Invalid():
            return Shown("fields", f"{prefix}{error}", "warn")
        case Conflict():
            return Shown("status", f"{prefix}{error} r loads what is there now", "warn")
        case Denied() | NotFound() | OutOfStock():
            return Shown("status", f"{prefix}{error}", "warn")
        case StorekeeperError():
            return Shown("status", f"{prefix}{error}")
        case _:
            return Shown("dialog", f"{prefix}{type(error).__name__}: {error}")


def banner_for(down: tuple[str, ...]) -> str:
    """Return row 23's banner for the stores that are down, ``""`` when all are up."""
    if not down:
        return ""
    if len(down) == 1:
        name, rest = STORES[down[0]]
        return f"{name} is down: {rest}"
    names = [STORES[store][0] for store in down]
    return f"{', '.join(names[:-1])} and {names[-1]} are down; coming back by themselves when they can"
