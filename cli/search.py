"""``storekeeper search …``: the search index built anew, its versions, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.answer import Answer, plain
from cli.columns import columns
from cli.narration import Narrator, say
from cli.options import Noun, with_key
from cli.session import done_document, opened_shop

if TYPE_CHECKING:
    from data.command import Command

_TIMEOUT = click.option(
    "--timeout", type=click.FloatRange(0, 86_400), default=600.0, show_default=True, metavar="SECONDS"
)


@click.group(cls=Noun, name="search")
def command() -> None:
    """Rebuild the search index, list its versions, and go back to the one before."""


@command.command()
@_TIMEOUT
@with_key
def reindex(timeout: float, key: str | None) -> Answer:
    """Build the search index anew from the catalog, beside the old one, and wait for it; exits 8 where it takes longer.

    The relay does it while events and searches go on. The new index takes over when it holds what the catalog holds;
    the old one is kept for `search rollback`.
    """
    from data.events.rebuild import RebuildSearch

    return _done(RebuildSearch(), "The relay builds the index.", timeout, key)


@command.command()
@_TIMEOUT
@with_key
def rollback(timeout: float, key: str | None) -> Answer:
    """Go back to the index before the present one, and wait for it; exits 8 where that takes longer.

    The relay brings it up to date with the catalog first. The present one is kept, so a second roll-back undoes this.
    """
    from data.events.rebuild import RollBackSearch

    return _done(RollBackSearch(), "The relay brings the index before the present one up to date.", timeout, key)


@command.command()
def versions() -> Answer:
    """List the index in use and the one before it, with the number of products in each."""
    with opened_shop("catalog.view") as shop:
        kept = shop.stores.search.versions_kept()
    return Answer(
        {"versions": plain(kept)},
        lambda: columns(
            ("VERSION", "PRODUCTS", "MADE", ""),
            [(one.name, one.products, one.made_at, "in use" if one.is_current else "before it") for one in kept],
        ),
    )


def _done(asked: Command, sentence: str, timeout: float, key: str | None) -> Answer:
    """Ask the relay for work on the index, and wait for it."""
    from data.events.waiting import await_rebuild

    with opened_shop() as shop, Narrator() as narrator:
        done = shop.door.run(asked, shop.actor, key=key)
        say(sentence)
        finished = await_rebuild(shop, done.result.rebuild_id, timeout, report=narrator)
        count = shop.stores.search.count() if finished else None
    told = f"{count:,} products are indexed." if finished else f"Not done within {timeout:g} s; the relay goes on."
    document = {**done_document(done), "finished": finished, "products": count}
    return Answer(document, lambda: [told], exit_code=0 if finished else 8)
