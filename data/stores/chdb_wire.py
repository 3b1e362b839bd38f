"""The wire between ``data.analytics.server``, which owns the chdb folder, and its clients.

A frame is four bytes of length, big-endian, and that many bytes of MessagePack holding one ``Request`` or ``Reply``.
Requests on one connection are answered in order. Values cross as ClickHouse's own text (parameters as escaped
strings by name, rows as ``JSONCompactEachRowWithNamesAndTypes``), so the server knows no Python type and the client
needs no chdb. Rejected: ClickHouse's HTTP protocol, which would bring an HTTP server for one local user.
"""

from __future__ import annotations

import socket
import struct
from typing import TypeVar

import msgspec

from data.structs import ready

#: A frame above this is refused before memory is taken for it (bytes).
MAX_FRAME = 256 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class Request(msgspec.Struct, frozen=True):
    """One thing to run: ``sql`` (an INSERT carries its rows behind the statement) with ``parameters`` as text.

    ``op`` is ``open`` (``sql`` is then the name of the database the connection speaks of), ``run`` or ``ping``.
    """

    op: str
    sql: str = ""
    parameters: dict[str, str] = {}


class Reply(msgspec.Struct, frozen=True):
    """``data`` as the statement's output format has it; or ``error`` with ClickHouse's ``code`` (0 = none named)."""

    data: bytes = b""
    error: str = ""
    code: int = 0


Frame = TypeVar("Frame", Request, Reply)


def send_frame(connection: socket.socket, frame: Request | Reply) -> None:
    """Write ``frame``. Raises ``OSError`` when the other side is gone, ``ValueError`` when the frame is too long."""
    body = msgspec.msgpack.encode(frame)
    if len(body) > MAX_FRAME:
        raise ValueError(f"a frame of {len(body):,} bytes is over the limit of {MAX_FRAME:,}")
    connection.sendall(_LENGTH.pack(len(body)) + body)


def receive_frame(connection: socket.socket, kind: type[Frame]) -> Frame | None:
    """Read one frame of ``kind``; ``None`` when the other side closed between frames.

    Raises ``ConnectionError`` for a frame that breaks off, ``ValueError`` for one that is too long or is no ``kind``.
    """
    head = _read(connection, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MAX_FRAME:
        raise ValueError(f"a frame of {length:,} bytes is over the limit of {MAX_FRAME:,}")
    body = _read(connection, length)
    if body is None:
        raise ConnectionError("the connection broke off inside a frame")
    return msgspec.msgpack.decode(body, type=ready(kind))


def _read(connection: socket.socket, size: int) -> bytearray | None:
    """Return exactly ``size`` bytes, or ``None`` for an end of stream before the first of them."""
    data = bytearray(size)
    view = memoryview(data)
    got = 0
    while got < size:
        count = connection.recv_into(view[got:])
        if not count:
            if got:
                raise ConnectionError("the connection broke off inside a frame")
            return None
        got += count
    return data
