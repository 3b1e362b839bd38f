"""The keys of a grid, by the names a keymap file calls them."""

from __future__ import annotations

from textual.binding import Binding, BindingType

KEYS: list[BindingType] = [
    Binding("down,j", "move(1)", "down", id="grid.down"),
    Binding("up,k", "move(-1)", "up", id="grid.up"),
    Binding("pagedown,ctrl+f", "page(1)", "page down", id="grid.page_down"),
    Binding("pageup,ctrl+b", "page(-1)", "page up", id="grid.page_up"),
    Binding("home,ctrl+home", "top", "first row", id="grid.top"),
    Binding("end,ctrl+end,G", "bottom", "last row", id="grid.bottom"),
    Binding("enter", "choose", "open", id="grid.open"),
    Binding("space", "mark", "mark", id="grid.mark"),
    Binding("v", "range", "mark a range", id="grid.range"),
    Binding("ctrl+a", "mark_all", "mark all held", id="grid.mark_all"),
    Binding("left", "column(-1)", "column to the left", id="grid.column_left"),
    Binding("right", "column(1)", "column to the right", id="grid.column_right"),
    Binding("left_square_bracket", "sort(False)", "sort ascending", id="grid.sort_up"),
    Binding("right_square_bracket", "sort(True)", "sort descending", id="grid.sort_down"),
    Binding("y", "copy_cell", "copy the cell", id="grid.copy_cell"),
    Binding("Y", "copy_row", "copy the row", id="grid.copy_row"),
]
