"""One's bulk jobs, newest first; Enter opens one, to see its rows or to go on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from textual.app import ComposeResult

from data.types import StatusMark
from screens.action import Action
from screens.base import AppScreen
from screens.bulk.data import job_source
from screens.shown import when
from widgets.cells import Cell, Column
from widgets.grid import Grid
from widgets.keybar import KeyHint

if TYPE_CHECKING:
    from data.bulk.reads import Job

_COLUMNS = (
    Column("title", "What", 20, flex=3),
    Column("state", "State", 11),
    Column("done", "Done", 8, right=True),
    Column("total", "Of", 8, right=True),
    Column("refused", "Refused", 7, right=True),
    Column("created_at", "Begun", 9),
)
_STATES = {
    "open": StatusMark("○", "not begun", "muted"),
    "running": StatusMark("◑", "running", "warn"),
    "stopped": StatusMark("◐", "stopped", "warn"),
    "done": StatusMark("●", "done", "good"),
}


def cells(job: Job) -> tuple[Cell, ...]:
    """Return one job as the list shows it."""
    state = _STATES.get(job.state, StatusMark("?", job.state))
    return (job.title, state, job.done, job.total, job.refused, when(job.created_at))


class BulkJobsScreen(AppScreen):
    """See and open one's jobs."""

    NAME = "jobs"
    TITLE_CRUMBS = ("Jobs",)
    TOP_RULE = None
    ACTIONS = (Action("jobs.reload", ("r", "f5"), "reload", "reload", help="Read the list again"),)

    def __init__(self) -> None:
        super().__init__()
        self.grid: Grid[Job] = Grid(
            _COLUMNS,
            cells,
            key=lambda job: str(job.job_id),
            empty=("No jobs yet.", "b in the catalog begins one"),
            id="jobs",
        )

    def compose_body(self) -> ComposeResult:
        """The list."""
        yield self.grid

    def arrive(self, **arguments: Any) -> None:
        """Show the jobs as they are now."""
        self.grid.focus()
        self.grid.show(self.pages(job_source))
        self.status.facts("your jobs, newest first")

    def reload(self) -> None:
        """Read the list again."""
        self.grid.reload()

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does."""
        return (KeyHint("Enter", "open"),)

    def on_grid_row_chosen(self, event: Grid.RowChosen) -> None:
        """Open the job."""
        self.shell.open_screen("bulk", job_id=UUID(event.key))
