"""Bringing products in: a dry run that says what would differ, then the import itself. Esc stops, ^S goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult

from screens.action import Action
from screens.base import AppScreen
from screens.forms.imports import import_form
from widgets.keybar import KeyHint
from widgets.line import Piece
from widgets.sheet import Sheet, SheetLine, heading
from widgets.stateline import StateLine
from widgets.text import visible

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.catalog.imports import ImportReport
    from data.shop import Shop
    from screens.forms.imports import ImportPlan

_NEED = "catalog.import"


def _import(shop: Shop, plan: ImportPlan, dry_run: bool, report: Any, cancelled: Any) -> ImportReport:
    """Run the import, or try it."""
    from data.catalog.imports import import_products, load_mapping

    return import_products(
        shop,
        [plan.path],
        load_mapping(plan.mapping) if plan.mapping else None,
        dry_run=dry_run,
        errors_path=plan.errors,
        report=report,
        cancelled=cancelled,
    )


class ImportScreen(AppScreen):
    """Try and do one import."""

    NAME = "import"
    TITLE_CRUMBS = ("Catalog", "Import")
    TOP_RULE = None
    KEYS_OF = (Sheet,)
    ACTIONS = (
        Action("import.run", "ctrl+s", "import", "run_it", _NEED, help="Do what was tried, or go on", rank=10),
        Action("import.file", "n", "another file", "ask", _NEED, help="Choose a file and try it", rank=20),
        Action("import.reload", ("r", "f5"), "try again", "reload", _NEED, help="Try it again", rank=30),
    )

    def __init__(self) -> None:
        super().__init__()
        self.state = StateLine()
        self.sheet = Sheet(id="report")
        self.plan: ImportPlan | None = None
        self.told: ImportReport | None = None
        self._stop: threading.Event | None = None

    def compose_query(self) -> Iterable[Widget]:
        """Which file."""
        yield self.state

    def compose_body(self) -> ComposeResult:
        """What it would do, or did."""
        yield self.sheet

    def arrive(self, **arguments: Any) -> None:
        """Ask for a file, unless there is one."""
        self.sheet.focus()
        if self.plan is None and self._stop is None:
            self.sheet.say("No file chosen.", "n chooses one; it is tried before anything is written")
            self.ask()

    def leave(self) -> bool:
        """Esc: stop what is under way."""
        if self._stop is None:
            return False
        self._stop.set()
        self.status.say("stopping after this batch", "warn")
        return True

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Esc does."""
        return (KeyHint("Esc", "stop"),) if self._stop is not None else ()

    def answers(self, action: Action) -> bool:
        """While it is at work there is only stopping."""
        return self._stop is None

    def why_not(self, action: Action) -> str:
        """An import at work can only be stopped."""
        if self._stop is not None:
            return "it is at work; Esc stops it"
        return "no file is chosen" if self.plan is None and action.name != "import.file" else ""

    def ask(self) -> None:
        """Ask for the file, then try it."""
        self.shell.overlay(import_form(self.plan), self._asked)

    def _asked(self, plan: ImportPlan | None) -> None:
        if plan is not None:
            self.plan = plan
            self.state.show([Piece(visible(str(plan.path)), "strong")], [])
            self._begin(dry_run=True)

    def reload(self) -> None:
        """Try it again."""
        if self.plan is not None and self._stop is None:
            self._begin(dry_run=True)

    def run_it(self) -> None:
        """Ask once, then import."""
        if self.plan is not None and self.told is not None:
            told = self.told
            counts = f"{told.created:,} created, {told.updated:,} updated"
            if told.cancelled:
                counts = f"at least {counts}: it was tried to row {told.rows:,} only"
            sentence = (
                f"Imports {self.plan.path.name}: {counts}. "
                "u does not take an import back; E in the catalog keeps what is there now."
            )
            if not told.dry_run:
                sentence = f"Goes on with {self.plan.path.name}; what is in the shop already stays as it is."
            self.shell.confirm(sentence, lambda: self._begin(dry_run=False))

    def _begin(self, *, dry_run: bool) -> None:
        stop = self._stop = threading.Event()
        self.sheet.say("Trying …" if dry_run else "Importing …", "Esc stops")
        self.status.facts("")
        self.status.say("")
        self.refresh_keys()
        arguments = (self.plan, dry_run, self.report, stop.is_set)
        self.load(_import, *arguments, then=self._done, failed=self._failed_import, group="import")

    def _over(self) -> None:
        self._stop = None
        self.report(None)
        self.refresh_keys()

    def _failed_import(self, error: Exception) -> None:
        self._over()
        self.sheet.say(*self.explain(error), tone="bad")
        self.shell.show_error(error, doing="importing")

    def _done(self, told: ImportReport) -> None:
        self._over()
        self.told = told
        self.sheet.show(lambda width: report_lines(told, width), keep=False)
        self.status.facts("nothing is written yet · ^S imports" if told.dry_run else "")
        if told.cancelled:
            self.status.say("stopped; ^S goes on" if not told.dry_run else "stopped; r tries all of it", "warn")
        elif not told.dry_run:
            refused = f", {told.errors:,} refused" if told.errors else ""
            self.status.say(
                f"{told.created:,} created, {told.updated:,} updated{refused}", "warn" if refused else "good"
            )


def report_lines(told: ImportReport, width: int) -> list[SheetLine]:
    """Return what an import did, or would do, as lines."""
    would = "would be " if told.dry_run else ""
    counts = (
        (told.created, f"{would}created", "plain"),
        (told.updated, f"{would}updated", "plain"),
        (told.unchanged, "are in the shop as they are", "muted"),
        (told.errors, f"{would}refused", "bad" if told.errors else "muted"),
    )
    title = "Dry run" if told.dry_run else "Imported"
    if told.cancelled:
        title += ", stopped before the end"
    lines = [heading(title, width, f"{told.rows:,} rows")]
    lines += [SheetLine((Piece(f"{count:>9,}  ", "strong"), Piece(what, tone))) for count, what, tone in counts]
    if told.examples:
        lines += [SheetLine(), heading("What would differ, for example", width)]
        lines += [
            SheetLine((Piece(f"{visible(sku)[:18]:<20}", "muted"), Piece(visible(what)))) for sku, what in told.examples
        ]
    if told.first_errors:
        lines += [SheetLine(), heading("Refused, for example", width)]
        lines += [SheetLine((Piece(visible(why)),)) for why in told.first_errors]
    if told.errors_path:
        lines.append(SheetLine((Piece(f"All of them: {visible(told.errors_path)}; correct and import it", "warn"),)))
    return lines
