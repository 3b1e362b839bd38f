"""How changes of products are told: ``price 79.95 → 71.96``. Pure."""

from __future__ import annotations

from data.catalog.changes import Change
from data.catalog.types import PATH_SEPARATOR

__all__ = ["called", "spoken", "told"]

_SHOWN = {"pricing.base_price": "price", "pricing.discount_percentage": "discount", "pricing.final_price": ""}


def called(path: str) -> str:
    """Return what people call the field at ``path``; ``""`` for one that follows from another."""
    return _SHOWN.get(path, path.removeprefix("attributes."))


def told(change: Change) -> str:
    """Return what changes as people read it: ``price 79.95 → 71.96``."""
    parts = []
    for path in change.paths:
        name = called(path)
        before = spoken(change.before.get(path)) if path in change.before else "–"
        after = spoken(change.sets[path]) if path in change.sets else "–"
        if name:
            parts.append(f"{name} {before} → {after}")
    return ", ".join(parts)


def spoken(value: object) -> str:
    """Return ``value`` as people read it: lists with commas, a category as its path."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return (
                PATH_SEPARATOR.join(map(spoken, value)) if isinstance(value, tuple) else ", ".join(map(spoken, value))
            )
    return str(value)
