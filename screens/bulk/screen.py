"""One bulk job: what it would do, then doing it with progress, then what became of every row. Esc stops, ^S goes on.

The job is PostgreSQL's, so it can be left, stopped or killed at any point and gone on with from here, from another
terminal, or headless. Rejected: a dialog that holds the work, which is lost with the session.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from textual.app import ComposeResult

from data.types import StatusMark
from screens.action import Action
from screens.base import AppScreen
from screens.bulk.data import Tried, Wanted, back_job, make_and_try, read_job, row_source, run_job, try_job
from screens.bulk.sheet import told_lines
from widgets.cells import Cell, Column
from widgets.grid import Grid
from widgets.keybar import KeyHint
from widgets.line import Piece
from widgets.sheet import Sheet
from widgets.stateline import StateLine
from widgets.text import visible

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.bulk.reads import BulkRowView, Job

#: Where Enter on a row leads, by the noun of the job's kind: the screen, and what it is told of the record.
_OPENS: dict[str, tuple[str, Callable[[Any], dict[str, str]]]] = {
    "products": ("product", lambda row: {"product_id": row.target_id}),
    "orders": ("order", lambda row: {"order_number": row.label}),
}
_MARKS = {
    "changed": StatusMark("●", "changed", "good"),
    "unchanged": StatusMark("–", "as it was", "muted"),
    "refused": StatusMark("▲", "refused", "bad"),
    None: StatusMark("○", "to do", "warn"),
}
_COLUMNS = (
    Column("label", "Record", 14, flex=1),
    Column("outcome", "Outcome", 11),
    Column("message", "What", 24, flex=4),
)
#: Nouns whose jobs are taken back whole. A step of an order is taken back at the order, if at all.
_TAKEN_BACK = frozenset({"products"})
#: From this many rows on, the number has to be typed before they are changed.
_TYPED_FROM = 50


def cells(row: BulkRowView) -> tuple[Cell, ...]:
    """Return one row of a job as the list shows it."""
    return (row.label, _MARKS.get(row.outcome, StatusMark("?", str(row.outcome))), row.message)


class BulkScreen(AppScreen):
    """Try, do and follow one job."""

    NAME = "bulk"
    TITLE_CRUMBS = ("Jobs",)
    TOP_RULE = None
    KEYS_OF = (Grid, Sheet)
    ACTIONS = (
        Action("bulk.run", "ctrl+s", "do it", "run_it", "bulk.run", help="Do what is not done yet", rank=10),
        Action("bulk.all", "1", "all rows", "all_rows", help="Every row", rank=30),
        Action("bulk.refused", "2", "refused", "refused_rows", help="The rows that were refused", rank=31),
        Action("bulk.back", "T", "take back", "take_back", "bulk.run", help="Bring back what the job changed", rank=40),
        Action("bulk.reload", ("r", "f5"), "reload", "reload", help="Read the job again", show=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self.state = StateLine()
        self.sheet = Sheet(id="told")
        self.grid: Grid[BulkRowView] = Grid(
            _COLUMNS, cells, key=lambda row: str(row.number), empty=("No such rows.", "1 shows all of them"), id="rows"
        )
        self.job: Job | None = None
        self.tried: Tried | None = None
        self._stop: threading.Event | None = None
        #: what was to be collected for a job, until it is
        self._wanted: Wanted | None = None
        self._outcome = ""

    def compose_query(self) -> Iterable[Widget]:
        """What the job does, and how far it is."""
        yield self.state

    def compose_body(self) -> ComposeResult:
        """What it would do, or its rows."""
        yield self.sheet
        yield self.grid

    def on_mount(self) -> None:
        """First what it would do."""
        self.grid.display = False

    def arrive(
        self, wanted: Wanted | None = None, job_id: UUID | None = None, back: UUID | None = None, **arguments: Any
    ) -> None:
        """Try a new job, show the one with ``job_id``, or try to take the one called ``back`` back."""
        if self.working and (wanted or job_id or back):
            self.status.say("a job is being done here; Esc stops it", "warn")
        elif wanted is not None:
            self._forget()
            self._collect(wanted)
        elif back is not None:
            self._forget()
            self._try_back(back)
        elif job_id is not None:
            if self.job is None or job_id != self.job.job_id or not self.job.done:
                self._forget()  # one that has not begun is tried again: what it would do may be another by now
            self.load(read_job, job_id, then=self._show_job, group="job", doing="reading the job")

    def _forget(self) -> None:
        """Another job is meant: what was said of the last one, and its trial, must not be taken for this one's."""
        self.job = self.tried = self._wanted = None
        self._outcome = ""
        self.show_crumbs("Jobs")
        self.state.show([], [])
        self.status.facts("")
        self._show_sheet()
        self.sheet.say("Loading …")
        self.refresh_keys()

    @property
    def working(self) -> bool:
        """Whether something long is under way."""
        return self._stop is not None

    def leave(self) -> bool:
        """Esc: stop what is under way; from the rows of a job that has not begun back to what it would do."""
        if self._stop is None:
            if self.grid.display and self.tried is not None and self.job is not None and not self.job.done:
                self._show_tried(self.tried)
                return True
            return False
        self._stop.set()
        self.status.say("stopping after this batch", "warn")
        return True

    def why_not(self, action: Action) -> str:
        """A job that is done has nothing to do, one that changed nothing nothing to take back."""
        if self.working and action.name != "bulk.reload":
            return "it is at work; Esc stops it"
        if self.job is None:
            return "" if action.name == "bulk.reload" and self._wanted is not None else "there is no job"
        if action.name == "bulk.run" and self.job.state == "done":
            return "it is done"
        if action.name == "bulk.refused" and not self.job.done:
            return "nothing is done yet: the dry run says what would be refused"
        if action.name == "bulk.back" and not _goes_back(self.job):
            return "what was done to orders is not taken back by a job"
        return "it changed nothing" if action.name == "bulk.back" and not self.job.changed else ""

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter and Esc do."""
        if self.working:
            return (KeyHint("Esc", "stop"),)
        return (KeyHint("Enter", "open"),) if self.grid.display else ()

    # -- work ---------------------------------------------------------------------------------------------------------

    def _begin(self, what: str, fn: Callable[..., Any], *args: Any, then: Callable[[Any], None]) -> None:
        """Do something long in a thread, with progress; Esc stops it."""
        stop = self._stop = threading.Event()
        self.status.say("")
        if self.job is None or not self.grid.display:
            self._show_sheet()
            self.sheet.say(f"{what[:1].upper()}{what[1:]} …", "Esc stops")
        self.refresh_keys()

        def over(result: Any) -> None:
            self._over()
            then(result)

        def failed(error: Exception) -> None:
            self._over()
            self.sheet.say(*self.explain(error), tone="bad")
            self.shell.show_error(error, doing=what)

        self.load(fn, *args, self.report, stop.is_set, then=over, failed=failed, group="work")

    def _over(self) -> None:
        self._stop = None
        self.report(None)
        self.refresh_keys()

    def _collect(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._begin("collecting", make_and_try, wanted, then=self._collected)

    def _collected(self, tried: Tried | None) -> None:
        """Try what was collected; where Esc came before its end it is no job yet."""
        if tried is None:
            self.sheet.say("Stopped before all records were collected: nothing is changed.", "r goes on with it")
        else:
            self._wanted = None
            self._show_tried(tried)

    def run_it(self) -> None:
        """Ask once, then do what is not done yet."""
        job = self.job
        if job is None:
            return
        left, tried = job.total - job.done, self.tried.told if self.tried is not None else None
        if not left:
            self.status.say("there is nothing to do", "warn")
            return
        if tried is not None and not tried.partial and not job.done:
            left = tried.changed  # what is refused, or so already, costs nothing
        end = "T takes it back afterwards" if _goes_back(job) else "a job does not take it back"
        sentence = f"{job.title}: changes {left:,} record{'' if left == 1 else 's'} now; {end}."
        self.shell.confirm(sentence, lambda: self._do(job), count=left if left >= _TYPED_FROM else None)

    def _do(self, job: Job) -> None:
        self._begin("working", run_job, job.job_id, then=self._done)

    def _done(self, job: Job) -> None:
        self._show_job(job)
        told = f"{job.changed:,} changed, {job.refused:,} refused"
        if job.state == "done":
            self.status.say(told, "warn" if job.refused else "good")
        else:
            self.status.say(f"stopped: {told}; ^S goes on", "warn")

    def take_back(self) -> None:
        """Make the job that brings everything back, and try it."""
        if self.job is not None:
            self._try_back(self.job.job_id)

    def _try_back(self, job_id: UUID) -> None:
        self.grid.display = False
        self._begin("trying", back_job, job_id, then=self._show_tried)

    def reload(self) -> None:
        """Read the job again; before it has begun, try it again."""
        if self.working:
            return
        if self._wanted is not None:
            self._collect(self._wanted)
        elif self.job is None:
            return
        elif self.job.done:
            self.load(read_job, self.job.job_id, then=self._show_job, group="job", doing="reading the job")
        else:
            self._begin("trying", try_job, self.job.job_id, then=self._show_tried)

    # -- showing ------------------------------------------------------------------------------------------------------

    def _show_sheet(self) -> None:
        self.grid.display = False
        self.sheet.display = True
        self.sheet.focus()

    def _show_tried(self, tried: Tried) -> None:
        self.tried, self.job = tried, tried.job
        self._show_state(tried.job)
        self._show_sheet()
        self.sheet.show(lambda width: told_lines(tried, width), keep=False)
        self.status.facts("nothing is changed yet · ^S does it")
        self.refresh_keys()

    def _show_job(self, job: Job) -> None:
        self.job = job
        self._show_state(job)
        if not job.done and self.tried is None:
            self.reload()
            return
        self._list(self._outcome)

    def _show_state(self, job: Job) -> None:
        self.show_crumbs("Jobs", job.title)
        left = [Piece(visible(job.title), "strong"), Piece(f" · {job.state} · {job.done:,} of {job.total:,}", "muted")]
        self.state.show(left, [Piece(f"{job.refused:,} refused", "bad" if job.refused else "muted")])

    def _list(self, outcome: str) -> None:
        if self.job is None:
            return
        self._outcome, job_id = outcome, self.job.job_id
        self.sheet.display = False
        self.grid.display = True
        self.grid.focus()
        self.grid.show(self.pages(lambda shop: row_source(shop, job_id, outcome)))
        self.status.facts(f"{outcome or 'all'} rows")
        self.refresh_keys()

    def all_rows(self) -> None:
        """Every row."""
        self._list("")

    def refused_rows(self) -> None:
        """The rows that were refused, with the reasons."""
        self._list("refused")

    def on_grid_row_chosen(self, event: Grid.RowChosen) -> None:
        """Open the record."""
        if self.job is not None and (opens := _OPENS.get(self.job.kind.partition(".")[0])) is not None:
            place, told = opens
            self.shell.open_screen(place, **told(event.row))


def _goes_back(job: Job) -> bool:
    return job.kind.partition(".")[0] in _TAKEN_BACK
