"""Opening the shop for one verb, and closing it whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cli.answer import plain
from cli.narration import Narrator
from data.errors import Denied
from data.settings import load_settings

if TYPE_CHECKING:
    from data.command import Command
    from data.door import Done
    from data.shop import Shop

__all__ = ["carry_out", "done_document", "opened_shop", "require"]


@contextmanager
def opened_shop(permission: str = "") -> Iterator[Shop]:
    """Open the shop as the configured actor, starting the local engines where none run; close it at the end.

    ``permission`` is what a reading verb needs; writes are checked by the door. Raises ``Invalid`` for wrong settings,
    ``Unavailable`` for PostgreSQL or the host, ``Denied``.
    """
    from data.shop import open_shop

    settings = load_settings()
    with Narrator() as narrate:
        shop = open_shop(settings, report=narrate)
    try:
        if permission:
            require(shop, permission)
        yield shop
    finally:
        shop.close()


def require(shop: Shop, permission: str) -> None:
    """Raise ``Denied`` unless the actor may do what is not a command of the door (reads, care of caches)."""
    if not shop.actor.may(permission):
        raise Denied(shop.actor.email, permission)


def carry_out(command: Command, key: str | None) -> Done[Any]:
    """Open the shop and take ``command`` through its door."""
    with opened_shop() as shop:
        return shop.door.run(command, shop.actor, key=key)


def done_document(done: Done[Any]) -> dict[str, Any]:
    """Return the result of a write with the key it can be sent again with, and whether it had been done before."""
    return {**plain(done.result), "idempotency_key": done.key, "replayed": done.replayed}
