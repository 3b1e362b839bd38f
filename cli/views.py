"""``storekeeper views list|save|remove``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cli.answer import Answer, plain
from cli.columns import columns, shown
from cli.options import Noun, with_key
from cli.session import carry_out, done_document, opened_shop
from data.views.rules import NOUNS

if TYPE_CHECKING:
    from uuid import UUID

    from data.estimate import Approximate
    from data.shop import Shop
    from data.views.reads import View

_of_list = click.option(
    "--of",
    "--noun",
    "noun",
    type=click.Choice(NOUNS),
    default=NOUNS[0],
    show_default=True,
    help="The list the view is of.",
)


@click.group(cls=Noun, name="views")
def command() -> None:
    """List, save and remove views: a list's query under a name, one's own or shared."""


@command.command(name="list")
@_of_list
def list_(noun: str) -> Answer:
    """List one's own views, the shared ones and those built in; of orders with about how many each finds."""
    from data.views.reads import list_views

    with opened_shop() as shop:
        views = list_views(shop.stores.postgres, noun, shop.actor.user_id)
        counts = _counts(shop, views.views) if noun == "orders" else {}
    rows = [(view.key, view.name, view.whose, str(counts.get(view.view_id, "")), view.query) for view in views.views]
    named = [{**plain(view), "about": plain(counts.get(view.view_id))} for view in views.views]
    return Answer({"views": named}, lambda: columns(("key", "name", "for", "about", "query"), rows))


def _counts(shop: Shop, views: Sequence[View]) -> dict[UUID, Approximate]:
    from data.orders.views import count_views

    return count_views(shop, views)


@command.command()
@click.argument("name")
@click.argument("query", default="")
@_of_list
@click.option("--on", "digit", type=click.IntRange(1, 9), metavar="1-9", help="The key that opens it.")
@click.option("--shared", is_flag=True, help="For everybody.")
@click.option("--columns", "shown_columns", default="", metavar="A,B", help="The columns to show, in order.")
@with_key
def save(
    name: str, query: str, noun: str, digit: int | None, shared: bool, shown_columns: str, key: str | None
) -> Answer:
    """Keep QUERY under NAME; a view of that name is replaced."""
    from data.views.messages import SaveView

    names = tuple(filter(None, (part.strip() for part in shown_columns.split(","))))
    view = SaveView(noun=noun, called=name, query=query, columns=names, key=digit, shared=shared)
    done = carry_out(view, key)
    said = "saved" if done.result.created else "replaced"
    return Answer(done_document(done), lambda: [f"view {shown(done.result.name)} {said}"])


@command.command()
@click.argument("name")
@_of_list
@with_key
def remove(name: str, noun: str, key: str | None) -> Answer:
    """Remove the view NAME: one's own, or else the shared one of that name."""
    from data.views.messages import RemoveView

    with opened_shop() as shop:
        view = find_view(shop, noun, name)
        done = shop.door.run(RemoveView(view_id=view.view_id), shop.actor, key=key)
    return Answer(done_document(done), lambda: [f"view {shown(done.result.name)} removed"])


def find_view(shop: Shop, noun: str, name: str) -> View:
    """Return the view of that name. Raises ``NotFound``."""
    from data.errors import NotFound
    from data.views.reads import list_views

    view = list_views(shop.stores.postgres, noun, shop.actor.user_id).named(name)
    if view is None:
        raise NotFound("view", name)
    return view
