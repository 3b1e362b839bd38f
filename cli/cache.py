"""``storekeeper cache warm|status``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from cli.answer import Answer, plain
from cli.columns import pairs, shown
from cli.narration import Narrator
from cli.options import Noun
from cli.session import opened_shop, require

if TYPE_CHECKING:
    from data.caches.warm import CacheStatus, Warmed


@click.group(cls=Noun, name="cache")
def command() -> None:
    """Warm the product cache; what it holds."""


@command.command()
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, metavar="N")
def warm(limit: int) -> Answer:
    """Put the most popular products into the cache."""
    from data.caches.warm import warm as warm_products

    with opened_shop() as shop, Narrator() as narrate:
        require(shop, "cache.manage")
        warmed = warm_products(shop.stores, limit, report=narrate)
    return Answer(plain(warmed), lambda: _warmed_lines(warmed))


def _warmed_lines(warmed: Warmed) -> Iterable[str]:
    yield (
        f"{warmed.stored:,} of the {warmed.popular:,} most popular products stored in {warmed.took_ms:,.0f} ms"
        f" (by {shown(warmed.source)})"
    )


@command.command()
def status() -> Answer:
    """Say what the caches hold; exits 8 where Redis is away."""
    from data.caches.warm import cache_status

    with opened_shop() as shop:
        found = cache_status(shop)
    return Answer(plain(found), lambda: _lines(found), exit_code=0 if found.ok else 8)


def _lines(found: CacheStatus) -> Iterable[str]:
    if not found.ok:
        yield f"redis is not available: {shown(found.detail)}"
        return
    yield from pairs(
        {
            **{f"{family} keys": count for family, count in found.keys.items()},
            "keys in all": found.total_keys,
            "bytes used": found.used_bytes,
            "bytes allowed": found.limit_bytes or None,
            "evicted": found.evicted,
            "hit rate": None if found.hit_rate is None else f"{found.hit_rate:.1%}",
        }
    )
    if found.sampled:
        yield "There are too many keys to look at each: the counts by kind are of a sample."
