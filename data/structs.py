"""Content read into structs, from any thread: the one place where that is done (ruff refuses it elsewhere).

msgspec (0.22) makes the table of a type's fields when the type is first read, and lets other threads see it before it
is whole. Two threads that are the first to read one type, or two types that share a third, crash the process. So the
table of a type, with those of all types in it, is made under one lock before anybody reads by it. Rejected: making the
tables where commands are registered, which forgets the types that are read elsewhere and two registrations at once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, TypeVar, overload

import msgspec

T = TypeVar("T")

_ready: set[Any] = set()
_making = threading.Lock()


@overload
def ready(kind: type[T]) -> type[T]: ...
@overload
def ready(kind: Any) -> Any: ...
def ready(kind: Any) -> Any:
    """Return ``kind``, its table made. Raises ``TypeError`` for a type that msgspec cannot read."""
    if kind not in _ready:
        with _making:
            msgspec.json.Decoder(kind)
            _ready.add(kind)
    return kind


@overload
def convert(content: object, kind: type[T], *, builtin_types: Iterable[type] | None = None) -> T: ...
@overload
def convert(content: object, kind: Any, *, builtin_types: Iterable[type] | None = None) -> Any: ...
def convert(content: object, kind: Any, *, builtin_types: Iterable[type] | None = None) -> Any:
    """Return what ``content``, of plain values and those of ``builtin_types``, spells as a ``kind``.

    Raises ``msgspec.ValidationError``.
    """
    return msgspec.convert(content, type=ready(kind), builtin_types=builtin_types)


@overload
def decode(raw: bytes | bytearray | str, kind: type[T]) -> T: ...
@overload
def decode(raw: bytes | bytearray | str, kind: Any = Any) -> Any: ...
def decode(raw: bytes | bytearray | str, kind: Any = Any) -> Any:
    """Return what JSON spells as a ``kind``. Raises ``msgspec.DecodeError``, of which ``ValidationError`` is one."""
    return msgspec.json.decode(raw, type=ready(kind))


@overload
def decoder(kind: type[T]) -> msgspec.json.Decoder[T]: ...
@overload
def decoder(kind: Any) -> msgspec.json.Decoder[Any]: ...
def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return what decodes JSON to a ``kind`` again and again."""
    return msgspec.json.Decoder(ready(kind))
