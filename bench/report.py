"""What every benchmark prints: a table for people, then, last, one line of JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

__all__ = ["print_report"]


def print_report(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[object]], figures: Mapping[str, object]
) -> None:
    """Print ``rows`` under ``heads``, numbers to the right, then ``figures`` as one line of JSON."""
    table = [list(heads), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    right = [all(_is_number(row[column]) for row in rows) for column in range(len(heads))]
    print(f"\n{title}\n")
    for row in table:
        cells = (
            cell.rjust(width) if numeric else cell.ljust(width)
            for cell, width, numeric in zip(row, widths, right, strict=True)
        )
        print("  " + "  ".join(cells).rstrip())
    print()
    print(json.dumps(figures), flush=True)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _cell(value: object) -> str:
    match value:
        case float():
            return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
        case int():
            return f"{value:,}"
        case _:
            return str(value)
