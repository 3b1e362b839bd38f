"""Opening the shop for one verb, and closing it whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.narration import Narrator
from data.settings import Settings, load_settings

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["load_settings", "opened_shop"]


@contextmanager
def opened_shop(settings: Settings | None = None) -> Iterator[Shop]:
    """Open the shop as the configured actor, starting the local engines where none run; close its stores at the end.

    Raises ``Invalid`` for wrong settings and ``Unavailable`` for a store that cannot be reached.
    """
    from data.shop import open_shop

    settings = settings or load_settings()
    with Narrator() as narrate:
        shop = open_shop(settings, report=narrate)
    try:
        yield shop
    finally:
        shop.stores.close()
