"""What a saved view may be. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["LIST", "LONGEST_NAME", "LONGEST_QUERY", "NOUNS", "check_view"]

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
