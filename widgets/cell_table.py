"""The cells of a sheet while somebody changes them: range, fill down, paste, undo and redo. Pure, knows no screen.

Shape: the stored texts stay as they are and the changes lie over them by (row, column), so what differs, what is wrong
and what there is to save is read off, and a step back is the changes before it. Rejected: a copy of the table that is
compared in the end, which cannot say where a paste went wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

#: Takes the text of a cell, returns it as it is shown; raises ``ValueError`` with what is wrong.
Normal = Callable[[str], str]
Place = tuple[int, int]

_STEPS = 100


@dataclass(frozen=True)
class CellColumn:
    """One column. Without ``normal`` it can't be changed. ``width`` is in cells; ``flex`` takes what is left."""

    key: str
    label: str
    width: int
    right: bool = False
    flex: bool = False
    normal: Normal | None = None


@dataclass(frozen=True)
class Cell:
    """What stands in a cell now, whether that is a change, and what is wrong with it."""

    text: str
    changed: bool = False
    problem: str = ""


class CellTable:
    """Rows of texts by key, and the changes over them."""

    def __init__(self, columns: Sequence[CellColumn], rows: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        self.columns = tuple(columns)
        self.rows = list(rows)
        self.cursor: Place = (0, next((at for at, column in enumerate(columns) if column.normal), 0))
        self.anchor: Place = self.cursor
        self._changes: dict[Place, Cell] = {}
        self._before: list[dict[Place, Cell]] = []
        self._after: list[dict[Place, Cell]] = []

    # -- reading ------------------------------------------------------------------------------------------------------

    def cell(self, row: int, column: int) -> Cell:
        """Return what stands there now."""
        return self._changes.get((row, column)) or Cell(self.rows[row][1][column])

    @property
    def changes(self) -> dict[str, dict[str, str]]:
        """Row key → column key → new text, of every changed cell."""
        found: dict[str, dict[str, str]] = {}
        for (row, column), cell in sorted(self._changes.items()):
            found.setdefault(self.rows[row][0], {})[self.columns[column].key] = cell.text
        return found

    @property
    def problems(self) -> list[tuple[Place, str]]:
        """Every cell that cannot be saved, and why."""
        return [(place, cell.problem) for place, cell in sorted(self._changes.items()) if cell.problem]

    def stored(self, key: str, column: str) -> str:
        """Return what stood in a cell before it was changed."""
        at = next(place for place, each in enumerate(self.columns) if each.key == column)
        return next(values[at] for name, values in self.rows if name == key)

    @property
    def chosen(self) -> tuple[range, range]:
        """The rows and columns of the range: from the anchor to the cursor."""
        (row, column), (other, beside) = self.cursor, self.anchor
        low, high = sorted((row, other))
        left, right = sorted((column, beside))
        return range(low, high + 1), range(left, right + 1)

    # -- moving -------------------------------------------------------------------------------------------------------

    def collapse(self) -> bool:
        """Let the range be the cursor's cell alone. Return whether it was more."""
        was_more = self.anchor != self.cursor
        self.anchor = self.cursor
        return was_more

    def go(self, rows: int, columns: int, *, stretch: bool = False) -> None:
        """Move the cursor; with ``stretch`` the range grows from its anchor."""
        row = max(0, min(self.cursor[0] + rows, len(self.rows) - 1))
        column = max(0, min(self.cursor[1] + columns, len(self.columns) - 1))
        self.cursor = row, column
        if not stretch:
            self.anchor = self.cursor

    # -- changing -----------------------------------------------------------------------------------------------------

    def put(self, texts: Mapping[Place, str]) -> int:
        """Write texts into cells, as one step; those that can't be changed are left out. Return how many took it."""
        step: dict[Place, Cell] = dict(self._changes)
        taken = 0
        for (row, column), text in texts.items():
            if not (0 <= row < len(self.rows) and 0 <= column < len(self.columns)):
                continue
            normal = self.columns[column].normal
            if normal is None:
                continue
            taken += 1
            cell = _checked(normal, text)
            if not cell.problem and cell.text == self.rows[row][1][column]:
                step.pop((row, column), None)
            else:
                step[row, column] = cell
        if step != self._changes:
            self._before = [*self._before[1 - _STEPS :], self._changes]
            self._after.clear()
            self._changes = step
        return taken

    def write(self, text: str) -> int:
        """Write ``text`` into every cell of the range."""
        rows, columns = self.chosen
        return self.put({(row, column): text for row in rows for column in columns})

    def fill_down(self) -> int:
        """Write the first row of the range into the rows below it."""
        rows, columns = self.chosen
        return self.put({(r, c): self.cell(rows[0], c).text for r in rows[1:] for c in columns})

    def paste(self, text: str) -> tuple[int, int]:
        """Write tab-separated ``text`` from the range's first cell on; one value fills the whole range.

        Return how many cells took a value, and how many values found none.
        """
        lines = [line.split("\t") for line in text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")]
        rows, columns = self.chosen
        if len(lines) == 1 and len(lines[0]) == 1:
            return self.write(lines[0][0]), 0
        cells = ((rows[0] + down, columns[0] + across, value) for down, line in enumerate(lines)
                 for across, value in enumerate(line))  # fmt: skip
        texts = {(row, column): value.strip() for row, column, value in cells}
        taken = self.put(texts)
        return taken, len(texts) - taken

    def copy(self) -> str:
        """Return the range as tab-separated lines."""
        rows, columns = self.chosen
        return "\n".join("\t".join(self.cell(row, column).text for column in columns) for row in rows)

    def give_up(self) -> int:
        """Take the changes in the range back."""
        rows, columns = self.chosen
        places = [(r, c) for r in rows for c in columns if (r, c) in self._changes]
        return self.put({(row, column): self.rows[row][1][column] for row, column in places})

    def undo(self) -> bool:
        """Take the last step back. Return whether there was one."""
        if not self._before:
            return False
        self._after.append(self._changes)
        self._changes = self._before.pop()
        return True

    def redo(self) -> bool:
        """Take the step again that was taken back. Return whether there was one."""
        if not self._after:
            return False
        self._before.append(self._changes)
        self._changes = self._after.pop()
        return True

    def rebase(self, rows: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        """Stand on ``rows`` as they are stored now: changes that are stored by now are none any more.

        Where there are only more of them, below those that were there, all that was done stays, its steps too.
        """
        if list(rows[: len(self.rows)]) == list(self.rows):
            self.rows = list(rows)
            return
        kept = {(self.rows[row][0], column): cell for (row, column), cell in self._changes.items()}
        self.rows = list(rows)
        places = {key: place for place, (key, _) in enumerate(self.rows)}
        self._changes = {
            (places[key], column): cell
            for (key, column), cell in kept.items()
            if key in places and self.rows[places[key]][1][column] != cell.text
        }
        self._before.clear()
        self._after.clear()
        self.go(0, 0)


def _checked(normal: Normal, text: str) -> Cell:
    try:
        return Cell(normal(text.strip()), changed=True)
    except ValueError as wrong:
        return Cell(text.strip(), changed=True, problem=str(wrong))
