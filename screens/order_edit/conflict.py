"""An edit whose order or price moved meanwhile: asked field by field, then laid on the order as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from data.errors import Conflict
from data.orders.editing.conflict import clashes, rebased
from data.orders.editing.facts import OrderFacts
from data.structs import convert
from screens.base import AppScreen
from screens.conflict import Chosen, ConflictOverlay
from screens.order_edit.data import Opened, open_edit
from screens.order_edit.draft import EditDraft

if TYPE_CHECKING:
    from data.shop import Shop


class EditConflict(AppScreen):
    """The half of the edit screen that knows what to do about a ``Conflict``."""

    draft: EditDraft | None

    def put(self, draft: EditDraft, *, keep: bool = True) -> None:
        """Show ``draft`` from now on."""
        raise NotImplementedError

    def throw_away(self) -> None:
        """Forget the draft and begin with the order as it is now."""
        raise NotImplementedError

    def show_conflict(self, error: Conflict) -> None:
        """Show what they made of the order beside the edit; a price that moved alone is taken and told."""
        draft = self.draft
        if draft is None:
            return
        theirs = convert(error.current["order"], OrderFacts)
        if theirs.version == draft.order.version:
            self.status.say(f"{error} The new total is shown; ^S again does it", "bad")
            return
        # It may be this very edit, confirmed while the line to the store was lost.
        self.load(_was_it_mine, draft, then=lambda opened: self._compare(draft, theirs, opened), group="conflict")

    def _compare(self, draft: EditDraft, theirs: OrderFacts, opened: Opened) -> None:
        if opened.done:
            self.put(opened.draft, keep=False)
            self.status.say("Your edit was made by the try before; this is the order as it is", "good")
            return
        fields = clashes(draft.order, theirs, draft.changes, draft.added())
        title = f"Somebody changed {theirs.order_number} while you did: it is at version {theirs.version}."
        self.shell.overlay(ConflictOverlay(title, fields), lambda chosen: self._chosen(draft, theirs, opened, chosen))

    def _chosen(self, draft: EditDraft, theirs: OrderFacts, opened: Opened, chosen: Chosen | None) -> None:
        if chosen is None:
            self.status.say("Nothing is written; ^S shows the differences again", "warn")
        elif chosen.discard:
            self.throw_away()
        else:
            left = rebased(draft.order, theirs, draft.changes, chosen.give_up)
            self.put(replace(draft, order=theirs, changes=left, free=opened.draft.free))
            self.status.say("On the order as it is now, the totals computed again; nothing is written yet")


def _was_it_mine(shop: Shop, draft: EditDraft) -> Opened:
    """Return the order opened anew, and whether the edit under this key was made."""
    from data.orders.editing.reads import edited_with, read_editable

    now = read_editable(shop.stores, draft.order.order_number)
    if edited_with(shop.stores, shop.actor.user_id, draft.key):
        return replace(open_edit(shop, draft.order.order_number), done=True)
    return Opened(EditDraft(now.order, now.free))
