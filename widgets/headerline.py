"""Row 1: where am I. Product and breadcrumb; warehouse, person, event lag and one letter per store at the right."""

from __future__ import annotations

from dataclasses import dataclass

from widgets.line import OneLine, Piece, spread

#: store letter → state: ``up``, ``down``, ``unknown``
UNKNOWN = tuple((letter, "unknown") for letter in "PMSRC")


@dataclass(frozen=True)
class HeaderState:
    """The right end of row 1. ``lag`` is the relay's delay in seconds, ``None`` while it is not known.

    ``inconsistent`` products of the last sample are behind in search or cache.
    """

    warehouse: str = ""
    person: str = ""
    lag: float | None = None
    stores: tuple[tuple[str, str], ...] = UNKNOWN
    dead_letters: int = 0
    inconsistent: int = 0

    def lag_text(self) -> str:
        """The lag as row 1 shows it: ``0.2s``, ``48s``, ``12m``, ``–`` when unknown."""
        if self.lag is None:
            return "–"
        if self.lag < 10:
            return f"{self.lag:.1f}s"
        return f"{self.lag:.0f}s" if self.lag < 120 else f"{self.lag / 60:.0f}m"


class HeaderLine(OneLine):
    """The first row of every screen."""

    def __init__(self, crumbs: tuple[str, ...] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._crumbs = crumbs
        self._state = HeaderState()

    def show_crumbs(self, crumbs: tuple[str, ...]) -> None:
        """Show where the person is: ``("Orders", "To ship")``."""
        self._crumbs = crumbs
        self.changed()

    def show_state(self, state: HeaderState) -> None:
        """Show who, where, how late and which stores are up."""
        self._state = state
        self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """Breadcrumb left, state right."""
        left = [Piece("Storekeeper", "strong")]
        for crumb in self._crumbs:
            left += [Piece(" › ", "muted"), Piece(crumb)]
        state = self._state
        right = [Piece(f"{state.warehouse} {state.person}".strip()), Piece("  ")]
        late = state.lag is not None and state.lag >= 10
        right.append(Piece(state.lag_text(), "warn" if late else "plain"))
        if state.dead_letters:
            right.append(Piece(f" {state.dead_letters} dead", "bad"))
        if state.inconsistent:
            right.append(Piece(f" {state.inconsistent} stale", "bad"))
        right.append(Piece(" "))
        for letter, condition in state.stores:
            if condition == "down":
                right.append(Piece(f" {letter}!", "bad"))
            else:
                right.append(Piece(f" {letter}", "good" if condition == "up" else "muted"))
        return spread(left, right, width)
