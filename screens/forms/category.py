"""Forms for a category: a new one, its description, another name or another parent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from data.ids import new_id
from screens.catalog.category_data import move_category, save_category
from screens.forms.overlay import FormOverlay
from widgets.field import Field
from widgets.suggest import SuggestField

if TYPE_CHECKING:
    from data.catalog.types import Category
    from data.shop import Shop

_SEPARATOR = " > "


def names_of(path: str) -> tuple[str, ...]:
    """Return the names of a path as people write it."""
    return tuple(part.strip() for part in path.split(">") if part.strip())


def path_of(names: Sequence[str]) -> str:
    """Return the path that ``names`` lead along, as people write it."""
    return _SEPARATOR.join(names)


def new_category_form(parent: str, paths: Sequence[str]) -> FormOverlay:
    """Return the form for a new category below ``parent``."""
    key = str(new_id())

    def save(shop: Shop, values: dict[str, str]) -> Any:
        return _named(save_category, shop, _path_of(values), {"description": values["description"]}, key)

    fields = [Field("name", "Name", required=True), _parent(parent, paths), Field("description", "Description")]
    return FormOverlay("New category", fields, save)


def describe_form(node: Category) -> FormOverlay:
    """Return the form for the description of ``node``."""
    key = str(new_id())

    def save(shop: Shop, values: dict[str, str]) -> Any:
        return _named(save_category, shop, names_of(node.path), {"description": values["description"]}, key)

    return FormOverlay(node.path, [Field("description", "Description", value=node.description)], save)


def move_form(node: Category, follow: str, paths: Sequence[str]) -> FormOverlay:
    """Return the form that gives ``node`` another name, another parent, or both; ``follow`` says what goes with it."""
    key = str(new_id())
    parent = path_of(names_of(node.path)[:-1])

    def save(shop: Shop, values: dict[str, str]) -> Any:
        return _named(move_category, shop, names_of(node.path), _path_of(values), key)

    outside = [path for path in paths if path != node.path and not path.startswith(node.path + _SEPARATOR)]
    fields = [Field("name", "Name", value=node.name, required=True), _parent(parent, outside)]
    title = f"Move or rename {node.path}"
    return FormOverlay(title, fields, save, verb="moves it", aside=lambda values: follow)


def _parent(value: str, paths: Sequence[str]) -> Field:
    def near(typed: str) -> list[str]:
        return [path for path in paths if typed.casefold() in path.casefold() and path.count(">") < 2]

    return SuggestField("to", "Below", near, value=value, placeholder="left empty: an outermost one")


def _path_of(values: dict[str, str]) -> tuple[str, ...]:
    """Return the path that is typed in two fields. Raises ``Invalid`` at the one that is wrong."""
    from data.errors import Invalid

    if ">" in values["name"]:
        raise Invalid({"name": "holds a '>', which stands between the levels: what is before it belongs into Below"})
    return (*names_of(values["to"]), values["name"])


def _named(write: Any, *arguments: Any) -> Any:
    """Call ``write``; a refused path is said under the field that it comes from."""
    from data.errors import Invalid

    try:
        return write(*arguments)
    except Invalid as error:
        raise Invalid({"name" if name == "path" else name: why for name, why in error.fields.items()}) from None
