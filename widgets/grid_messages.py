"""What a grid tells its screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from widgets.grid import Grid


class _GridMessage(Message):
    """A message that knows its grid."""

    def __init__(self, grid: Grid[Any]) -> None:
        super().__init__()
        self.grid = grid

    @property
    def control(self) -> Grid[Any]:
        """The grid, for ``@on(Grid.RowChosen, "#orders")``."""
        return self.grid


class GridMessages:
    """The messages as attributes of ``Grid`` (``Grid.RowChosen``)."""

    class RowChosen(_GridMessage, namespace="grid"):
        """Enter, or a double click: open this row."""

        def __init__(self, grid: Grid[Any], row: Any, key: str) -> None:
            super().__init__(grid)
            self.row = row
            self.key = key

    class RowMoved(_GridMessage, namespace="grid"):
        """The cursor stands on another row (``None``: on none)."""

        def __init__(self, grid: Grid[Any], row: Any) -> None:
            super().__init__(grid)
            self.row = row

        def can_replace(self, message: Message) -> bool:
            """Only the newest of a run of moves matters."""
            return isinstance(message, GridMessages.RowMoved) and message.grid is self.grid

    class MarksChanged(_GridMessage, namespace="grid"):
        """``count`` rows are marked now."""

        def __init__(self, grid: Grid[Any], count: int) -> None:
            super().__init__(grid)
            self.count = count

    class SortRequested(_GridMessage, namespace="grid"):
        """The list shall be sorted by ``name`` (``Column.sort``)."""

        def __init__(self, grid: Grid[Any], name: str, descending: bool) -> None:
            super().__init__(grid)
            self.name = name
            self.descending = descending

    class CopyRequested(_GridMessage, namespace="grid"):
        """``text`` shall go to the clipboard; ``what`` names it."""

        def __init__(self, grid: Grid[Any], text: str, what: str) -> None:
            super().__init__(grid)
            self.text = text
            self.what = what

    class Loaded(_GridMessage, namespace="grid"):
        """A list's first page is there; ``estimate`` rows match (``None``: nobody asked), counted if ``exact``."""

        def __init__(self, grid: Grid[Any], estimate: int | None, exact: bool) -> None:
            super().__init__(grid)
            self.estimate = estimate
            self.exact = exact

    class LoadFailed(_GridMessage, namespace="grid"):
        """A page could not be had."""

        def __init__(self, grid: Grid[Any], error: Exception) -> None:
            super().__init__(grid)
            self.error = error
