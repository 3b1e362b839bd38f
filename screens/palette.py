"""The palette: type to find an action, or the number, address or SKU of anything to jump to it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from data.errors import StorekeeperError
from screens.action import Action, show_key
from screens.handle import ShopHandle
from screens.jump import Destination, find
from screens.overlay import Overlay
from widgets.line import Piece
from widgets.queryline import QueryLine
from widgets.sheet import Sheet, SheetLine
from widgets.text import fit

#: what the palette answers with: an action to run, or a screen with its arguments
Choice = Action | tuple[str, dict[str, Any]]
_KEYS = 16
#: rapidfuzz score (0 to 100) under which an action is no answer
_GOOD_ENOUGH = 55.0
#: seconds of quiet before the stores are asked for a thing of that name
_PAUSE = 0.08


class Entry(NamedTuple):
    """An action with its keys, and why it is not possible now."""

    action: Action
    keys: tuple[str, ...]
    reason: str


class Palette(Overlay[Choice]):
    """One line to type in, the answers below; Enter takes the one under the bar."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,ctrl+n", "move(1)", "next answer", id="palette.down"),
        Binding("up,ctrl+p", "move(-1)", "previous answer", id="palette.up"),
    ]
    AUTO_FOCUS = "LineInput"

    def __init__(self, entries: Sequence[Entry], handle: ShopHandle) -> None:
        super().__init__()
        self._entries = tuple(entries)
        self._handle = handle
        self._found: tuple[Destination, ...] = ()
        self.line = QueryLine(prompt=":", placeholder="an action, order, e-mail, phone, SKU, barcode, tracking")
        self.answers = Sheet(id="palette-answers")

    def compose(self) -> ComposeResult:
        """Line and answers."""
        with Vertical(classes="overlay -full"):
            yield self.line
            yield self.answers

    def on_mount(self) -> None:
        """Show everything possible before anything is typed."""
        self._show()

    def on_query_line_changed(self, event: QueryLine.Changed) -> None:
        """Filter while typing; Enter takes the answer under the bar."""
        event.stop()
        if event.final:
            self._take(self.answers.current.what if self.answers.current is not None else None)
            return
        self._found = ()
        self._show()
        self.run_worker(self._look_up(event.text.strip()), group="jump", exclusive=True, exit_on_error=False)

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Enter in the answers."""
        event.stop()
        self._take(event.what)

    def action_move(self, steps: int) -> None:
        """Move the bar while the line keeps the focus."""
        self.answers.action_move(steps)

    async def _look_up(self, text: str) -> None:
        if len(text) < 3:
            return
        await asyncio.sleep(_PAUSE)
        try:
            shop = await self._handle.wait()
            found = await asyncio.to_thread(find, shop, text)
        except StorekeeperError:
            return  # the banner says what is down; the actions can still be found
        if self.line.text.strip() == text:
            self._found = found
            self._show()

    def _take(self, what: object) -> None:
        if isinstance(what, Action):
            self.dismiss(what)
        elif isinstance(what, Destination) and what.place:
            self.dismiss((what.place, what.arguments))
        else:
            self.app.bell()

    def _show(self) -> None:
        entries = self._matching(self.line.text.strip())
        self.answers.show(lambda width: self._lay(entries), keep=False)

    def _matching(self, text: str) -> list[Entry]:
        if not text:
            return list(self._entries)
        from rapidfuzz import fuzz, process, utils

        names = [f"{entry.action.label} {entry.action.help}" for entry in self._entries]
        scored = process.extract(
            text, names, scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=_GOOD_ENOUGH, limit=15
        )
        return [self._entries[index] for _, _, index in scored]

    def _lay(self, entries: list[Entry]) -> list[SheetLine]:
        lines = [
            SheetLine((Piece(fit(thing.kind, _KEYS), "key"), Piece(thing.label)), f"jump:{thing.kind}", thing)
            for thing in self._found
        ]
        for action, keys, reason in entries:
            tone = "muted" if reason else "plain"
            said = action.help or action.label
            pieces = (
                Piece(fit("  ".join(show_key(key) for key in keys), _KEYS), "muted" if reason else "key"),
                Piece(f"{said} (not now: {reason})" if reason else said, tone),
            )
            lines.append(SheetLine(pieces, action.name, action))
        if not lines:
            lines.append(SheetLine((Piece("Nothing of that name. Esc closes.", "muted"),)))
        return lines
