"""``storekeeper categories list|save|move|order``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from cli.answer import Answer, plain
from cli.columns import shown
from cli.options import Noun, with_key
from cli.session import carry_out, done_document, opened_shop
from data.errors import Invalid

if TYPE_CHECKING:
    from data.catalog.types import Category


@click.group(cls=Noun, name="categories")
def command() -> None:
    """The tree of categories: list, save, move or rename, put in order."""


@command.command("list")
@click.option("--active", is_flag=True, help="Only those that take products.")
def list_(active: bool) -> Answer:
    """List the tree, parents before children."""
    from data.catalog.reads import category_tree

    with opened_shop("catalog.view") as shop:
        tree = category_tree(shop.stores.mongo, active_only=active)
    return Answer({"categories": plain(tree)}, lambda: _lines(tree))


def _lines(tree: Iterable[Category]) -> Iterable[str]:
    for node in tree:
        closed = "" if node.is_active else "  (closed)"
        yield f"{'  ' * (node.level - 1)}{shown(node.name)}{closed}"


@command.command()
@click.argument("path")
@click.option("--description", metavar="TEXT")
@click.option("--active/--closed", "is_active", default=None, help="Whether it takes products.")
@with_key
def save(path: str, description: str | None, is_active: bool | None, key: str | None) -> Answer:
    """Create or change the category PATH ('Electronics > Computers'); its parents are created as needed."""
    from data.catalog.messages import SaveCategory

    given: dict[str, Any] = {"description": description, "is_active": is_active}
    command = SaveCategory(path=_names(path), **{name: value for name, value in given.items() if value is not None})
    done = carry_out(command, key)
    said = "created" if done.result.created else "saved"
    return Answer(done_document(done), lambda: [f"{shown(done.result.path)}: {said}"])


@command.command()
@click.argument("path")
@click.argument("to")
@with_key
def move(path: str, to: str, key: str | None) -> Answer:
    """Give the category PATH the path TO: another parent, another name, or both. Its products follow."""
    from data.catalog.category_messages import MoveCategory

    done = carry_out(MoveCategory(path=_names(path), to=_names(to)), key)
    return Answer(
        done_document(done), lambda: [f"{shown(done.result.path)}: moved with {done.result.products:,} products"]
    )


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@click.option("--parent", default="", metavar="PATH", help="Default: the outermost categories.")
@with_key
def order(names: tuple[str, ...], parent: str, key: str | None) -> Answer:
    """Put the categories below one parent in the order of their NAMEs; those not named follow."""
    from data.catalog.category_messages import OrderCategories

    done = carry_out(OrderCategories(parent=_names(parent) if parent else (), names=names), key)
    return Answer(done_document(done), lambda: [f"{done.result.changed:,} moved"])


def _names(path: str) -> tuple[str, ...]:
    from data.catalog.fields import check_category

    try:
        names: tuple[str, ...] = check_category(path)
    except ValueError as reason:
        raise Invalid({"path": str(reason)}) from None
    return names
