"""Python values to ClickHouse text and back, by the column's type: exact decimals, aware UTC times.

Shapes that both engines share: Decimal, ``datetime`` (aware, UTC), ``date``, ``int``, ``float``, ``str``, ``bool``,
``UUID``, ``list`` for Array, ``tuple`` for Tuple, ``None`` for NULL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from data.structs import decode, decoder

Convert = Callable[[Any], Any]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\b": "\\b", "\f": "\\f"})
_QUOTED = str.maketrans({"\\": "\\\\", "'": "\\'"})


def identifier(name: str) -> str:
    """Return ``name`` quoted for SQL. Raises ``ValueError`` for one that is no plain identifier."""
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is no identifier")
    return f"`{name}`"


def literal(text: str) -> str:
    """Return ``text`` as a string literal of SQL."""
    return f"'{text.translate(_QUOTED)}'"


def plain(value: object) -> object:
    """Return a parameter's value as the plainest shape that ClickHouse parses for any fitting ``{name:Type}``.

    Times become text in UTC, so that neither engine guesses a zone. ``None`` is refused (``TypeError``): whether a
    parameter can be NULL is something the SQL should say.
    """
    match value:
        case bool():
            return int(value)
        case str() | int() | float():
            return value
        case Decimal() | UUID():
            return str(value)
        case datetime():
            if value.tzinfo is None:
                raise TypeError("a time without zone is no parameter")
            moment = value.astimezone(UTC).replace(tzinfo=None)
            return moment.isoformat(" ", "microseconds" if moment.microsecond else "seconds")
        case date():
            return value.isoformat()
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case _:
            raise TypeError(f"{type(value).__name__} is no parameter")


def parameter_text(value: object) -> str:
    """Return a parameter as the escaped text chdb takes for ``{name:Type}``."""
    shape = plain(value)
    if isinstance(shape, list):
        return _array(shape)
    return str(shape).translate(_ESCAPES)


def _array(items: list[Any]) -> str:
    parts = [
        _array(item) if isinstance(item, list) else literal(item) if isinstance(item, str) else str(item)
        for item in items
    ]
    return f"[{','.join(parts)}]"


def insert_rows(rows: Sequence[Sequence[object]]) -> str:
    """Return ``rows`` as JSONCompactEachRow: one JSON array a line, decimals as text, times with their zone."""
    encode = msgspec.json.Encoder(decimal_format="string").encode
    return "\n".join(encode(list(row)).decode() for row in rows)


def decode_rows(data: bytes) -> list[tuple[Any, ...]]:
    """Return the rows in a JSONCompactEachRowWithNamesAndTypes body, each value by its column's type."""
    lines = data.splitlines()
    if len(lines) < 2:
        return []
    convert = [_converter(kind) for kind in decode(lines[1])]
    read = decoder(list[Any]).decode
    return [
        tuple(change(value) for change, value in zip(convert, read(line), strict=True)) for line in lines[2:] if line
    ]


def aware(value: Any) -> Any:
    """Return a value of clickhouse-driver with its times aware and in UTC, as chdb's are."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, list):
        return [aware(item) for item in value]
    return tuple(aware(item) for item in value) if isinstance(value, tuple) else value


@lru_cache(maxsize=256)
def _converter(kind: str) -> Convert:
    """Return what turns the JSON value of a column of type ``kind`` into its Python value."""
    name, _, rest = kind.partition("(")
    inside = rest[:-1]
    match name:
        case "Nullable":
            return _optional(_converter(inside))
        case "LowCardinality" | "SimpleAggregateFunction":
            return _converter(split_types(inside)[-1])
        case "Array":
            return _list(_converter(inside))
        case "Tuple":
            return _tuple([_converter(part) for part in split_types(inside)])
        case "Decimal":
            return Decimal
        case "Date" | "Date32":
            return date.fromisoformat
        case "DateTime" | "DateTime64":
            return _moment(split_types(inside))
        case "UUID":
            return UUID
        case "Float32" | "Float64":
            return float
        case _ if name.startswith(("Int", "UInt")):
            return int
        case _:
            return _same


def split_types(text: str) -> list[str]:
    """Return the parts of a type's argument list (``Decimal(9, 2), String``), nested commas left alone."""
    parts, depth, quoted = [""], 0, False
    for symbol in text:
        quoted ^= symbol == "'"
        depth += 0 if quoted else (symbol == "(") - (symbol == ")")
        if symbol == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += symbol
    return [part.strip() for part in parts if part.strip()]


def _same(value: Any) -> Any:
    return value


def _optional(inner: Convert) -> Convert:
    return lambda value: None if value is None else inner(value)


def _list(inner: Convert) -> Convert:
    return lambda value: [inner(item) for item in value]


def _tuple(inner: list[Convert]) -> Convert:
    return lambda value: tuple(change(item) for change, item in zip(inner, value, strict=True))


def _moment(arguments: list[str]) -> Convert:
    zone = ZoneInfo(arguments[-1].strip("'")) if arguments and arguments[-1].startswith("'") else UTC
    return lambda value: datetime.fromisoformat(value).replace(tzinfo=zone).astimezone(UTC)
