"""Drafts held until a date: keeping this one with its stock, and taking on one of the list.

What is held leaves the screen and stands in everybody's list; whoever takes it on has it alone, its stock still held,
until it is placed or thrown away.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from data.errors import Invalid
from data.ids import new_id, parse_id
from screens.forms.overlay import FormOverlay
from screens.new_order.data import Draft, hold_draft, read_held, release_held, take_held
from screens.new_order.extras import OrderExtras
from widgets.field import Field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data.orders.drafts.commands import DraftRow
    from data.orders.drafts.messages import HeldDraft
    from data.shop import Shop


#: How a sentence begins that tells what is missing; it leaves row 23 with the next thing that happens.
NOT_YET = "Not yet: "


def until_of(text: str, now: datetime) -> datetime:
    """Return the moment that days from now (``3``) or a date (``2026-06-01``, with a time or without) mean, in UTC.

    Raises ``Invalid`` on ``until``.
    """
    text = text.strip()
    if text.isdecimal() and len(text) < 4:
        return now + timedelta(days=int(text))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid({"until": "is days from now, like 3, or a date, like 2026-06-01"}) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


class HeldDrafts(OrderExtras):
    """The part of a new order that holds drafts and takes them on."""

    def __init__(self) -> None:
        super().__init__()
        #: the held draft this order was taken on from
        self.held: UUID | None = None

    def draft_content(self) -> dict[str, Any]:
        """Return what is typed, as a draft keeps it."""
        raise NotImplementedError

    def begin_anew(self) -> None:
        """Empty everything."""
        raise NotImplementedError

    def restored(self, draft: Draft) -> None:
        """Show a draft."""
        raise NotImplementedError

    def may_restore(self) -> bool:
        """Say whether nothing is typed."""
        raise NotImplementedError

    def hold(self) -> None:
        """Ask until when, and hold the draft and its stock."""
        if not self.lines.basket.lines:
            self.app.bell()
            self.status.say(f"{NOT_YET}a draft that holds stock has a line", "warn")
            return
        content, draft_id, key = self.draft_content(), self.held or new_id(), str(new_id())

        def save(shop: Shop, values: Mapping[str, str]) -> HeldDraft:
            return hold_draft(shop, draft_id, content, until_of(values["until"], datetime.now(UTC)), key)

        field = Field("until", "Until", value="2", required=True, placeholder="days from now, or 2026-06-01")
        self.shell.overlay(FormOverlay("Hold this draft and its stock", [field], save, verb="holds it"), self._was_held)

    def _was_held(self, held: HeldDraft | None) -> None:
        if held is None:
            return
        self.forget("keep")
        self.begin_anew()
        units = sum(line.quantity for line in held.content.lines)
        until = f"{held.held_until:%Y-%m-%d %H:%M} UTC"
        self.status.say(f"Held until {until}, {units} unit{'' if units == 1 else 's'} · ^R shows the drafts", "good")

    def show_drafts(self) -> None:
        """Show the held drafts of everybody, to take one on."""
        self.load(read_held, then=self._drafts_asked_for, failed=self.not_found, group="drafts")

    def offer_drafts(self) -> None:
        """Show the held drafts while nothing is typed."""
        self.load(read_held, then=self._drafts_read, failed=lambda error: None, group="drafts")

    def _drafts_asked_for(self, rows: tuple[DraftRow, ...]) -> None:
        if not rows:
            self.status.say("No draft is held")
        self._drafts_read(rows)
        if rows and self.may_restore():
            self.chooser.focus()

    def _drafts_read(self, rows: tuple[DraftRow, ...]) -> None:
        if rows and self.may_restore():
            self.chooser.show_drafts(rows)

    def take_on(self, row: DraftRow) -> None:
        """Take a held draft on, where nothing is typed that it would push aside."""
        if not self.may_restore():
            self.status.say("Place or throw away what is typed first", "warn")
            return
        key = str(new_id())
        self.load(take_held, row.draft_id, key, then=self.restored, group="draft", doing="taking the draft on")

    def let_go(self) -> None:
        """Let the stock of the draft go that this order was taken on from."""
        if self.held is not None:
            self.load(release_held, self.held, group="release")

    def restore_held(self, kept: Any) -> None:
        """Know again which held draft this was."""
        self.held = parse_id(str(kept)) if kept else None
