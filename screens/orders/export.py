"""``E`` on the list of orders: write all that the line finds to a file, with progress; Esc stops."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from screens.action import Action
from screens.forms.orders import writable_file
from screens.forms.overlay import FormOverlay
from widgets.field import Field

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from data.orders.exports import Exported
    from data.shop import Shop
    from screens.handle import ShellApi
    from widgets.grid import Grid
    from widgets.queryline import QueryLine
    from widgets.statusline import StatusLine

EXPORT = Action(
    "orders.export",
    "E",
    "export",
    "export",
    "orders.export",
    help="The marked, or all found, as CSV or JSON lines",
    show=False,
)


class OrderExport:
    """The verb, for a list screen."""

    if TYPE_CHECKING:
        shell: ShellApi
        status: StatusLine
        grid: Grid[Any]
        query_line: QueryLine
        load: Callable[..., None]
        report: Callable[..., None]

    _exporting: threading.Event | None = None

    def export(self) -> None:
        """Ask where to and with which columns, then write."""
        if self._exporting is not None:
            self.status.say("an export is at work; Esc stops it", "warn")
            return
        query, marked = self.query_line.text, tuple(sorted(self.grid.marks.keys))
        fields = [
            Field("file", "File", required=True, placeholder="orders.csv or orders.jsonl"),
            Field("columns", "Columns", placeholder="empty: the usual; all; or order_number,email,sku …"),
        ]
        which = f"the {len(marked):,} marked" if marked else query or "every order"
        form = FormOverlay(f"Export {which}", fields, _checked, verb="exports")
        self.shell.overlay(form, lambda chosen: self._write_out(query, marked, chosen))

    def _write_out(self, query: str, marked: tuple[str, ...], chosen: Any) -> None:
        if chosen:
            stop = self._exporting = threading.Event()
            asked = (query, marked or None, *chosen, self.report, stop.is_set)
            self.load(_export, *asked, then=self._exported, failed=self._not_exported, group="export")

    def stop_exporting(self) -> bool:
        """Stop an export under way. Return whether there was one."""
        if self._exporting is None:
            return False
        self._exporting.set()
        return True

    def _exported(self, done: Exported) -> None:
        self._exporting = None
        self.status.progress(None)
        if done.cancelled:
            self.status.say("Stopped; no file was kept", "warn")
        else:
            self.status.say(f"{done.rows:,} rows in {done.path}", "good")

    def _not_exported(self, error: Exception) -> None:
        self._exporting = None
        self.status.progress(None)
        self.shell.show_error(error, doing="exporting orders")


def _checked(shop: Shop, values: dict[str, str]) -> tuple[Path, tuple[str, ...]]:
    """Return what was typed. Raises ``Invalid`` by field."""
    from data.orders.exports import parse_columns

    return writable_file(values["file"]), parse_columns(values["columns"])


def _export(
    shop: Shop,
    query: str,
    marked: tuple[str, ...] | None,
    path: Path,
    columns: tuple[str, ...],
    report: Any,
    stopped: Any,
) -> Exported:
    from data.orders.exports import export_orders

    return export_orders(shop, query, columns, numbers=marked, path=path, report=report, cancelled=stopped)
