"""How a grid looks: heading, rows, the bar, placeholders and notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.strip import Strip

from widgets.cells import GAP, plain, to_pieces
from widgets.line import Piece
from widgets.text import fit

if TYPE_CHECKING:
    from widgets.grid import Grid


class Painter:
    """Paints the lines of one grid."""

    def __init__(self, grid: Grid[Any]) -> None:
        self._grid = grid

    def line(self, y: int) -> Strip:
        """Return line ``y`` of the grid."""
        grid = self._grid
        if y == 0:
            return grid.strip(self._heading(), grid.size.width)
        index = grid.top + y - 1
        if index < len(grid.window):
            return grid.strip(self._row(index), grid.size.width)
        return grid.strip(self._beyond(y, index), grid.size.width)

    def _heading(self) -> list[Piece]:
        grid = self._grid
        pieces = [Piece("  ")]
        for place, placed in enumerate(grid.placed()):
            if place:
                pieces.append(Piece(" " * GAP, "muted"))
            column = placed.column
            label = column.label
            if grid.sorted_by is not None and column.sort and grid.sorted_by[0] == column.sort:
                label += "▾" if grid.sorted_by[1] else "▴"
            tone = "strong" if grid.has_focus and placed.index == grid.column else "muted"
            pieces.append(Piece(fit(label, placed.width, right=column.right), tone))
        return pieces

    def _row(self, index: int) -> list[Piece]:
        grid = self._grid
        key = grid.window.keys[index]
        under = index == grid.cursor
        margin = "▌ " if key in grid.marks else "▸ " if under else "  "
        cells = grid.cells(grid.window.rows[index])
        gap = Piece(" " * GAP)
        pieces = [Piece(margin)]
        if under or grid.stale or key in grid.flashing:
            tone = "stale" if grid.stale else "flash"
            if under:
                tone = "bar" if grid.has_focus else "bar-quiet"
            pieces[0] = Piece(margin, tone)
            for place, placed in enumerate(grid.placed()):
                text = fit(plain(cells[placed.index]), placed.width, right=placed.column.right)
                pieces.append(Piece(" " * GAP + text if place else text, tone))
            if under:
                pieces.append(Piece(" " * grid.size.width, tone))
            return pieces
        for place, placed in enumerate(grid.placed()):
            if place:
                pieces.append(gap)
            pieces += to_pieces(cells[placed.index], placed.width, right=placed.column.right)
        return pieces

    def _beyond(self, y: int, index: int) -> list[Piece]:
        grid = self._grid
        if len(grid.window):
            waiting = grid.window.next_cursor is not None and index < len(grid.window) + 1
            return [Piece("  …" if waiting else "", "muted")]
        sentence, hint = grid.notice
        if y == 2:
            return [Piece(f"  {sentence}", "bad" if grid.state == "error" else "muted")]
        if y == 3 and hint:
            return [Piece(f"  {hint}", "muted")]
        return []
