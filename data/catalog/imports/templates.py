"""The small language of a mapping: a template with fields of the row, and groups that vanish.

    {name}                       the field's text; the row is refused where it has none
    {name}[ {capacity:GB}]       a group in brackets is left out where a field in it is missing or null, or where the
                                 text before it says the same already
    {speed.0}                    the first item of a list; a nested field is {outer.inner}
    {row:05}                     a whole number with leading zeros
    {capacity:GB}                a number with its unit: 2000 → "2 TB" (thousands of B, Hz and g move up)
    {hash:7}                     seven symbols made from the row's content: the same row has the same ones in every run
    {{ }} [[ ]]                  the signs themselves

A template that is one field and nothing else (``{price}``) hands on the field's value as it is, not as text. Rejected:
``str.format``, whose format strings from a file reach into attributes of objects, and Jinja, a language too many.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from data.errors import Invalid

_TOKEN = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{(?P<name>[^{}:]+)(?::(?P<spec>[^{}:]*))?\}|[\[\]{}]|[^\[\]{}]+")
_PREFIXES = ("", "k", "M", "G", "T", "P")
_SCALED = re.compile(r"([kMGTP]?)(B|Hz|g)")
#: What is neither letter nor digit.
_NEITHER = re.compile(r"[\W_]+")
_ZEROS = re.compile(r"0\d{1,2}")


class MissingFieldError(ValueError):
    """The row has no value for a field the template needs."""


@dataclass(frozen=True)
class _Field:
    name: str
    spec: str = ""


@dataclass(frozen=True)
class _Group:
    parts: tuple[str | _Field, ...]


@dataclass(frozen=True)
class Template:
    """A template, read once and filled for every row."""

    parts: tuple[str | _Field | _Group, ...]

    @cached_property
    def only_field(self) -> str | None:
        """The name of the field where the template is one field and nothing else."""
        first = self.parts[0] if len(self.parts) == 1 else None
        return first.name if isinstance(first, _Field) and not first.spec else None

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field named, those in groups included."""
        flat = [item for part in self.parts for item in (part.parts if isinstance(part, _Group) else (part,))]
        return tuple(item.name for item in flat if isinstance(item, _Field))

    def fill(self, row: Mapping[str, Any]) -> str:
        """Return the text for ``row``. Raises ``MissingFieldError`` naming a field that is needed and has no value."""
        out = ""
        for part in self.parts:
            match part:
                case str():
                    out += part
                case _Field():
                    out += _shown(row, part)
                case _Group():
                    out += _group(row, part, out)
        return out.strip()

    def value(self, row: Mapping[str, Any]) -> Any:
        """Return the field's own value for a template that is one field, else the text."""
        if self.only_field is None:
            return self.fill(row)
        found = look_up(row, self.only_field)
        if is_blank(found):
            raise MissingFieldError(f"the row has no {self.only_field}")
        return found


def parse_template(text: str, *, where: str) -> Template:
    """Return the template that ``text`` spells. Raises ``Invalid`` naming ``where`` it stands for a stray sign."""
    parts: list[str | _Field | _Group] = []
    group: list[str | _Field] | None = None
    for match in _TOKEN.finditer(text):
        token = match.group()
        item: str | _Field = _Field(match["name"].strip(), match["spec"] or "") if match["name"] else token[:1]
        if token == "[" and group is None:
            group = []
        elif token == "]" and group is not None:
            parts.append(_Group(tuple(group)))
            group = None
        elif token in {"[", "]", "{", "}"}:
            raise Invalid({where: f"{text!r} has a {token} too many"})
        else:
            literal = token if match["name"] is None and token not in {"{{", "}}", "[[", "]]"} else item
            (parts if group is None else group).append(literal)
    if group is not None:
        raise Invalid({where: f"{text!r} has a [ that is never closed"})
    if not parts:
        raise Invalid({where: "is an empty template"})
    return Template(tuple(parts))


def look_up(row: Mapping[str, Any], name: str) -> Any:
    """Return the field ``name`` of a flat row, or an item of a list by a number after the last dot; else ``None``."""
    if name in row:
        return row[name]
    outer, _, last = name.rpartition(".")
    items = row.get(outer)
    if isinstance(items, list) and last.isdigit() and int(last) < len(items):
        return items[int(last)]
    return None


def is_blank(value: object) -> bool:
    """Whether a field says nothing: absent, null, or empty text."""
    return value is None or (isinstance(value, str) and not value.strip())


def spoken(value: object) -> str:
    """Return a value as a person writes it: ``2.0`` is ``2``, a list is joined by commas, yes and no are words."""
    match value:
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case list():
            return ", ".join(spoken(item) for item in value)
    return str(value)


def with_unit(value: object, unit: str) -> str:
    """Return ``2000`` and ``GB`` as ``2 TB``: a round thousand of a scaled unit is said in the next one."""
    scaled = _SCALED.fullmatch(unit)
    if not scaled or isinstance(value, bool) or not isinstance(value, int | float):
        return f"{spoken(value)} {unit}"
    step, base = _PREFIXES.index(scaled[1]), scaled[2]
    while value >= 1000 and value % 100 == 0 and step + 1 < len(_PREFIXES):
        value, step = value / 1000, step + 1
    return f"{spoken(value)} {_PREFIXES[step]}{base}"


def _shown(row: Mapping[str, Any], field: _Field) -> str:
    value = look_up(row, field.name)
    if is_blank(value):
        raise MissingFieldError(f"the row has no {field.name}")
    if field.name == "hash":
        return str(value)[: int(field.spec or 8)]
    if _ZEROS.fullmatch(field.spec) and isinstance(value, int):
        return f"{value:{field.spec}d}"
    return with_unit(value, field.spec) if field.spec else spoken(value)


def _group(row: Mapping[str, Any], group: _Group, before: str) -> str:
    try:
        text = "".join(part if isinstance(part, str) else _shown(row, part) for part in group.parts)
    except MissingFieldError:
        return ""
    return "" if _said(text) in _said(before) else text


def _said(text: str) -> str:
    """Return the letters and digits of ``text``."""
    return _NEITHER.sub("", text.casefold())
