"""What a mapping file says: which field of a row becomes what of a product. The language is told in docs/import.md.

Read strictly: an unknown key, a template that cannot be read or a rule without its field is an error that names the
key, before the first row is touched.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from data.catalog.imports.templates import Template, parse_template
from data.errors import Invalid, NotFound
from data.structs import convert

#: What ``[fields]`` may name besides ``sku``, ``brand`` and ``category``, which have sections of their own.
TARGETS = frozenset(
    {
        "title",
        "description",
        "base_price",
        "currency",
        "discount_percentage",
        "tax_inclusive",
        "status",
        "barcode",
        "supplier_id",
        "primary_image",
        "additional_images",
        "videos",
        "meta_title",
        "meta_description",
        "keywords",
    }
)


class SkuRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the SKU comes from. ``hash_without`` names the fields that ``{hash}`` does not look at (a price changes).

    ``repeats``: what the second row with a SKU is: an ``error``, or ``numbered`` (``RAM-7K3MQ2X-2``).
    """

    template: str | tuple[str, ...] = "{sku}"
    repeats: str = "error"
    hash_without: tuple[str, ...] = ()


class BrandRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the brand comes from: a template, or the first word of a field unless it begins with one of ``names``."""

    template: str | tuple[str, ...] = ""
    first_word_of: str = ""
    names: tuple[str, ...] = ()


class CategoryRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the category comes from: one ``path`` (``A > B > C``), or one template for each of its levels."""

    path: str | tuple[str, ...] = ""
    levels: tuple[str, ...] = ()


class AttributesRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which fields become attributes: all that nothing else took, but for those ``leave`` names (``*`` and ``?`` go).

    ``rename`` maps a field's name to the attribute's; ``prefix`` is cut off the front of a name. ``labels`` and
    ``units`` are saved with the category. ``read_text`` reads numbers, yes/no and lists out of the text of CSV cells.
    """

    leave: tuple[str, ...] = ()
    rename: dict[str, str] = {}
    prefix: str = ""
    labels: dict[str, str] = {}
    units: dict[str, str] = {}
    read_text: bool = True


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is different for the rows of one file, by the file's name without its ending."""

    category: tuple[str, ...] = ()
    fields: dict[str, str | tuple[str, ...]] = {}
    labels: dict[str, str] = {}
    units: dict[str, str] = {}
    #: values that templates may use like fields of the row: ``prefix = "RAM"``
    values: dict[str, str | int | float | bool] = {}


class ProductMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole mapping. Every template may be a list of them: the first that the row can fill is taken."""

    fields: dict[str, str | tuple[str, ...]] = {}
    sku: SkuRule = SkuRule()
    brand: BrandRule = BrandRule()
    category: CategoryRule = CategoryRule()
    attributes: AttributesRule = AttributesRule()
    tables: dict[str, Table] = {}


def load_mapping(path: Path | None) -> ProductMapping:
    """Return the mapping in the TOML file at ``path``, or the one for rows in our own words where there is none.

    Raises ``NotFound`` for a missing file and ``Invalid`` naming the key that is wrong.
    """
    file = path or Path(__file__).with_name("default.toml")
    return parse_mapping(read_mapping(file), name=file.name)


def read_mapping(file: Path) -> dict[str, Any]:
    """Return what the TOML ``file`` says. Raises ``NotFound`` for a missing one and ``Invalid`` naming the file."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound("mapping", str(file)) from None
    except OSError as error:
        raise Invalid({file.name: f"cannot be read: {error.strerror}"}) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid({file.name: f"is not TOML: {error}"}) from error


def parse_mapping(content: Mapping[str, Any], *, name: str = "mapping") -> ProductMapping:
    """Return the mapping that ``content`` says. Raises ``Invalid`` naming file and key."""
    try:
        mapping = convert(dict(content), ProductMapping)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        raise Invalid({f"{name} {where.strip('`.')}".strip(): what}) from None
    for place, rules in {
        "fields": mapping.fields,
        **{f"tables.{t}.fields": r.fields for t, r in mapping.tables.items()},
    }.items():
        unknown = sorted(set(rules) - TARGETS)
        if unknown:
            raise Invalid(
                {f"{name} {place}.{unknown[0]}": f"is no field of a product; there are {', '.join(sorted(TARGETS))}"}
            )
    if mapping.sku.repeats not in {"error", "numbered"}:
        raise Invalid({f"{name} sku.repeats": 'must be "error" or "numbered"'})
    if mapping.category.path and mapping.category.levels:
        raise Invalid({f"{name} category": "takes path or levels, not both"})
    if any(len(table.category) > 3 for table in mapping.tables.values()):
        raise Invalid({f"{name} tables": "a category has at most three levels"})
    return mapping


def templates(given: str | tuple[str, ...], *, where: str) -> tuple[Template, ...]:
    """Return one template or several as templates; empty text is none. Raises ``Invalid`` naming ``where``."""
    texts = (given,) if isinstance(given, str) else given
    return tuple(parse_template(text, where=where) for text in texts if text)
