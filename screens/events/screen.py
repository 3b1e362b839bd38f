"""Events: how far the relay is, how well search and cache follow, and the dead letters, mended and sent again here.

The status reads itself again every few seconds while somebody looks; the list of letters only where their number
changed, so that nothing moves under the bar.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal

from data.errors import Invalid
from data.events.topics import TOPICS
from data.ids import new_id
from screens.action import Action
from screens.base import AppScreen
from screens.events import data as events_data
from screens.events.letter import LetterOverlay
from screens.events.sheet import LETTERS, letter_cells, letter_lines, relay_state, topic_lines
from screens.forms.overlay import FormOverlay
from widgets.field import Field, Option, SelectField
from widgets.grid import Grid
from widgets.keybar import KeyHint
from widgets.rule import SectionRule
from widgets.sheet import Sheet
from widgets.stateline import StateLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.events.consistency import ConsistencySample
    from data.events.reads import DeadLetterRow, RelayStatus
    from data.shop import Shop

#: Its heading and its topics.
_TOPIC_ROWS = 1 + len(TOPICS)
#: What is done to a letter that is open.
_TO_LETTERS = ("events.edit", "events.replay", "events.discard")


class EventsScreen(AppScreen):
    """The relay and its dead letters."""

    NAME = "events"
    TITLE_CRUMBS = ("Events",)
    REFRESH: ClassVar[float] = 2.0
    ACTIONS = (
        Action("events.edit", "e", "edit", "edit_letter", "relay.manage", help="Mend the letter's content", rank=20),
        Action(
            "events.replay", "p", "replay", "replay", "relay.manage", help="Have the letters handled again", rank=30
        ),
        Action(
            "events.discard",
            "D",
            "discard",
            "discard",
            "relay.manage",
            help="Let the letters go, saying why",
            rank=40,
        ),
        Action("events.all", "a", "all", "toggle_all", help="Also the letters that were dealt with, or not", rank=50),
        Action("events.check", "c", "check", "check", help="Compare versions in catalog, search and cache", rank=60),
        Action("events.reload", ("r", "f5"), "reload", "reload", help="Read everything again, stay here", rank=80),
    )

    DEFAULT_CSS = f"""
    EventsScreen #topics {{ height: {_TOPIC_ROWS}; }}
    EventsScreen #beside {{ width: 46; padding-left: 1; display: none; }}
    EventsScreen.-wide #beside, EventsScreen.-broad #beside {{ display: block; }}
    """

    def __init__(self) -> None:
        super().__init__()
        self.relay = StateLine()
        self.topics = Sheet(focusable=False, id="topics")
        self.beside = Sheet(focusable=False, margin=1, id="beside")
        self.grid: Grid[DeadLetterRow] = Grid(
            LETTERS,
            letter_cells,
            key=lambda row: str(row.event_id),
            empty=("No dead letter: nothing waits for a person.", "a shows those that were dealt with"),
            id="letters",
        )
        self._rule = SectionRule("Dead letters")
        self._with_resolved = False
        self._open_letters: int | None = None

    def compose_query(self) -> Iterable[Widget]:
        """The relay."""
        yield self.relay

    def compose_body(self) -> ComposeResult:
        """The topics above the dead letters."""
        yield self.topics
        yield self._rule
        with Horizontal():
            yield self.grid
            yield self.beside

    def on_mount(self) -> None:
        """Look again every few seconds."""
        self.set_interval(self.REFRESH, self._again)

    def arrive(self, **arguments: Any) -> None:
        """Show how things are."""
        self.grid.focus()
        self._list()
        self._look()

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does."""
        return (KeyHint("Enter", "show"), KeyHint("Space", "mark"))

    def why_not(self, action: Action) -> str:
        """What is done to letters needs one that is open."""
        if action.name not in _TO_LETTERS:
            return ""
        if action.name == "events.edit":
            current = self.grid.current
            return "no open letter under the bar" if current is None or current.resolution else ""
        return "" if self._chosen() else "no open letter under the bar"

    # -- what is shown ----------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read everything again."""
        self.grid.reload()
        self._look()

    def recovered(self, stores: tuple[str, ...]) -> None:
        """A store is back: the relay's figures too."""
        super().recovered(stores)
        self._look()

    def toggle_all(self) -> None:
        """Open letters, or all."""
        self._with_resolved = not self._with_resolved
        self._list()

    def _list(self) -> None:
        resolved = self._with_resolved
        self.show_crumbs(*(("Events", "all letters") if resolved else ("Events",)))
        self.grid.show(self.pages(lambda shop: events_data.letter_source(shop, resolved)))

    def _again(self) -> None:
        if self.is_current and self.shop is not None:
            self._look()

    def _look(self) -> None:
        self.load(events_data.status, then=self._show, group="status", doing="reading the relay's status")

    def _show(self, status: RelayStatus) -> None:
        self.relay.show(*relay_state(status))
        self.topics.show(lambda width: topic_lines(status, width))
        self.status.facts(f"{status.dead_letters:,} open · newest first")
        if self._open_letters not in (None, status.dead_letters):
            self.grid.reload()
        self._open_letters = status.dead_letters

    def on_grid_row_moved(self, event: Grid.RowMoved) -> None:
        """Show the letter under the bar beside the list."""
        row: DeadLetterRow | None = event.row
        self.beside.show(lambda width: letter_lines(row, width) if row is not None else (), keep=False)
        self.refresh_keys()

    def on_grid_marks_changed(self, event: Grid.MarksChanged) -> None:
        """What can be done depends on what is marked."""
        self.refresh_keys()

    def on_grid_row_chosen(self, event: Grid.RowChosen) -> None:
        """Show all of it."""
        verbs = () if self.grid.marks.keys else self.ACTIONS  # with marks the verbs mean those, not this one
        entries = [
            (key, action)
            for action in verbs
            for key in self.shell.keys_of(action)[:1]
            if action.name in _TO_LETTERS and not self.shell.why_not(action)
        ]
        self.shell.overlay(LetterOverlay(event.row, entries), lambda action: self.shell.do(action) if action else None)

    # -- what is done -----------------------------------------------------------------------------------------------

    def _chosen(self) -> tuple[int, ...]:
        return tuple(row.event_id for row in self.grid.chosen if not row.resolution)

    def edit_letter(self) -> None:
        """Mend topic, key and content of the letter under the bar."""
        row = self.grid.current
        if row is not None:
            self.shell.overlay(_edit_form(row), lambda edited: self._done("mended: p replays it") if edited else None)

    def replay(self) -> None:
        """Have the chosen letters handled again."""
        chosen, key = self._chosen(), str(new_id())
        one = len(chosen) == 1
        self.shell.confirm(
            f"Hands {'this event' if one else f'{len(chosen):,} events'} to the relay again"
            f"{'' if one else ', the oldest first'}, with all tries.",
            lambda: self.load(
                events_data.replay,
                chosen,
                key,
                then=lambda done: self._done(f"{len(done.event_ids):,} replayed"),
                group="write",
                doing="replaying",
            ),
        )

    def discard(self) -> None:
        """Let the chosen letters go, with a reason."""
        chosen, key = self._chosen(), str(new_id())

        def save(shop: Shop, values: dict[str, str]) -> Any:
            return events_data.discard(shop, chosen, values["reason"], key)

        what = "this event" if len(chosen) == 1 else f"{len(chosen):,} events"
        form = FormOverlay(
            f"Lets {what} go unhandled; they stay on record.",
            [Field("reason", "Reason", required=True, placeholder="why they may go")],
            save,
            verb="discards",
        )
        self.shell.overlay(form, lambda done: self._done(f"{len(chosen):,} discarded") if done else None)

    def check(self) -> None:
        """Compare versions now."""
        self.status.say("comparing versions …")
        self.load(events_data.sample, then=self._checked, group="check", doing="comparing versions")

    def _checked(self, sample: ConsistencySample) -> None:
        if sample.consistent:
            self.status.say(f"{sample.sampled:,} compared, {sample.cached:,} of them cached: all the same", "good")
            return
        parts = {
            "behind in search": sample.search_behind,
            "not in search": sample.search_missing,
            "gone but in search": sample.search_ghosts,
            "stale in cache": sample.cache_stale,
        }
        told = ", ".join(f"{count:,} {what}" for what, count in parts.items() if count)
        self.status.say(f"{sample.sampled:,} compared: {told}", "bad")

    def _done(self, what: str) -> None:
        self.grid.clear_marks()
        self.status.say(what, "good")
        self.reload()


def _edit_form(row: DeadLetterRow) -> FormOverlay:
    key = str(new_id())
    fields = [
        SelectField("topic", "Topic", [Option(topic, topic) for topic in _topics(row)], value=row.topic, required=True),
        Field("key", "About", value=row.key, required=True, placeholder="an order's or a product's id"),
        Field("payload", "Content", value=json.dumps(row.payload, ensure_ascii=False), check=_is_object),
    ]

    def save(shop: Shop, values: dict[str, str]) -> Any:
        try:
            return events_data.edit(
                shop, row.event_id, values["topic"], values["key"], json.loads(values["payload"] or "{}"), key
            )
        except RecursionError:
            raise Invalid({"payload": "is nested too deeply"}) from None

    return FormOverlay(f"Event {row.event_id}: {row.reason[:60]}", fields, save)


def _topics(row: DeadLetterRow) -> list[str]:
    """Return the topics somebody reads, and first the letter's own."""
    return list(dict.fromkeys((row.topic, *TOPICS)))


def _is_object(text: str) -> str:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return "is not JSON"
    return "" if isinstance(found, dict) else "must be a JSON object: {…}"
