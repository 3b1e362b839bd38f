"""What the screen that edits an order asks of the data rooms. Every function runs in a thread."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from screens.new_order.data import refresh
from screens.order.kept import EDITS
from screens.order_edit.draft import EditDraft, read_changes

if TYPE_CHECKING:
    from data.orders.editing.facts import OrderFacts
    from data.orders.editing.messages import OrderEdited
    from data.orders.editing.units import Key
    from data.orders.offers import Offer
    from data.shop import Shop

#: The family of drafts: one for each order somebody edits.
FORM = EDITS


@dataclass(frozen=True)
class Opened:
    """An order opened for editing; ``restored`` where a draft of it was kept, ``done`` where that draft was confirmed
    before its terminal was lost, ``moved`` where somebody changed the order since.
    """

    draft: EditDraft
    restored: bool = False
    done: bool = False
    moved: bool = False


@dataclass(frozen=True)
class Fresh:
    """The order's version, the stock of its products and the products added, as they are now."""

    version: int
    free: dict[Key, int]
    offers: dict[str, Offer]


def open_edit(shop: Shop, ref: str) -> Opened:
    """Return the order as it is, with the kept draft of it where there is one."""
    from data.drafts import load_draft
    from data.orders.editing.reads import edited_with, read_editable

    now = read_editable(shop.stores, ref)
    content = load_draft(shop.settings.home, FORM + now.order.order_number, shop.actor.email)
    kept = read_changes(content) if content else None
    if kept is None:
        return Opened(EditDraft(now.order, now.free))
    order, changes, key = kept
    if edited_with(shop.stores, shop.actor.user_id, key):
        drop_draft(shop, now.order.order_number)
        return Opened(EditDraft(now.order, now.free), done=True)
    offers = refresh(shop, [one.sku for one in changes.add])
    known = tuple(one for one in changes.add if one.sku in offers)
    draft = EditDraft(order, now.free, offers=offers, key=key)
    draft = replace(draft, changes=changes).with_changes(add=known)
    return Opened(draft, restored=True, moved=order.version != now.order.version)


def look_again(shop: Shop, order_number: str, skus: Sequence[str]) -> Fresh:
    """Return version, stock and offers of this moment."""
    from data.orders.editing.reads import read_editable

    now = read_editable(shop.stores, order_number)
    return Fresh(now.order.version, now.free, refresh(shop, skus) if skus else {})


def read_order(shop: Shop, order_number: str) -> OrderFacts:
    """Return the order as it is now."""
    from data.orders.editing.reads import read_editable

    return read_editable(shop.stores, order_number).order


def keep_draft(shop: Shop, draft: EditDraft) -> None:
    """Keep the draft, or forget it where nothing is changed. A full disk must not stop the typing, so it is silent."""
    from data.drafts import save_draft

    if draft.empty:
        drop_draft(shop, draft.order.order_number)
        return
    with contextlib.suppress(OSError):
        save_draft(shop.settings.home, FORM + draft.order.order_number, shop.actor.email, draft.kept())


def drop_draft(shop: Shop, order_number: str) -> None:
    """Forget the draft of this order."""
    from data.drafts import clear_draft

    clear_draft(shop.settings.home, FORM + order_number, shop.actor.email)


def open_edits(shop: Shop) -> tuple[tuple[str, int], ...]:
    """Return (order number, changes) of each edit the person began and did not finish, newest first."""
    from data.drafts import list_drafts

    drafts = list_drafts(shop.settings.home, FORM, shop.actor.email)
    return tuple((str(one.get("order_number", "")), int(one.get("count", 0))) for one in drafts if one.get("changes"))


def review(shop: Shop, draft: EditDraft) -> OrderEdited:
    """Return what the edit would do: the real path, rolled back."""
    made: OrderEdited = shop.door.preview(_command(draft), shop.actor)
    return made


def confirm(shop: Shop, draft: EditDraft, shown: OrderEdited) -> OrderEdited:
    """Do it, if the order and its new total are still as they were ``shown``; the draft is done then."""
    command = _command(draft, expected_total=shown.now.total_amount)
    made: OrderEdited = shop.door.run(command, shop.actor, key=draft.key).result
    drop_draft(shop, draft.order.order_number)
    return made


def _command(draft: EditDraft, **more: Any) -> Any:
    from data.orders.editing.messages import EditOrder

    order = draft.order
    return EditOrder(order_id=order.order_id, changes=draft.changes, expected_version=order.version, **more)
