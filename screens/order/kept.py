"""What was begun about an order and not finished: forms and boxes kept in files. Every function runs in a thread.

One file for each thing begun, with the key it will be done under: whoever comes back after a killed terminal does it
once, even where it had been done and only the answer was lost.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from data.shop import Shop

#: The families of drafts about one order: edits, which know more, and everything else that is begun.
EDITS = "order-edit-"
FAMILY = "order-begun-"


class Keep(NamedTuple):
    """What is begun: about which order, called what, by which key one goes on; ``part`` tells several of one kind
    apart (a return's id)."""

    order_number: str
    label: str
    key: str
    part: str = ""

    @property
    def name(self) -> str:
        """The draft's name, the order first."""
        return f"{FAMILY}{self.order_number}-{'-'.join(filter(None, (self.label.replace(' ', '_'), self.part)))}"


@dataclass(frozen=True)
class Kept:
    """A draft read: ``content`` as it was kept, the idempotency ``key``; ``done`` where that key was used up since."""

    content: Mapping[str, Any]
    key: str
    done: bool = False


class Looked(NamedTuple):
    """What was looked for, ``None`` where there is nothing."""

    kept: Kept | None


def read_kept(shop: Shop, keep: Keep) -> Looked:
    """Return the draft of ``keep``. One that was done already is thrown away, and returned as done."""
    from data.drafts import load_draft
    from data.idempotency import results_under

    stored = load_draft(shop.settings.home, keep.name, shop.actor.email) or {}
    content, key = stored.get("content"), stored.get("key")
    if not isinstance(content, dict) or not isinstance(key, str) or not key.isprintable():
        return Looked(None)
    with shop.stores.postgres.reading() as connection:
        done = bool(results_under(connection, shop.actor.user_id, [key]))
    if done:
        drop_kept(shop, keep)
    return Looked(Kept(content, key, done))


def write_kept(shop: Shop, keep: Keep, content: Mapping[str, Any] | None, key: str) -> None:
    """Keep ``content``, ``None`` to forget it. A full disk must not stop the typing, so it is silent."""
    from data.drafts import save_draft

    if content is None:
        drop_kept(shop, keep)
        return
    told = {"order_number": keep.order_number, "label": keep.label, "go_on": keep.key}
    with contextlib.suppress(OSError):
        save_draft(shop.settings.home, keep.name, shop.actor.email, {**told, "content": dict(content), "key": key})


def drop_kept(shop: Shop, keep: Keep) -> None:
    """Forget the draft of ``keep``."""
    from data.drafts import clear_draft

    with contextlib.suppress(OSError):
        clear_draft(shop.settings.home, keep.name, shop.actor.email)


def begun(shop: Shop, order_number: str = "") -> tuple[Keep, ...]:
    """Return what the person began and did not finish, edits not, of one order or of all, newest first."""
    from data.drafts import list_drafts

    family = f"{FAMILY}{order_number}-" if order_number else FAMILY
    found = list_drafts(shop.settings.home, family, shop.actor.email)
    return tuple(Keep(*(str(one.get(name, "")) for name in ("order_number", "label", "go_on"))) for one in found)


def begun_of(shop: Shop, order_number: str) -> tuple[Keep, ...]:
    """Return what the person began to do to one order and did not finish, an edit first."""
    from data.drafts import load_draft

    edit = (load_draft(shop.settings.home, f"{EDITS}{order_number}", shop.actor.email) or {}).get("changes")
    return (*((Keep(order_number, "edit", "e"),) if edit else ()), *begun(shop, order_number))
