"""What a view is, what a saved one may be, and the views that lists have before anybody saves one. Pure.

Those built in are no rows: a shop's views are what its people saved, and a row for each built-in one would have to be
made, and translated by migrations, in every database. A saved view of the same key or name stands in their place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

__all__ = [
    "LIST",
    "LONGEST_NAME",
    "LONGEST_QUERY",
    "NOUNS",
    "View",
    "Views",
    "built_in",
    "check_view",
    "with_built_in",
]

#: The lists that views are kept of.
NOUNS = ("products", "orders", "customers", "stock")
#: The name of the view that says how somebody's list looks when one comes to it: its columns, no query.
LIST = ""
LONGEST_NAME = 60
LONGEST_QUERY = 2_000
_MOST_COLUMNS = 40
_LONGEST_COLUMN = 100


def check_view(
    noun: str, name: str, query: str, columns: Sequence[str], key: int | None, *, shared: bool
) -> Mapping[str, str]:
    """Return what is wrong, by field; empty where nothing is."""
    wrong: dict[str, str] = {}
    if noun not in NOUNS:
        wrong["noun"] = f"is one of {', '.join(NOUNS)}"
    if len(name) > LONGEST_NAME or name != " ".join(name.split()):
        wrong["name"] = f"is one line of at most {LONGEST_NAME} characters"
    if name == LIST and (shared or key is not None or query):
        wrong["name"] = "is missing"
    if len(query) > LONGEST_QUERY:
        wrong["query"] = f"is longer than {LONGEST_QUERY:,} characters"
    if key is not None and not 1 <= key <= 9:
        wrong["key"] = "is a digit from 1 to 9"
    if len(columns) > _MOST_COLUMNS or any(not 0 < len(column) <= _LONGEST_COLUMN for column in columns):
        wrong["columns"] = f"are at most {_MOST_COLUMNS} names"
    elif len(set(columns)) != len(columns):
        wrong["columns"] = "has one of them twice"
    return wrong


@dataclass(frozen=True)
class View:
    """One view. ``columns`` is empty for the list's own; one that is ``built_in`` is nobody's and stays."""

    view_id: UUID
    noun: str
    name: str
    query: str
    columns: tuple[str, ...] = ()
    sort: str = ""
    key: int | None = None
    shared: bool = False
    built_in: bool = False

    @property
    def whose(self) -> str:
        """Whose it is, in a word."""
        return "built in" if self.built_in else "everybody" if self.shared else "mine"


@dataclass(frozen=True)
class Views:
    """The views somebody has for a list, those on keys first; ``columns`` are the person's own for the list."""

    views: tuple[View, ...] = ()
    columns: tuple[str, ...] = ()

    def on_key(self, key: int) -> View | None:
        """Return the view that the digit opens: one's own before a shared one."""
        return min((view for view in self.views if view.key == key), key=lambda view: view.shared, default=None)

    def named(self, name: str) -> View | None:
        """Return the view of that name in any letter case: one's own before a shared one."""
        wanted = name.strip().casefold()
        fitting = (view for view in self.views if view.name.casefold() == wanted)
        return min(fitting, key=lambda view: view.shared, default=None)

    def on_keys(self) -> tuple[View, ...]:
        """Return what the digits open, in their order."""
        return tuple(view for digit in range(1, 10) if (view := self.on_key(digit)) is not None)


#: The views every shop starts with, on the keys from 1 on: name and query.
_BUILT_IN: Mapping[str, tuple[tuple[str, str], ...]] = {
    "orders": (
        ("Open", "status:pending,confirmed,processing"),
        ("To ship", "status:confirmed,processing -held"),
        ("Unpaid", "unpaid status:pending,confirmed,processing"),
        ("Late", "status:pending,confirmed,processing created:>3d"),
        ("Shipped", "status:shipped"),
        ("All", ""),
    )
}
_SPACE = UUID("0192f6a0-0000-7000-8000-000000000000")


def built_in(noun: str) -> tuple[View, ...]:
    """Return the views that the list ``noun`` has without anybody saving one, by key."""
    return tuple(
        View(uuid5(_SPACE, f"{noun} {name}"), noun, name, query, key=key, shared=True, built_in=True)
        for key, (name, query) in enumerate(_BUILT_IN.get(noun, ()), start=1)
    )


def with_built_in(noun: str, saved: Sequence[View]) -> tuple[View, ...]:
    """Return ``saved`` and those built in whose key and name nobody took, those on keys first."""
    keys = {view.key for view in saved}
    names = {view.name.casefold() for view in saved}
    left = [view for view in built_in(noun) if view.key not in keys and view.name.casefold() not in names]
    return tuple(sorted((*saved, *left), key=lambda view: (view.key or 10, view.name.casefold(), view.shared)))
