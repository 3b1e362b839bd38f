"""The cells of a sheet: ranges, fill down, paste, undo and redo, and what there is to save."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.cell_table import CellColumn, CellTable


def number(text: str) -> str:
    return str(int(text))


def made(rows: int = 4) -> CellTable:
    columns = (
        CellColumn("name", "Name", 4),
        CellColumn("a", "A", 4, normal=number),
        CellColumn("b", "B", 4, normal=number),
    )
    return CellTable(columns, [(f"k{at}", (f"n{at}", str(at), str(10 * at))) for at in range(rows)])


def select(table: CellTable, first: tuple[int, int], last: tuple[int, int]) -> None:
    table.anchor, table.cursor = first, last


def test_a_range_is_written_filled_and_given_up() -> None:
    table = made()
    select(table, (1, 1), (3, 2))
    assert table.write("7") == 6
    assert table.changes == {f"k{at}": {"a": "7", "b": "7"} for at in (1, 2, 3)}
    table.undo()
    assert table.fill_down() == 4
    assert table.changes == {"k2": {"a": "1", "b": "10"}, "k3": {"a": "1", "b": "10"}}
    select(table, (2, 1), (2, 2))
    table.give_up()
    assert table.changes == {"k3": {"a": "1", "b": "10"}}


def test_cells_are_pasted_from_a_spreadsheet_and_what_sticks_out_is_left() -> None:
    table = made()
    select(table, (2, 1), (2, 1))
    assert table.paste("5\t6\t7\r\n8\t9\r\n1\t1\n") == (4, 3)
    assert table.changes == {"k2": {"a": "5", "b": "6"}, "k3": {"a": "8", "b": "9"}}
    select(table, (0, 1), (1, 2))
    assert table.paste("3\n") == (4, 0)  # one value fills the range
    assert table.copy() == "3\t3\n3\t3"


def test_what_is_wrong_is_marked_and_what_cannot_be_changed_is_left() -> None:
    table = made()
    select(table, (0, 0), (0, 1))
    assert table.write("many") == 1
    ((place, why),) = table.problems
    assert place == (0, 1)
    assert "many" in why
    table.write("0")  # as it was: no change any more
    assert table.changes == {}


def test_changes_stand_over_what_is_stored_by_then() -> None:
    table = made()
    select(table, (0, 1), (1, 1))
    table.write("9")
    table.rebase([("k1", ("n1", "5", "10")), ("k0", ("n0", "9", "0"))])
    assert table.changes == {"k1": {"a": "9"}}
    assert table.stored("k1", "a") == "5"


@given(st.lists(st.tuples(st.sampled_from(["write", "fill", "paste", "give", "undo", "redo"]), st.integers(0, 3),
                          st.integers(0, 2), st.integers(0, 3), st.integers(0, 2)), max_size=25))  # fmt: skip
def test_every_step_can_be_taken_back(steps: list[tuple[str, int, int, int, int]]) -> None:
    table, seen = made(), []
    for what, row, column, other, beside in steps:
        select(table, (row, column), (other, beside))
        before = table.changes
        match what:
            case "write":
                table.write(str(row * 5))
            case "fill":
                table.fill_down()
            case "paste":
                table.paste("1\t2\n3")
            case "give":
                table.give_up()
            case "undo":
                assert table.undo() is bool(seen)
                if seen:
                    assert table.changes == seen.pop()
                continue
            case "redo":
                if table.redo():
                    seen.append(before)
                continue
        if table.changes != before:
            seen.append(before)
    while seen:
        assert table.undo()
        assert table.changes == seen.pop()
    assert not table.undo()
    assert table.changes == {}


@pytest.mark.parametrize("text", ["", "\n", "\t\t", "a\tb\tc\td\n" * 9])
def test_any_text_may_be_pasted(text: str) -> None:
    table = made()
    table.paste(text)
    assert len(table.rows) == 4
