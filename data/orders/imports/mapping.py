"""What a mapping of orders says: which field of a row becomes what. Templates are those of ``docs/import.md``.

Read strictly: an unknown key or a template that cannot be read is an error that names the key, before the first row.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from data.catalog.imports.mapping import read_mapping, templates
from data.catalog.imports.templates import MissingFieldError, Template, is_blank
from data.errors import Invalid
from data.structs import convert

__all__ = ["FIELDS", "LINE_FIELDS", "OrderMapping", "first_of", "load_order_mapping", "parsed"]

#: what ``[fields]`` may name
FIELDS = frozenset(
    {
        *("reference", "email", "first_name", "last_name", "phone", "placed_at", "shipping_method", "payment_method"),
        *("notes", "channel", "expected_total", "street_address", "city", "state", "postal_code", "country"),
    }
)
#: what ``[line]`` may name
LINE_FIELDS = frozenset({"sku", "quantity", "warehouse_id"})


class OrderMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole mapping. Every template may be a list of them: the first that the row can fill is taken.

    ``lines`` is the field of a row that holds the list of its lines; a row without it is itself one line.
    """

    fields: dict[str, str | tuple[str, ...]] = {}
    line: dict[str, str | tuple[str, ...]] = {}
    lines: str = "lines"


def load_order_mapping(path: Path | None = None) -> OrderMapping:
    """Return the mapping in the TOML file at ``path``, or the one for rows in our own words where there is none.

    Raises ``NotFound`` for a missing file and ``Invalid`` naming the key that is wrong.
    """
    file = path or Path(__file__).with_name("default.toml")
    content = read_mapping(file)
    try:
        mapping = convert(content, OrderMapping)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        raise Invalid({f"{file.name} {where.strip('`.')}".strip(): what}) from None
    for section, given, known in (("fields", mapping.fields, FIELDS), ("line", mapping.line, LINE_FIELDS)):
        for name in sorted(set(given) - known):
            raise Invalid({f"{file.name} {section}.{name}": f"is no field; there are {', '.join(sorted(known))}"})
    for name, given in (("reference", mapping.fields), ("email", mapping.fields), ("sku", mapping.line)):
        if name not in given:
            raise Invalid({f"{file.name} {name}": "must be said"})
    return mapping


def parsed(given: dict[str, str | tuple[str, ...]], section: str) -> dict[str, tuple[Template, ...]]:
    """Return each field's templates, read once. Raises ``Invalid`` naming the one that cannot be read."""
    return {name: templates(text, where=f"{section}.{name}") for name, text in given.items()}


def first_of(candidates: tuple[Template, ...], row: dict[str, object]) -> object:
    """Return what the first of ``candidates`` that ``row`` can fill says, ``None`` where none can."""
    for template in candidates:
        try:
            value: object = template.value(row)
        except MissingFieldError:
            continue
        if not is_blank(value):
            return value
    return None
