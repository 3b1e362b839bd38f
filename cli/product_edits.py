"""``storekeeper products create|edit|attributes|duplicate|archive|restore``: what changes one product."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from cli.answer import Answer
from cli.columns import shown
from cli.options import JsonCommand, with_key
from cli.session import carry_out, done_document

if TYPE_CHECKING:
    from data.catalog.messages import ProductEdited, ProductPut
    from data.door import Done

__all__ = ["archive", "attributes", "create", "duplicate", "edit", "restore"]

_expected = click.option(
    "--expected-version", type=int, metavar="N", help="Refuse (exit 5) unless the product has this version."
)


@click.command(cls=JsonCommand)
@click.argument("sku")
@click.option("--title", required=True, metavar="TEXT")
@click.option(
    "--set", "sets", multiple=True, metavar="PATH=VALUE", help="As in products edit: pricing.base_price=12.50."
)
@with_key
def create(sku: str, title: str, sets: tuple[str, ...], key: str | None) -> Answer:
    """Create a product. A SKU that another product has is refused (exit 3).

    With a price it is active, without one a draft, unless --set status=… says otherwise.
    """
    from data.catalog.messages import CreateProduct
    from data.command import parse_command

    document = _product_document({"sku": sku, "title": title} | dict(_assignment(text) for text in sets))
    done = carry_out(parse_command(CreateProduct, {"product": document}), key)
    return Answer(done_document(done), lambda: _made_lines(done))


def _product_document(given: dict[str, Any]) -> dict[str, Any]:
    """Return values by path as ``ProductInput`` names them. Raises ``Invalid`` by path."""
    from data.catalog.fields import check_attributes, check_fields
    from data.catalog.puts import INPUT_PATHS
    from data.errors import Invalid

    names = {path: name for name, path in INPUT_PATHS.items()}
    attributes = {path.removeprefix("attributes."): given[path] for path in given if path.startswith("attributes.")}
    fields = {path: value for path, value in given.items() if not path.startswith("attributes.")}
    # Checked before the command reads them: its words are about types, these are about fields.
    clean, wrong = check_fields(fields.items())
    wrong |= check_attributes(attributes)[1]
    wrong |= {path: "is no field of a new product" for path in clean if path not in names}
    if wrong:
        raise Invalid(wrong)
    if "category" in clean:
        fields["category"] = clean["category"]
    return {names[path]: value for path, value in fields.items()} | {"attributes": attributes}


@click.command(cls=JsonCommand)
@click.argument("ref")
@click.argument("sku")
@click.option("--title", default="", metavar="TEXT", help="Default: the original's.")
@with_key
def duplicate(ref: str, sku: str, title: str, key: str | None) -> Answer:
    """Copy the product REF (SKU or id) under the new SKU, as a draft without barcode and stock."""
    from data.catalog.messages import DuplicateProduct

    done = carry_out(DuplicateProduct(product_id=ref, sku=sku, title=title), key)
    return Answer(done_document(done), lambda: _made_lines(done))


def _made_lines(done: Done[ProductPut]) -> Iterable[str]:
    yield f"{shown(done.result.sku)}: {done.result.action}, id {done.result.product_id}"


@click.command(cls=JsonCommand)
@click.argument("ref")
@_expected
@with_key
def archive(ref: str, expected_version: int | None, key: str | None) -> Answer:
    """Take a product out of sale and out of the lists; nothing of it is lost."""
    from data.catalog.messages import ArchiveProduct

    done = carry_out(ArchiveProduct(product_id=ref, expected_version=expected_version), key)
    return Answer(done_document(done), lambda: _edited_lines(done))


@click.command(cls=JsonCommand)
@click.argument("ref")
@_expected
@with_key
def restore(ref: str, expected_version: int | None, key: str | None) -> Answer:
    """Bring an archived product back: active where it has a price, else a draft."""
    from data.catalog.messages import RestoreProduct

    done = carry_out(RestoreProduct(product_id=ref, expected_version=expected_version), key)
    return Answer(done_document(done), lambda: _edited_lines(done))


@click.command(cls=JsonCommand)
@click.argument("ref")
@click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="VALUE is JSON where it is JSON, else text.")
@click.option("--rename", "renames", multiple=True, metavar="OLD=NEW", help="Keep the value under another name.")
@click.option("--remove", "removes", multiple=True, metavar="NAME", help="Take the attribute away.")
@_expected
@with_key
def attributes(
    ref: str,
    sets: tuple[str, ...],
    renames: tuple[str, ...],
    removes: tuple[str, ...],
    expected_version: int | None,
    key: str | None,
) -> Answer:
    """Set, rename and remove attributes of one product (SKU or id), all in one write.

    --set color=null stores a null; --remove color takes the attribute away.
    """
    from data.catalog.fields import check_attributes
    from data.catalog.messages import EditAttributes
    from data.errors import Invalid

    if not (sets or renames or removes):
        raise click.UsageError("Say what to change: --set NAME=VALUE, --rename OLD=NEW or --remove NAME.")
    values = {name: _read(value) for name, value in (_parted(text, "--set") for text in sets)}
    if wrong := check_attributes(values)[1]:  # in the words of a field, as in create
        raise Invalid(wrong)
    command = EditAttributes(
        product_id=ref,
        sets=values,
        renames=dict(_parted(text, "--rename") for text in renames),
        removes=removes,
        expected_version=expected_version,
    )
    done = carry_out(command, key)
    return Answer(done_document(done), lambda: _edited_lines(done))


@click.command(cls=JsonCommand)
@click.argument("ref")
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="PATH=VALUE",
    help="As title=…, pricing.base_price=12.50, attributes.color=White.",
)
@click.option("--unset", "unsets", multiple=True, metavar="PATH", help="Delete an attribute, or empty a field.")
@click.option("--expected-version", type=int, metavar="N", help="Refuse (exit 5) unless the product has this version.")
@with_key
def edit(
    ref: str, sets: tuple[str, ...], unsets: tuple[str, ...], expected_version: int | None, key: str | None
) -> Answer:
    """Change fields of one product (SKU or id).

    A VALUE of an attribute, a list or a yes/no field is read as JSON where it is JSON: 16, true, null, ["a", "b"],
    "16" (a text); any other is text.
    """
    from data.catalog.messages import EditProduct

    changes: dict[str, object] = dict(_assignment(text) for text in sets)
    changes |= dict.fromkeys(unsets, None)
    if not changes:
        raise click.UsageError("Say what to change: --set PATH=VALUE or --unset PATH.")
    done = carry_out(EditProduct(product_id=ref, changes=changes, expected_version=expected_version), key)
    return Answer(done_document(done), lambda: _edited_lines(done))


#: Fields that are no text; those under ``attributes.`` may be anything too.
_TYPED = frozenset({"pricing.tax_inclusive", "media.additional_images", "media.videos", "seo.keywords"})


def _assignment(text: str) -> tuple[str, Any]:
    path, value = _parted(text, "--set")
    return path, _read(value) if path in _TYPED or path.startswith("attributes.") else value


def _read(value: str) -> Any:
    """Return ``value`` as the JSON it is, else as text."""
    import msgspec

    from data.structs import decode

    try:
        return decode(value)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return value


def _parted(text: str, option: str) -> tuple[str, str]:
    """Return the two sides of ``PATH=VALUE``."""
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise click.BadParameter(f"{text!r} is not PATH=VALUE, like attributes.color=White.", param_hint=option)
    return path.strip(), value


def _edited_lines(done: Done[ProductEdited]) -> Iterable[str]:
    edited = done.result
    changed = shown(edited.changed) if edited.changed else "nothing"
    yield f"{shown(edited.sku)}: {changed} changed, version {edited.version}"
