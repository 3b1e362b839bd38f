"""What a person sees while the shop opens: the steps, how far, how long it usually takes."""

from __future__ import annotations

from time import monotonic

from textual.strip import Strip

from data.types import Progress
from widgets.line import Piece, Toned


class OpeningPanel(Toned):
    """Covers the work rows until the shop is open; takes no keys."""

    DEFAULT_CSS = """
    OpeningPanel { layer: above; width: 100%; height: 100%; background: $background; }
    """
    BAR = 40

    def __init__(self) -> None:
        super().__init__()
        self._steps: list[str] = []
        self._now: list[str] = []
        self._progress = Progress(0, 0)
        self._started = monotonic()

    def show(self, progress: Progress) -> None:
        """Show how far it is."""
        # The host names all that is still starting: what was named and is no longer, is done.
        self._now = progress.what.removeprefix("starting ").split(", ") if progress.what else []
        self._steps += [step for step in self._now if step not in self._steps]
        self._progress = progress
        self.refresh()

    def _lines(self) -> list[list[Piece]]:
        progress = self._progress
        lines = [[Piece("  Opening the shop", "strong")], []]
        for step in self._steps:
            now = step in self._now
            lines.append([Piece("  … " if now else "  ✓ ", "key" if now else "good"), Piece(step)])
        lines.append([])
        if progress.total:
            done = self.BAR * progress.done // progress.total
            count = f"  {progress.done} of {progress.total}"
            lines += [
                [Piece("  "), Piece("━" * done, "good"), Piece("─" * (self.BAR - done), "muted"), Piece(count)],
                [],
            ]
        spent = monotonic() - self._started
        lines.append(
            [Piece(f"  {spent:.0f} s so far. The first start takes about 10 s, later ones 1 to 3 s.", "muted")]
        )
        lines.append(
            [Piece("  Look around meanwhile: every screen shows its rows as soon as they are there.", "muted")]
        )
        return lines

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        lines = self._lines()
        return self.strip(lines[y - 1] if 0 < y <= len(lines) else [], self.size.width)
