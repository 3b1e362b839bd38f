"""Columns that a person chose: where the terminal has no room for all of them, the later ones go first. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from widgets.cells import GAP, MARGIN, Column

__all__ = ["within_room"]


def within_room(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Return ``columns``, each shown from the width on in which it and those before it fit."""
    shown: list[Column] = []
    taken = MARGIN
    for column in columns:
        taken += column.width + (GAP if shown else 0)
        shown.append(replace(column, min_total=taken))
    return tuple(shown)
