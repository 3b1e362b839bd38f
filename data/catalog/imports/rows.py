"""From a row of a file to a product, by a mapping. Pure but for what it has seen: the SKUs of this run.

The SKUs of a run are remembered to find repeats: about 100 bytes a row, the only thing that grows with a file.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import msgspec

from data.catalog.fields import check_category
from data.catalog.imports.files import RawRow
from data.catalog.imports.mapping import ProductMapping, Table, templates
from data.catalog.imports.templates import MissingFieldError, Template, is_blank, spoken
from data.catalog.messages import ProductInput
from data.catalog.puts import check_input
from data.catalog.rules import flatten
from data.catalog.types import AttributeDef
from data.ids import ALPHABET
from data.structs import decode

#: From the symbols of RFC 4648 to those of our ids, which a person can tell apart.
_SYMBOLS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode())
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,15})?")
_WORDS = {"true": True, "yes": True, "false": False, "no": False}
_AMOUNTS = frozenset({"base_price", "discount_percentage"})
#: Targets that keep the kind of value the row has; the others become text.
_KEPT = _AMOUNTS | {"tax_inclusive", "additional_images", "videos", "keywords"}
#: Parts of a document: one that is null says nothing, and is no attribute of that name.
_PARTS = frozenset({"attributes", "pricing", "inventory", "media", "seo"})


class RowError(ValueError):
    """The row cannot become a product; the message is one sentence for the person who has the file."""


@dataclass(frozen=True)
class _Plan:
    """A mapping made ready for the rows of one table."""

    fields: Mapping[str, tuple[Template, ...]]
    sku: tuple[Template, ...]
    brand: tuple[Template, ...]
    category: tuple[tuple[Template, ...], ...]
    fixed_category: tuple[str, ...]
    values: Mapping[str, Any]
    #: fields of the row that a rule hands on whole, so they are no attributes
    taken: frozenset[str]
    needs_hash: bool


@dataclass(frozen=True)
class MappedRow:
    """What a row became: the product as a command takes it, and the same as a checked patch (path → value)."""

    product: ProductInput
    patch: Mapping[str, Any]


class RowMapper:
    """Turns the rows of one run into products. Not for several threads at once."""

    def __init__(self, mapping: ProductMapping) -> None:
        self._mapping = mapping
        self._plans: dict[str, _Plan] = {}
        self._seen: dict[str, int] = {}
        self._brands = _by_first_word(mapping.brand.names)
        self._attribute_name = lru_cache(maxsize=4096)(self._name_attribute)
        for table in mapping.tables:  # a template that cannot be read is found before the first row
            self._plan_for(table)
        self._plan_for("")

    def map(self, raw: RawRow) -> MappedRow:
        """Return the product that the row describes, checked. Raises ``RowError``."""
        if raw.reason:
            raise RowError(raw.reason)
        plan = self._plan_for(raw.source.table)
        row = flatten(raw.fields)
        known = {**row, **plan.values, "table": raw.source.table, "row": raw.line}
        if plan.needs_hash:
            known["hash"] = self._hash(raw.source.table, row)
        values = {target: value for target, ways in plan.fields.items() if (value := _first(ways, known)) is not None}
        return self._checked(
            {
                "sku": spoken(_first(plan.sku, known, needed="sku")),
                "category": self._category(plan, known),
                "brand": self._brand(plan, known),
                "attributes": self._attributes(plan, row, _as_text(raw)),
                **{target: _fit(target, value) for target, value in values.items()},
            }
        )

    def definitions(self, table: str) -> tuple[tuple[str, ...], tuple[AttributeDef, ...]]:
        """Return the fixed category of ``table`` and how it speaks of its attributes; both may be empty."""
        rule, own = self._mapping.attributes, self._mapping.tables.get(table) or Table()
        labels, units = rule.labels | own.labels, rule.units | own.units
        # What the whole mapping says of an attribute counts for this table only where the table says it has it.
        names = list(dict.fromkeys([*own.labels, *own.units]))
        defined = tuple(AttributeDef(name, labels.get(name, ""), units.get(name, "")) for name in names)
        return own.category, defined

    def _plan_for(self, name: str) -> _Plan:
        plan = self._plans.get(name)
        if plan is None:
            plan = self._plans[name] = self._new_plan(name, self._mapping.tables.get(name) or Table())
        return plan

    def _new_plan(self, name: str, table: Table) -> _Plan:
        mapping = self._mapping
        given = {**mapping.fields, **table.fields}
        fields = {target: templates(way, where=f"fields.{target}") for target, way in given.items()}
        sku = templates(mapping.sku.template, where="sku.template")
        brand = templates(mapping.brand.template, where="brand.template")
        levels = mapping.category.levels or (mapping.category.path,)
        category = tuple(ways for level in levels if (ways := templates(level, where="category")))
        whole = [way.only_field for ways in [*fields.values(), sku, brand, *category] for way in ways]
        in_category = [name for ways in category for way in ways for name in way.fields]
        every = [name for ways in [*fields.values(), sku, brand, *category] for way in ways for name in way.fields]
        taken = frozenset([*filter(None, whole), *in_category])
        return _Plan(fields, sku, brand, category, table.category, table.values, taken, "hash" in every)

    def _category(self, plan: _Plan, known: Mapping[str, Any]) -> tuple[str, ...] | None:
        if plan.fixed_category:
            return plan.fixed_category
        parts = [spoken(part) for ways in plan.category if (part := _first(ways, known)) is not None]
        try:
            path: tuple[str, ...] = check_category(parts[0] if not self._mapping.category.levels and parts else parts)
        except ValueError as reason:
            raise RowError(f"category: {reason}") from None
        return path or None

    def _brand(self, plan: _Plan, known: Mapping[str, Any]) -> str | None:
        found = _first(plan.brand, known)
        if found is None and self._mapping.brand.first_word_of:
            text = known.get(self._mapping.brand.first_word_of)
            words = text.split() if isinstance(text, str) else []
            if words:
                longer = (name for name in self._brands.get(words[0].casefold(), ()) if _begins(words, name.split()))
                found = next(longer, words[0])
        return None if found is None else spoken(found)

    def _attributes(self, plan: _Plan, row: Mapping[str, Any], text: frozenset[str]) -> dict[str, Any]:
        """Return the attributes; the fields in ``text`` are cells, whose values have no kind of their own."""
        read = self._mapping.attributes.read_text
        out: dict[str, Any] = {}
        for field, value in row.items():
            name = None if field in plan.taken else self._attribute_name(field)
            if name is None or (field in text and is_blank(value)) or (value is None and field in _PARTS):
                continue
            out[name] = _read_text(value) if read and field in text else value
        return out

    def _name_attribute(self, field: str) -> str | None:
        rule = self._mapping.attributes
        if any(fnmatchcase(field, pattern) for pattern in rule.leave):
            return None
        return rule.rename.get(field, field.removeprefix(rule.prefix))

    def _hash(self, table: str, row: Mapping[str, Any]) -> str:
        without = self._mapping.sku.hash_without
        kept = {name: value for name, value in row.items() if name not in without}
        digest = hashlib.sha256(msgspec.json.encode([table, kept], order="sorted")).digest()
        return base64.b32encode(digest[:10]).translate(_SYMBOLS).decode()

    def _checked(self, values: dict[str, Any]) -> MappedRow:
        product = ProductInput(**{name: value for name, value in values.items() if value is not None})
        patch, wrong = check_input(product)
        if wrong:
            raise RowError("; ".join(f"{field}: {why}" for field, why in wrong.items()))
        # Amounts in the command are exact; what the row had may be a float or text.
        exact = {name: patch[f"pricing.{name}"] for name in _AMOUNTS if name in values}
        patch["sku"] = self._unique(patch["sku"])
        return MappedRow(msgspec.structs.replace(product, sku=patch["sku"], **exact), patch)

    def _unique(self, sku: str) -> str:
        rule = self._mapping.sku
        count = self._seen[sku] = self._seen.get(sku, 0) + 1
        if count == 1:
            return sku
        if rule.repeats == "error":
            raise RowError(f"sku: {sku} is in this import twice")
        while (numbered := f"{sku}-{count}") in self._seen:
            count += 1
        self._seen[sku], self._seen[numbered] = count, 1
        return numbered


def _as_text(raw: RawRow) -> frozenset[str]:
    """Return the fields that are text because their file knows nothing else: those of a CSV, but for JSON in a cell."""
    if not raw.source.is_csv:
        return frozenset()
    return frozenset(name for name, value in raw.fields.items() if isinstance(value, str))


def _first(ways: tuple[Template, ...], row: Mapping[str, Any], *, needed: str = "") -> Any:
    """Return what the first template gives that the row can fill, else ``None``; ``needed`` raises ``RowError``."""
    reason = "no rule says where it comes from"
    for way in ways:
        try:
            found = way.value(row)
        except MissingFieldError as missing:
            reason = str(missing)
            continue
        if not is_blank(found):
            return found
    if needed:
        raise RowError(f"{needed}: {reason}")
    return None


def _fit(target: str, value: Any) -> Any:
    """Return what the row has as the command takes it: text where the field is text, else its own kind."""
    if target not in _KEPT:
        return spoken(value)
    return value if target in _AMOUNTS else _read_text(value)


def _read_text(value: Any) -> Any:
    """Return the number, yes/no or list that a CSV cell spells, else the text; ``007`` stays text."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    if text.casefold() in _WORDS:
        return _WORDS[text.casefold()]
    if text.startswith("[") and text.endswith("]"):
        try:
            return decode(text, list[str | int | float | bool | None])
        except (msgspec.DecodeError, UnicodeEncodeError):
            return value
    return value


def _by_first_word(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(names, key=len, reverse=True):
        first = name.split()[0].casefold()
        found[first] = (*found.get(first, ()), name)
    return found


def _begins(words: list[str], name: list[str]) -> bool:
    return [word.casefold() for word in words[: len(name)]] == [word.casefold() for word in name]
