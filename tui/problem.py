"""The dialog for what nobody foresaw: one sentence, a reference to copy, and where the log is."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from data.text import visible
from screens.overlay import Overlay


class ProblemOverlay(Overlay[str]):
    """Answers with the reference when ``y`` was pressed, to be copied."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "close", "go on", id="problem.close"),
        Binding("y", "copy", "copy the reference", id="problem.copy"),
    ]

    def __init__(self, text: str, reference: str, log: Path | None) -> None:
        super().__init__()
        self._lines = (
            f"Something went wrong. {visible(text)}"[:400],
            f"Reference {reference}, details in {log}" if log else f"Reference {reference} (the log can't be written)",
        )
        self._reference = reference

    def compose(self) -> ComposeResult:
        """The sentence, the reference, the keys."""
        with Vertical(classes="overlay"):
            for line in self._lines:
                yield Static(Content(line))
            yield Static(Content("Enter goes on   y copies the reference"), classes="hint")

    def action_copy(self) -> None:
        """Close and have the reference copied."""
        self.dismiss(self._reference)
