"""``storekeeper search reindex``."""

from __future__ import annotations

import click

from cli.answer import Answer
from cli.narration import say
from cli.options import Noun, with_key
from cli.session import done_document, opened_shop


@click.group(cls=Noun, name="search")
def command() -> None:
    """Rebuild the search index."""


@command.command()
@click.option("--timeout", type=click.FloatRange(0, 86_400), default=600.0, show_default=True, metavar="SECONDS")
@with_key
def reindex(timeout: float, key: str | None) -> Answer:
    """Build the search index anew from the catalog, beside the old one, and wait for it; exits 8 where it takes longer.

    The relay does it, so that events and searches go on meanwhile.
    """
    from data.events.rebuild import RebuildSearch, await_rebuild

    with opened_shop() as shop:
        done = shop.door.run(RebuildSearch(), shop.actor, key=key)
        say("The relay builds the index.")
        finished = await_rebuild(shop, done.result.rebuild_id, timeout)
        count = shop.stores.search.count() if finished else None
    sentence = f"{count:,} products are indexed." if finished else f"Not done within {timeout:g} s; the relay goes on."
    document = {**done_document(done), "finished": finished, "products": count}
    return Answer(document, lambda: [sentence], exit_code=0 if finished else 8)
