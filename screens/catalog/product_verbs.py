"""What can be done to the product in hand, wherever it is in hand: in the list of the catalog, on its own page.

Shape: a mix-in for screens that say which product is meant (``product_in_hand``); their ``ACTIONS`` take in
``product_actions(area)``. Rejected: the same handlers written into every screen that shows a product.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from uuid import UUID

from data.errors import Conflict
from data.ids import new_id
from screens.action import Action
from screens.bulk.data import Wanted
from screens.catalog.editing_data import export_found, turn_archived, undo_last
from screens.forms.bulk import bulk_form
from screens.forms.export import export_form
from screens.forms.product import duplicate_form

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from data.shop import Shop
    from data.tables import Written
    from data.undo.messages import Undone
    from screens.handle import ShellApi
    from widgets.grid import Grid
    from widgets.queryline import QueryLine
    from widgets.statusline import StatusLine


#: The verbs that make no sense without a product, by the second part of their names.
NEED_PRODUCT = frozenset({"attributes", "duplicate", "archive"})


def product_actions(area: str) -> tuple[Action, ...]:
    """Return the actions of ``ProductVerbs`` for the screen whose actions begin with ``area``."""
    need = "catalog.edit"
    return (
        Action(f"{area}.attributes", "a", "attributes", "attributes", need, help="Change its attributes", rank=45),
        Action(f"{area}.duplicate", "D", "duplicate", "duplicate", need, help="Copy it under a new SKU", show=False),
        Action(f"{area}.archive", "x", "archive", "archive", need, help="Take it out of sale, or bring it back"),
        undo_action(area),
    )


def undo_action(area: str) -> Action:
    """Return ``u`` for the screen whose actions begin with ``area``; it is of use also without a product."""
    return Action(
        f"{area}.undo", "u", "undo", "undo_change", "changes.undo", help="Take your last change back", show=False
    )


def list_actions(area: str) -> tuple[Action, ...]:
    """Return the actions of ``ManyVerbs`` for the list whose actions begin with ``area``."""
    return (
        Action(f"{area}.bulk", "b", "change many", "change_many", "bulk.run", help="Change the marked, or all found"),
        Action(
            f"{area}.sheet", "S", "sheet", "open_sheet", "catalog.view", help="The marked, or found, as cells", rank=48
        ),
        Action(
            f"{area}.export", "E", "export", "export", "catalog.view", help="All found, as CSV or JSONL", show=False
        ),
        Action(f"{area}.import", "I", "import", "bring_in", "catalog.import", help="Bring a file in", show=False),
        Action(f"{area}.categories", "C", "categories", "categories", "catalog.view", help="Their tree", show=False),
        Action(
            f"{area}.jobs", "J", "jobs", "jobs", "bulk.run", help="Your bulk jobs: see, go on, take back", show=False
        ),
    )


class UndoVerb:
    """``u``: takes back one's last change."""

    if TYPE_CHECKING:
        shell: ShellApi
        status: StatusLine
        load: Callable[..., None]
        reload: Callable[[], None]

    def undo_change(self) -> None:
        """Take back my last reversible change, if nobody changed it since."""
        self.load(undo_last, str(new_id()), then=self.undone, failed=self._not_undone, group="undo")

    def undone(self, undone: Undone) -> None:
        """Say what was taken back, and show what is stored now."""
        self.status.say(undone.sentence, "good")
        self.reload()

    def _not_undone(self, error: Exception) -> None:
        """A bulk job is taken back by another: its page tries that first."""
        job = error.current.get("bulk_job") if isinstance(error, Conflict) else None
        if job:
            self.shell.open_screen("bulk", back=UUID(str(job)))
        else:
            self.shell.show_error(error, doing="taking the last change back")


class ManyVerbs:
    """What can be done to many products of a list at once: those marked, else all that its line finds."""

    if TYPE_CHECKING:
        shell: ShellApi
        status: StatusLine
        shop: Shop | None
        grid: Grid[Any]
        query_line: QueryLine
        is_current: bool
        reload: Callable[[], None]
        load: Callable[..., None]
        report: Callable[..., None]

    _exporting: threading.Event | None = None
    #: whether one went where rows of this list are changed; back from there they are read again, in place
    _changing: bool = False

    def on_screen_resume(self) -> None:
        """Back from the sheet or a job, the rows are shown as they are now."""
        if self._changing and self.is_current:
            self._changing = False
            self.reload()

    def total_found(self) -> int:
        """Return how many the line finds."""
        raise NotImplementedError

    def _which(self) -> str:
        """Name what is meant, ``""`` where it is nothing."""
        marks = len(self.grid.marks)
        if marks:
            return f"the {marks:,} marked" if marks > 1 else "the one marked"
        total = self.total_found()
        return f"all {total:,} of this filter" if total else ""

    def open_sheet(self) -> None:
        """Show the marked, or what is found, as cells to be changed."""
        ids = tuple(sorted(self.grid.marks.keys))
        self._changing = True
        self.shell.open_screen("sheet", ids=ids, query="" if ids else self.query_line.text)

    def export(self) -> None:
        """Write all that is found to a file; Esc stops."""
        if self._exporting is not None:
            self.status.say("an export is at work; Esc stops it", "warn")
            return
        line, total = self.query_line.text, self.total_found()

        def asked(chosen: tuple[Path, tuple[str, ...]] | None) -> None:
            if chosen is not None:
                stop = self._exporting = threading.Event()
                arguments = (line, *chosen, self.report, stop.is_set)
                self.load(export_found, *arguments, then=self._exported, failed=self._not_exported, group="export")

        self.shell.overlay(export_form(f"all {total:,} found"), asked)

    def stop_exporting(self) -> bool:
        """Esc: stop an export under way. Return whether there was one."""
        if self._exporting is None:
            return False
        self._exporting.set()
        return True

    def _exported(self, told: Written) -> None:
        self._exporting = None
        self.report(None)
        said = f"{told.rows:,} products written to {told.path}" if told.path else "stopped; no file was left"
        self.status.say(said, "good" if told.path else "warn")

    def _not_exported(self, error: Exception) -> None:
        self._exporting = None
        self.report(None)
        self.shell.show_error(error, doing="exporting")

    def bring_in(self) -> None:
        """Go to the import."""
        self._changing = True
        self.shell.open_screen("import")

    def categories(self) -> None:
        """Go to the tree of categories."""
        self._changing = True
        self.shell.open_screen("categories")

    def jobs(self) -> None:
        """Go to one's bulk jobs."""
        self._changing = True
        self.shell.open_screen("jobs")

    def change_many(self) -> None:
        """Ask what to change; the bulk screen tries it first."""
        which, ids, line = self._which(), tuple(sorted(self.grid.marks.keys)), self.query_line.text
        found = self.total_found()
        if not which:
            self.status.say("nothing is found that could be changed", "warn")
            return

        def asked(arguments: dict[str, Any] | None) -> None:
            if arguments is not None:
                wanted = Wanted("products.change", arguments, str(new_id()), ids, line, found)
                self._changing = True
                self.shell.open_screen("bulk", wanted=wanted)

        self.shell.overlay(bulk_form(which, self.shop.settings.warehouse if self.shop else ""), asked)


class ProductVerbs(UndoVerb):
    """Attributes, copy, archive and restore of the product in hand."""

    def product_in_hand(self) -> tuple[str, str] | None:
        """Return id and SKU of the product that is meant."""
        raise NotImplementedError

    def changed_one(self, product_id: str) -> None:
        """Show what was changed of it."""
        self.reload()

    def attributes(self) -> None:
        """Open the editor of its attributes."""
        if (product := self.product_in_hand()) is not None:
            self.shell.open_screen("attributes", product_id=product[0])

    def duplicate(self) -> None:
        """Ask for the SKU of the copy."""
        if (product := self.product_in_hand()) is not None:
            self.shell.overlay(duplicate_form(*product), self._duplicated)

    def _duplicated(self, made: Any) -> None:
        if made is not None:
            self.shell.open_screen("product", product_id=made.product_id, made=f"{made.sku} is a copy, a draft")

    def archive(self) -> None:
        """Archive it, or bring it back; ``u`` takes that back."""
        if (product := self.product_in_hand()) is not None:
            product_id, key = product[0], str(new_id())

            def then(done: tuple[str, str]) -> None:
                self._archived(product_id, *done)

            self.load(turn_archived, product_id, key, then=then, group="archive", doing="archiving")

    def _archived(self, product_id: str, sku: str, status: str) -> None:
        self.status.say(f"{sku} is {'archived' if status == 'archived' else f'back, {status}'}", "good", undo=True)
        self.changed_one(product_id)
