"""How the relay's status and one dead letter are laid out in lines. Pure."""

from __future__ import annotations

import json
from textwrap import wrap
from typing import TYPE_CHECKING

from data.types import StatusMark
from screens.shown import exact, when
from widgets.cells import Cell, Column
from widgets.line import Piece
from widgets.sheet import SheetLine, facts, heading, table_heading, table_row
from widgets.text import visible

if TYPE_CHECKING:
    from data.events.reads import Consistency, DeadLetterRow, RelayStatus, TopicStatus

LETTERS = (
    Column("died_at", "Died", 9),
    Column("topic", "Topic", 8),
    Column("key", "About", 10, flex=1),
    Column("kind", "What", 8, min_total=140),
    Column("attempts", "Tries", 5, right=True, min_total=100),
    Column("state", "State", 11),
    Column("reason", "Reason", 24, flex=6),
)
_TOPICS = (
    Column("topic", "Topic", 9),
    Column("lag", "Lag", 7, right=True),
    Column("depth", "Waiting", 7, right=True),
    Column("handled", "Handled", 9, right=True),
    Column("skipped", "Skipped", 7, right=True),
    Column("failed", "Failed", 6, right=True),
    Column("last_error", "Last error", 8, flex=1),
)
#: From this lag on somebody should look (seconds).
_LATE = 10.0
_STATES = {
    "": StatusMark("●", "open", "bad"),
    "replayed": StatusMark("↺", "replayed", "good"),
    "discarded": StatusMark("✗", "discarded", "muted"),
}


def letter_state(row: DeadLetterRow) -> StatusMark:
    """Return the mark of what became of a letter."""
    return _STATES.get(row.resolution, StatusMark("?", row.resolution))


def letter_cells(row: DeadLetterRow) -> tuple[Cell, ...]:
    """Return one dead letter as the list shows it."""
    return (when(row.died_at), row.topic, row.key, row.kind, row.attempts, letter_state(row), row.reason)


def relay_state(status: RelayStatus) -> tuple[list[Piece], list[Piece]]:
    """Return the two ends of row 2: who leads, and how well search and cache follow the catalog."""
    if status.running:
        left = [Piece("● works", "good"), Piece(f" · led by {status.leader}")]
    else:
        left = [Piece("✗ no relay runs", "bad"), Piece(" · storekeeper relay run")]
    if status.cache_behind:
        left.append(Piece(" · caches catch up", "warn"))
    return left, _sampled(status.consistency)


def _sampled(found: Consistency | None) -> list[Piece]:
    if found is None:
        return [Piece("versions not sampled yet", "muted")]
    tone = "bad" if found.wrong else "good"
    mark = f"▲ {found.wrong:,} of {found.sampled:,} behind" if found.wrong else f"● {found.sampled:,} sampled, 0 behind"
    return [Piece(mark, tone), Piece(f" · {when(found.at)}", "muted")]


def topic_lines(status: RelayStatus, width: int) -> list[SheetLine]:
    """Return the table of topics."""
    rows = [table_row(_TOPICS, _topic(topic), width) for topic in status.topics]
    return [table_heading(_TOPICS, width), *rows]


def _topic(topic: TopicStatus) -> tuple[Cell, ...]:
    lag = f"{topic.lag_seconds:.1f} s" if topic.lag_seconds < _LATE else f"▲ {topic.lag_seconds:,.0f} s"
    error = f"{when(topic.last_error_at)}: {topic.last_error}" if topic.last_error else ""
    # The change stream has no queue that could be counted.
    depth = "–" if topic.topic == "products" and not topic.depth else topic.depth
    return (topic.topic, lag, depth, topic.handled, topic.skipped, topic.failed, error)


def letter_lines(row: DeadLetterRow, width: int) -> list[SheetLine]:
    """Return all of one dead letter: what it is, why it died, its content."""
    became = f"{row.resolution} {exact(row.resolved_at)}" if row.resolved_at else "waits for a person"
    return [
        heading(f"Event {row.event_id}", width, str(letter_state(row))),
        *facts(
            [
                ("Topic", row.topic),
                ("About", row.key),
                ("What", row.kind),
                ("Written", exact(row.created_at)),
                ("Died", f"{exact(row.died_at)}, after {row.attempts:,} tries"),
                ("Now", became),
            ],
            label_width=9,
        ),
        heading("Reason", width),
        *_wrapped(row.reason, width),
        heading("Content", width),
        *_wrapped(json.dumps(row.payload, ensure_ascii=False, indent=1), width),
    ]


def _wrapped(text: str, width: int) -> list[SheetLine]:
    """Return ``text`` in lines of at most ``width``, every one inert."""
    room = max(width, 20)
    return [
        SheetLine((Piece(part),))
        for line in text.splitlines() or [""]
        for part in wrap(visible(line), room, drop_whitespace=False) or [""]
    ]
