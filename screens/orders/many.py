"""What can be done from the list of orders: to those marked, to all that its line finds, or to the one under the bar.

Shape: a mix-in, as the catalog's ``ManyVerbs``. What changes many is a bulk job and shown by the bulk screen, dry run
first; what changes one is asked in a form and done. Papers and exports change nothing and are no jobs.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from data.ids import new_id
from screens.action import Action
from screens.bulk.data import Wanted
from screens.forms.orders import act_form, assign_form, hold_form, papers_form, tag_form

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from data.documents.many import ManyPapers
    from data.orders.rows import OrderRow
    from data.shop import Shop
    from screens.handle import ShellApi
    from widgets.grid import Grid
    from widgets.statusline import StatusLine

#: The verbs that make no sense without an order under the bar or a mark.
NEED_ORDER = frozenset({"orders.ship", "orders.tag", "orders.assign", "orders.hold"})

MANY = (
    Action("orders.act", "a", "act", "act", "bulk.run", help="Do one thing to the marked, or all found", rank=30),
    Action("orders.ship", "s", "ship", "ship", "orders.ship", help="Send the marked, or this one", rank=40),
    Action("orders.tag", "t", "tag", "tag", "orders.tag", help="Tags of the marked, or this one", rank=62),
    Action(
        "orders.assign", "A", "assign", "assign", "orders.assign", help="Give the marked, or this one, to somebody",
        show=False,
    ),
    Action(
        "orders.hold", "h", "hold", "hold", "orders.hold", help="Hold the marked, or this one, back; or let go",
        show=False,
    ),
    Action(
        "orders.print", "p", "print", "papers", help="Papers of the marked, or all found, in one file", show=False,
    ),
    Action("orders.jobs", "J", "jobs", "jobs", "bulk.run", help="Your bulk jobs: see, go on", show=False),
)  # fmt: skip


class ManyOrders:
    """The verbs, for a list screen."""

    if TYPE_CHECKING:
        shell: ShellApi
        status: StatusLine
        grid: Grid[OrderRow]
        load: Callable[..., None]
        report: Callable[..., None]
        reload: Callable[[], None]
        _shown: str | None

    _papering: threading.Event | None = None
    #: whether a job was begun from here, and whether its screen was gone to: rows may have changed on coming back
    _job_begun = False
    _job_seen = False
    _about = ""

    def marked(self) -> tuple[str, ...]:
        """Return the numbers of the marked orders."""
        return tuple(sorted(self.grid.marks.keys))

    def _which(self) -> str:
        """Name what is meant by "many", ``""`` where it is nothing."""
        marks = len(self.grid.marks)
        if marks:
            return f"the {marks:,} marked" if marks > 1 else "the one marked"
        return f"all {self._about} of this filter" if self.grid.current is not None else ""

    def go_away(self) -> None:
        """Another screen covers the list; a form that asked what to do has come and gone before."""
        self._job_begun, self._job_seen = False, self._job_seen or self._job_begun

    def come_back(self) -> None:
        """The list is shown again: after a job its rows are read anew."""
        if self._job_seen:
            self._job_seen = False
            self.reload()

    # -- many ---------------------------------------------------------------------------------------------------------

    def act(self) -> None:
        """Ask what to do; the bulk screen tries it first."""
        which, ids, line = self._which(), self.marked(), self._shown or ""
        if not which:
            self.status.say("nothing is found that could be acted on", "warn")
            return

        def asked(answer: tuple[str, dict[str, Any]] | None) -> None:
            if answer is not None:
                self._begin(Wanted(*answer, str(new_id()), ids, line))

        self.shell.overlay(act_form(which), asked)

    def ship(self) -> None:
        """Send the marked, or the order under the bar: tried first, then done."""
        if ids := self._these():
            self._begin(Wanted("orders.ship", {}, str(new_id()), ids))

    def _these(self) -> tuple[str, ...]:
        row = self.grid.current
        return self.marked() or ((row.order_number,) if row is not None else ())

    def _begin(self, wanted: Wanted) -> None:
        self._job_begun = True
        self.shell.open_screen("bulk", wanted=wanted)

    def jobs(self) -> None:
        """Go to one's bulk jobs."""
        self.shell.open_screen("jobs")

    # -- one, unless some are marked ----------------------------------------------------------------------------------

    def tag(self) -> None:
        """Change the tags of the order under the bar; of the marked by a job."""
        row = self.grid.current
        if self.grid.marks.keys:
            self._act_as("tag")
        elif row is not None:
            self.shell.overlay(tag_form(row.order_number, row.order_id, row.tags), self._tagged)

    def _tagged(self, done: Any) -> None:
        if hasattr(done, "tags"):
            told = " ".join(f"#{tag}" for tag in done.tags) or "no tags"
            self._told(f"{done.order_number}: {told}")

    def assign(self) -> None:
        """Give the order under the bar to somebody; the marked by a job."""
        row = self.grid.current
        if self.grid.marks.keys:
            self._act_as("assign")
        elif row is not None:
            self.shell.overlay(assign_form(row.order_number, row.order_id), self._assigned)

    def _assigned(self, done: Any) -> None:
        if done is not None:
            self._told(f"{done.order_number} is {done.assigned_to or 'nobody'}'s")

    def hold(self) -> None:
        """Hold the order under the bar back from shipping, or let it go; the marked by a job."""
        row = self.grid.current
        if self.grid.marks.keys:
            self._act_as("hold")
        elif row is not None and row.hold_reason:
            self.load(_release, row.order_id, str(new_id()), then=self._hold_told, group="hold", doing="releasing it")
        elif row is not None:
            self.shell.overlay(hold_form(row.order_number, row.order_id), self._hold_told)

    def _hold_told(self, done: Any) -> None:
        if done is not None:
            self._told(f"{done.order_number} is on hold" if done.reason else f"{done.order_number} may be sent again")

    def _told(self, what: str) -> None:
        self.status.say(what, "good", undo=True)
        self.reload()

    def _act_as(self, op: str) -> None:
        ids = self.marked()

        def asked(answer: tuple[str, dict[str, Any]] | None) -> None:
            if answer is not None:
                self._begin(Wanted(*answer, str(new_id()), ids))

        self.shell.overlay(act_form(self._which(), op), asked)

    # -- papers -------------------------------------------------------------------------------------------------------

    def papers(self) -> None:
        """Ask which papers and where to, then make them; Esc stops."""
        which, ids, line = self._which(), self.marked(), self._shown or ""
        if self._papering is not None:
            self.status.say("papers are being made; Esc stops", "warn")
            return
        if not which:
            self.status.say("nothing is found that could be printed", "warn")
            return

        def asked(answer: tuple[str, Path] | None) -> None:
            if answer is not None:
                stop = self._papering = threading.Event()
                arguments = (ids, line, *answer, self.report, stop.is_set)
                self.load(_make_papers, *arguments, then=self._papered, failed=self._not_papered, group="papers")

        self.shell.overlay(papers_form(which), asked)

    def stop_papers(self) -> bool:
        """Stop papers under way. Return whether there were any."""
        if self._papering is None:
            return False
        self._papering.set()
        return True

    def _papered(self, made: ManyPapers) -> None:
        self._papering = None
        self.status.progress(None)
        if made.cancelled:
            self.status.say("Stopped; no file was kept", "warn")
            return
        left = f"; {len(made.refused):,} have none" if made.refused else ""
        self.status.say(f"{made.made:,} orders in {made.path}{left}", "warn" if made.refused else "good")

    def _not_papered(self, error: Exception) -> None:
        self._papering = None
        self.status.progress(None)
        self.shell.show_error(error, doing="making papers")


def _release(shop: Shop, order_id: Any, key: str) -> Any:
    from data.orders.handling.messages import ReleaseOrder

    return shop.door.run(ReleaseOrder(order_id=order_id), shop.actor, key=key).result


def _make_papers(
    shop: Shop, ids: tuple[str, ...], line: str, kind: str, path: Path, report: Any, stopped: Any
) -> ManyPapers:
    from itertools import islice

    from data.documents.many import MOST, save_papers
    from data.orders.bulk.targets import of_line

    numbers = ids or tuple(target.label for target in islice(of_line(shop, line), MOST + 1))
    return save_papers(shop, numbers, kind, path, report=report, cancelled=stopped)
