"""The sheet: prices, status and reorder level of many products as cells; changed together, tried and confirmed once.

What is typed stands in row 2, as in a spreadsheet's line. ``^S`` makes a bulk job of the changed cells: a dry run, one
question, results by row, refused where somebody else changed the same cell since, and taken back as a whole with ``T``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.widgets import Input

from data.ids import new_id
from screens.action import Action
from screens.base import AppScreen
from screens.bulk.data import Wanted
from screens.catalog.sheet_data import COLUMNS, MOST, STEP, Part, asides_of, read_sheet, targets_of
from widgets.cell_sheet import CellSheet
from widgets.cell_table import CellTable
from widgets.field import LineInput
from widgets.keybar import KeyHint

if TYPE_CHECKING:
    from textual.widget import Widget

_NEED = "catalog.edit"


class SheetScreen(AppScreen):
    """Change the cells of many products."""

    NAME = "sheet"
    TITLE_CRUMBS = ("Catalog", "Sheet")
    TOP_RULE = ""
    KEYS_OF = (CellSheet,)
    ACTIONS = (
        Action("sheet.save", "ctrl+s", "save", "save", _NEED, help="Try all changes, then confirm them once", rank=10),
        Action(
            "sheet.fill", "ctrl+d", "fill down", "fill_down", _NEED, help="The range's first row into the rest", rank=30
        ),
        Action("sheet.undo", "u", "undo", "undo", _NEED, help="Take the last step back", rank=40),
        Action("sheet.redo", "ctrl+y", "redo", "redo", _NEED, help="Take it again", show=False),
        Action(
            "sheet.give_up",
            ("x", "delete"),
            "as it was",
            "give_up",
            _NEED,
            help="Give the range's changes up",
            show=False,
        ),
        Action("sheet.more", "m", "more", "more", help="Read the next 500 products too", rank=50),
        Action("sheet.copy", "y", "copy", "copy", help="Copy the range for a spreadsheet", show=False),
        Action("sheet.reload", ("r", "f5"), "reload", "reload", help="Read the stored values again", show=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self.line = LineInput(
            placeholder="Enter or a digit types into the range; paste cells from a spreadsheet", id="cell"
        )
        self.line.disabled = True
        self.cells = CellSheet(id="cells")
        self._ids: tuple[str, ...] = ()
        self._query = ""
        #: how many products are asked for, and whether there are more than these
        self._most = STEP
        self._more = False
        self._saving = False
        self._typing = False

    def compose_query(self) -> Iterable[Widget]:
        """What is typed."""
        yield self.line

    def compose_body(self) -> ComposeResult:
        """The cells."""
        yield self.cells

    @property
    def table(self) -> CellTable | None:
        """The cells and what was changed in them."""
        return self.cells.table

    @property
    def dirty(self) -> bool:
        """Whether changes would be lost."""
        return self.table is not None and bool(self.table.changes)

    def arrive(self, ids: tuple[str, ...] = (), query: str = "", **arguments: Any) -> None:
        """Show these products; a sheet with changes stays until they are saved or given up."""
        self.cells.focus()
        if self.dirty and (ids, query) != (self._ids, self._query):
            self.status.say("this sheet has changes: ^S saves them, x gives a range up", "warn")
            return
        if (ids, query) != (self._ids, self._query):
            self._ids, self._query, self._most = ids, query, STEP
            self.cells.show(None, "Loading …")
        self.reload()

    def on_screen_resume(self) -> None:
        """Back from the job: what is stored by now is no change any more."""
        super().on_screen_resume()
        if self._saving:
            self._saving = False
            self.reload()

    def reload(self) -> None:
        """Read the stored values; changes stay over them."""
        arguments = self._ids, self._query, self._most
        self.load(read_sheet, *arguments, then=self._show, failed=self._not_there, group="sheet")

    def more(self) -> None:
        """Read the next products too; what was changed stays."""
        self._most = min(self._most + STEP, MOST)
        self.reload()

    def recovered(self, stores: tuple[str, ...]) -> None:
        """A store is back."""
        self.reload()

    def _not_there(self, error: Exception) -> None:
        if self.table is None:
            self.cells.show(None, " · ".join(self.explain(error)))
        self.shell.show_error(error, doing="reading the sheet")

    def _show(self, part: Part) -> None:
        rows, self._more = part.rows, part.more
        table = self.table
        if table is None:
            table = CellTable(COLUMNS, rows)
        else:
            table.rebase(rows)
        nothing = "Nothing found: Esc, then another query or other marks"
        self.cells.show(table, nothing, asides_of(table, part.told))
        self._tell()

    def _tell(self) -> None:
        table = self.table
        if table is None or not table.rows:
            return
        row, column = table.cursor
        cell = table.cell(row, column)
        self.top_rule.show(" · ".join(part for part in table.rows[row][1][:2] if part), table.columns[column].label)
        if not self._typing:
            self.line.value = cell.text
        changed = sum(map(len, table.changes.values()))
        rows, columns = table.chosen
        chosen = f" · {len(rows) * len(columns)} cells chosen" if len(rows) * len(columns) > 1 else ""
        drawing = " · drawing, v ends" if self.cells.drawing else ""
        self.status.facts(
            f"{_count(len(table.rows), 'product')} · {_count(changed, 'cell')} changed{chosen}{self._rest()}{drawing}"
        )
        stored = table.rows[row][1][column] or "nothing"
        self.status.say(
            cell.problem or (f"stored: {stored}" if cell.changed else ""), "bad" if cell.problem else "plain"
        )
        self.refresh_keys()

    def _rest(self) -> str:
        """Say that there are more products than are shown, and what to do about it."""
        if not self._more:
            return ""
        return " · m reads more" if self._most < MOST else " · full: b in the list changes the rest"

    def why_not(self, action: Action) -> str:
        """Nothing can be saved that is not changed, or that is wrong."""
        if self.table is None:
            return "the sheet is not read yet"
        if action.name == "sheet.save" and not (self.table.changes or self._typing):
            return "nothing is changed"
        if action.name == "sheet.more" and not (self._more and self._most < MOST):
            return "a sheet holds no more" if self._more else "all products are here"
        return ""

    def answers(self, action: Action) -> bool:
        """While a cell is typed letters go into it."""
        return not self._typing or self.fires_while_typing(action)

    def more_hints(self) -> tuple[KeyHint, ...]:
        """How to type and to choose."""
        if self._typing:
            return (KeyHint("Enter", "write"), KeyHint("Esc", "leave it"))
        return (KeyHint("Enter", "type"), KeyHint("v", "range"))

    # -- typing -------------------------------------------------------------------------------------------------------

    def on_cell_sheet_moved(self, event: CellSheet.Moved) -> None:
        """Row 2 follows."""
        self._tell()

    def on_cell_sheet_type_requested(self, event: CellSheet.TypeRequested) -> None:
        """Type in row 2."""
        shop, table = self.shop, self.table
        if table is None or not table.rows or shop is None or not shop.actor.may(_NEED):
            self.app.bell()
            return
        self._typing = True
        self.line.disabled = False
        self.line.value = table.cell(*table.cursor).text if event.text is None else event.text
        self.line.cursor_position = len(self.line.value)
        self.line.focus()
        self.refresh_keys()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Write into the range, and go on below."""
        event.stop()
        self._write_typed()

    def _write_typed(self) -> None:
        """Write what is typed, if anything is; ``^S`` and ``^D`` mean it too."""
        if self._typing and self.table is not None:
            taken = self.table.write(self.line.value)
            rows, _ = self.table.chosen
            self._stop_typing()
            if len(rows) == 1:
                self.table.go(1, 0)
            self._changed(taken)

    def leave(self) -> bool:
        """Esc: stop typing, then the range is one cell again."""
        if self._typing:
            self._stop_typing()
            self._tell()
            return True
        ranged = self.table is not None and self.table.collapse()
        if self.cells.drawing or ranged:
            self.cells.drawing = False
            self.cells.refresh()
            self._tell()
            return True
        return False

    def _stop_typing(self) -> None:
        self._typing = False
        self.cells.drawing = False
        self.cells.focus()
        self.line.disabled = True

    def on_cell_sheet_pasted(self, event: CellSheet.Pasted) -> None:
        """Cells from a spreadsheet."""
        if self.table is not None and self.shop is not None and self.shop.actor.may(_NEED):
            taken, left_out = self.table.paste(event.text)
            self._changed(taken)
            if taken and left_out:
                self.status.say(f"{_count(left_out, 'value')} left out: no cell there that can be changed", "warn")

    def _changed(self, taken: int) -> None:
        self.cells.drawing = False  # what the range was drawn for is done: the arrows move again
        self.cells.refresh()
        self._tell()
        if not taken:
            self.status.say("these cells can't be changed here", "warn")

    # -- steps --------------------------------------------------------------------------------------------------------

    def fill_down(self) -> None:
        """The first row of the range into the others."""
        if self._typing:
            self._write_typed()  # into the whole range: there is nothing left to fill
        elif self.table is not None:
            taken = self.table.fill_down()
            self._changed(taken)
            if not taken:
                self.status.say("draw a range over several rows first: v", "warn")

    def undo(self) -> None:
        """Take the last step back."""
        if self.table is not None and self.table.undo():
            self._changed(1)
        else:
            self.status.say("nothing to undo here", "warn")

    def redo(self) -> None:
        """Take it again."""
        if self.table is not None and self.table.redo():
            self._changed(1)
        else:
            self.status.say("nothing to redo", "warn")

    def give_up(self) -> None:
        """Give the changes of the range up."""
        if self.table is not None:
            self.table.give_up()
            self._changed(1)

    def copy(self) -> None:
        """Copy the range."""
        if self.table is not None and self.table.rows:
            self.shell.copy_text(self.table.copy(), "range")

    def save(self) -> None:
        """Try all changes; the job's page asks once and does them."""
        self._write_typed()
        table, shop = self.table, self.shop
        if table is None or shop is None:
            return
        if not table.changes:
            self.status.say("nothing is changed", "warn")
            return
        if table.problems:
            (place, why), *_ = table.problems
            table.cursor = table.anchor = place
            self._changed(1)
            self.status.say(f"{table.rows[place[0]][1][0]}: {why}", "bad")
            return
        targets = targets_of(table, shop.settings.warehouse)
        title = f"sheet: {len(table.changes):,} product{'' if len(table.changes) == 1 else 's'}"
        self._saving = True
        wanted = Wanted("products.values", {"title": title}, str(new_id()), targets=targets)
        self.shell.open_screen("bulk", wanted=wanted)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
