"""Every list's own columns have room at 80 columns: nothing of a row is cut because another column is greedy."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

import pytest

import screens
from widgets.cells import GAP, MARGIN, Column


def _lists() -> Iterator[tuple[str, tuple[Column, ...]]]:
    """Yield the columns each module of screens shows, named; ``_FURTHER`` are those to choose besides."""
    for module in walk_packages(screens.__path__, "screens."):
        for name, value in vars(import_module(module.name)).items():
            columns = isinstance(value, tuple) and bool(value) and all(isinstance(each, Column) for each in value)
            if columns and name != "_FURTHER":
                yield f"{module.name}.{name}", value


LISTS = dict(_lists())


def test_the_lists_are_found() -> None:
    assert len(LISTS) > 10


@pytest.mark.parametrize("name", LISTS)
def test_its_columns_fit_into_eighty_cells(name: str) -> None:
    shown = [column for column in LISTS[name] if column.min_total <= 80]
    assert MARGIN + sum(column.width for column in shown) + GAP * (len(shown) - 1) <= 80
