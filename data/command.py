"""What a command is, what its content may hold, and the one canonical form its content is hashed in.

Light on purpose: a form or a CLI verb may import it without pulling a database driver.

Content is checked once, at the edge, before anything is opened: types by msgspec, then every string, number and
collection by the limits the command's class states. NUL and lone surrogates cannot be stored by PostgreSQL and are
refused by name here instead of failing deep inside a transaction; every other character is data.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import msgspec

from data.errors import Invalid
from data.structs import convert

__all__ = ["INT4_MAX", "INT8_MAX", "Command", "checked", "content_hash", "parse_command"]

INT4_MAX = 2**31 - 1
INT8_MAX = 2**63 - 1
#: Kept as they are while a command is taken apart; everything else becomes dict, list, str, int, float, bool or None.
_NATIVE = (Decimal, UUID, datetime, date)

#: What needs no look, and what is its own canonical form.
_HARMLESS = frozenset({bool, type(None), UUID, date})
_CANONICAL = _HARMLESS | {str, int, float}
_NESTED = frozenset({dict, list, tuple})

C = TypeVar("C", bound="Command")


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A write somebody asks for. Subclasses are frozen keyword-only structs that set the class variables below."""

    #: ``orders.place``: also the name in the audit log and with the idempotency key.
    name: ClassVar[str]
    #: A name in ``data.access.rules.PERMISSIONS``.
    permission: ClassVar[str]
    #: What the handler returns; a frozen dataclass or struct that survives msgspec to and from JSON.
    result: ClassVar[Any]
    #: The module that registers the handler, imported when the first such command runs; ``""`` where it stands beside
    #: the command. So a form builds a command without loading a driver, and no room is imported before it is used.
    handled_in: ClassVar[str] = ""
    #: Whether ``Door.preview`` may run it and roll it back: its handler writes nothing but PostgreSQL.
    can_preview: ClassVar[bool] = False
    #: Longest string, in characters, any field may hold (columns have their own, shorter limits in the rules).
    text_limit: ClassVar[int] = 10_000
    #: Largest absolute integer: PostgreSQL's int4, unless the command feeds a store that holds more.
    integer_limit: ClassVar[int] = INT4_MAX
    #: Most entries in any one collection.
    entry_limit: ClassVar[int] = 10_000


def _field(path: str) -> str:
    return path.removeprefix("$").removeprefix(".") or "command"


def _from_msgspec(error: msgspec.ValidationError) -> Invalid:
    """Turn ``Expected `int`, got `str` - at `$.lines[0].quantity``` into the field and the sentence."""
    what, _, path = str(error).partition(" - at `")
    return Invalid({_field(path.removesuffix("`")): what[:1].lower() + what[1:]})


def parse_command(kind: type[C], content: Mapping[str, Any]) -> C:
    """Return the command of type ``kind`` that JSON-like ``content`` spells.

    Raises ``Invalid`` naming the first field that is missing, unknown to its type, or not allowed as content.
    """
    unknown = sorted(set(content) - {field.encode_name for field in msgspec.structs.fields(kind)})
    if unknown:
        raise Invalid(dict.fromkeys(unknown, "is not a field of this command"))
    try:
        command = convert(dict(content), kind)
    except msgspec.ValidationError as error:
        raise _from_msgspec(error) from None
    return checked(command)


def checked(command: C) -> C:
    """Return ``command`` rebuilt from its content with every type verified. Raises ``Invalid`` naming each bad field.

    A struct's constructor does not look at types, so this is where ``quantity="3"`` from careless code is caught.
    """
    try:
        plain = msgspec.to_builtins(command, builtin_types=_NATIVE)
        rebuilt = convert(plain, type(command), builtin_types=_NATIVE)
    except msgspec.ValidationError as error:
        raise _from_msgspec(error) from None
    except RecursionError:
        raise Invalid({"command": "is nested too deeply"}) from None
    if not _harmless(plain, command):  # or not obviously: the longer look names what is wrong
        refused = dict(_refused(plain, "", command))
        if refused:
            raise Invalid(refused)
    return rebuilt


def content_hash(command: Command) -> bytes:
    """Return the SHA-256 of the command's name and canonical content (32 bytes).

    Canonical: keys sorted, ``1.50`` and ``1.5`` the same amount, instants in UTC. Nothing is left out, so a command
    with one more note is other content.
    """
    plain = msgspec.to_builtins(command, builtin_types=_NATIVE)
    _make_canonical(plain)
    return hashlib.sha256(msgspec.json.encode([command.name, plain], order="sorted")).digest()


def _make_canonical(collection: dict[Any, Any] | list[Any]) -> None:
    """Put the canonical form in place of every value: ``collection`` is fresh from msgspec and nobody else's."""
    for key, value in collection.items() if type(collection) is dict else enumerate(collection):
        if type(value) not in _CANONICAL:
            collection[key] = _canonical(value)


def _canonical(value: Any) -> Any:
    match value:
        case dict() | list():
            _make_canonical(value)
            return value
        case tuple():
            return _canonical(list(value))
        case Decimal():
            return f"{value.normalize():f}"
        case datetime() if value.tzinfo is not None:
            return value.astimezone(UTC).isoformat()
        case _:
            return value


def _harmless(value: Any, limits: Command) -> bool:
    """Say whether everything in the collection ``value`` is obviously fine: the short look nearly all commands pass."""
    kind = type(value)
    if len(value) > limits.entry_limit:
        return False
    text_limit, integer_limit = limits.text_limit, limits.integer_limit
    for inner in value if kind is not dict else (*value, *value.values()):
        kind = type(inner)
        if kind is str:  # NUL and lone surrogates are not printable; nor are line ends, which are fine
            if len(inner) > text_limit or not (inner.isprintable() or _why_not_text(inner, text_limit) is None):
                return False
        elif kind is int:
            if not -integer_limit <= inner <= integer_limit:
                return False
        elif kind is float:
            if not math.isfinite(inner):
                return False
        elif kind is Decimal:
            if not inner.is_finite():
                return False
        elif kind not in _HARMLESS and (kind not in _NESTED or not _harmless(inner, limits)):
            return False
    return True


def _refused(value: Any, path: str, limits: Command) -> Iterator[tuple[str, str]]:
    """Yield (field, why) for everything below ``path`` that no store may be given."""
    why = _why_not(value, limits)
    if why:
        yield _field(path), why
    elif isinstance(value, dict):
        for key, inner in value.items():
            name = f"{path}.{key}"
            bad_key = _why_not(key, limits)
            if bad_key:
                yield _field(path), f"has a name that {bad_key}"
            else:
                yield from _refused(inner, name, limits)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _refused(inner, f"{path}[{index}]", limits)


def _why_not(value: Any, limits: Command) -> str | None:
    match value:
        case bool():
            return None
        case str():
            return _why_not_text(value, limits.text_limit)
        case int() if abs(value) > limits.integer_limit:
            return f"must be between -{limits.integer_limit:,} and {limits.integer_limit:,}"
        case float() if not math.isfinite(value):
            return "must be a finite number"
        case Decimal() if not value.is_finite():
            return "must be a finite number"
        case datetime() if value.tzinfo is None:
            return "must say its time zone"
        case dict() | list() | tuple() if len(value) > limits.entry_limit:
            return f"has {len(value):,} entries, at most {limits.entry_limit:,} are taken"
        case _:
            return None


def _why_not_text(text: str, limit: int) -> str | None:
    if len(text) > limit:
        return f"is {len(text):,} characters long, at most {limit:,} are taken"
    if "\0" in text:
        return "holds a NUL character, which no store can keep"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a character (a lone surrogate), which no store can keep"
    return None
