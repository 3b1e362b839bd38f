"""Row 23: what happened. Facts at the left, the last event and its undo at the right; a banner overrides the facts."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from data.types import Progress
from widgets.line import OneLine, Piece, spread
from widgets.text import visible, width_of, within


@dataclass(frozen=True)
class Event:
    """The result of the last action: text, tone, and whether ``u`` undoes it."""

    text: str
    tone: str = "plain"
    undo: bool = False


#: cells of a banner that always stay: "PostgreSQL is down: …"
_NAMED = 24


class StatusLine(OneLine):
    """The line that never moves."""

    #: an estimate is shown when a job has run this long (seconds)
    ESTIMATE_AFTER = 2.0

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._facts = ""
        self._banner = ""
        self._event: Event | None = None
        self._progress: Progress | None = None
        self._prompt = ""
        self._started = 0.0

    @property
    def text(self) -> str:
        """What the line says now, as plain text."""
        return "".join(piece.text for piece in self.pieces(max(self.size.width, 80))).rstrip()

    def facts(self, text: str) -> None:
        """Show ``text`` (counts, order of the list) at the left."""
        self._facts = text
        self.changed()

    def banner(self, text: str) -> None:
        """Show what does not work and what still does, in place of the facts; ``""`` takes it away."""
        self._banner = text
        self.changed()

    def prompt(self, text: str) -> None:
        """Show ``text`` (the keys that can follow) over the whole line; ``""`` shows the line again."""
        self._prompt = text
        self.changed()

    def say(self, text: str, tone: str = "plain", *, undo: bool = False) -> None:
        """Show the result of the last action at the right; ``""`` clears it."""
        self._event = Event(text, tone, undo) if text else None
        self.changed()

    def offer_no_undo(self) -> None:
        """Take the offer to undo away, not what was said: one goes where something else may be changed last."""
        if self._event is not None and self._event.undo:
            self.say(self._event.text, self._event.tone)

    def unsay(self, beginning: str) -> None:
        """Take the last event away where it begins so: what it spoke of is over."""
        if self._event is not None and self._event.text.startswith(beginning):
            self.say("")

    def progress(self, progress: Progress | None) -> None:
        """Show how far a long job is, with an estimate after two seconds; ``None`` ends it."""
        if progress is not None and self._progress is None:
            self._started = monotonic()
        self._progress = progress
        self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """Left: progress, else banner, else facts. Right: the last event. A prompt covers both."""
        if self._prompt:
            return [Piece(self._prompt, "key")]
        if self._progress is not None:
            left = [Piece(self._progress_text(self._progress, width), "strong")]
        elif self._banner:
            left = [Piece(self._banner, "bad")]
        else:
            left = [Piece(self._facts)]
        right: list[Piece] = []
        if self._event is not None:
            # Beside the last event it must stay readable which store is down.
            room = max(width - width_of(visible(left[0].text)) - 2, width - _NAMED) if left[0].tone == "bad" else width
            right.append(Piece(within(self._event.text, room), self._event.tone))
            if self._event.undo:
                right += [Piece("  "), Piece("u", "key"), Piece(" undo")]
        return spread(left, right, width)

    def _progress_text(self, progress: Progress, width: int) -> str:
        """Return what is going on, how far it is and how long it takes; where room lacks what is going on is cut."""
        what = progress.what or "working"
        if not progress.total:
            return f"{visible(what)} · {progress.done:,}" if progress.done else f"{visible(what)} …"
        far = f"{progress.done:,} of {progress.total:,}"
        if progress.share:
            far = f"{100 * progress.done // progress.total} %"
        spent = monotonic() - self._started
        if progress.done and spent > self.ESTIMATE_AFTER:
            left = spent / progress.done * (progress.total - progress.done)
            far += f" · about {left:,.0f} s left"
        return f"{within(what, width - width_of(far) - 3)} · {far}"
