"""A payment gateway to try things on: a real HTTP server that keeps books, and fails in the ways gateways fail.

It charges a key once, however often it comes. What it is to do with the next operations is told beforehand
(``POST /v1/next ["decline", "drop_after", …]``):

    decline      refuse the operation
    drop_before  say nothing, having done nothing (the request got lost)
    drop_after   do it, then say nothing (the answer got lost)
    slow         do it, and answer after ``slow_seconds``
    twice        do it, and send the answer twice on one connection

``GET /v1/books`` tells everything it did. For tests and for ``storekeeper gateway serve``; with a ``journal`` its books
outlive it. Rejected: a class that pretends to be HTTP, which would never time out.
"""

from __future__ import annotations

import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from data.structs import decode

__all__ = ["BEHAVIOURS", "Simulator"]

BEHAVIOURS = ("decline", "drop_before", "drop_after", "slow", "twice")


class _Asked(msgspec.Struct, frozen=True):
    key: str
    kind: str
    amount: str
    currency: str
    order: str
    parent: str = ""


class _Booked(msgspec.Struct, frozen=True):
    asked: _Asked
    accepted: bool
    reference: str
    reason: str

    def answer(self) -> bytes:
        return msgspec.json.encode({"accepted": self.accepted, "reference": self.reference, "reason": self.reason})


class Simulator:
    """The gateway's books and its server. ``url`` is where it listens once ``start`` returned."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, journal: Path | None = None) -> None:
        self.slow_seconds = 2.0
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._journal = journal
        self._booked: dict[str, _Booked] = {}
        self._next: list[str] = []
        if journal is not None and journal.exists():
            for line in journal.read_bytes().splitlines():
                booked = decode(line, _Booked)
                self._booked[booked.asked.key] = booked
        self._server = ThreadingHTTPServer((host, port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> Simulator:
        """Serve in a thread of its own, until ``stop``."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and close the socket."""
        self.stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def behave(self, *behaviours: str) -> None:
        """Do these with the next operations, one each. Raises ``ValueError`` for one there is none of."""
        if unknown := set(behaviours) - set(BEHAVIOURS):
            raise ValueError(f"{min(unknown)!r} is not one of {', '.join(BEHAVIOURS)}")
        with self._lock:
            self._next += behaviours

    def books(self) -> list[dict[str, Any]]:
        """Return every operation it did or declined, in order."""
        with self._lock:
            return [msgspec.to_builtins(booked) for booked in self._booked.values()]

    def total(self, kind: str) -> Decimal:
        """Return what operations of ``kind`` that were accepted come to."""
        with self._lock:
            amounts = [one.asked.amount for one in self._booked.values() if one.accepted and one.asked.kind == kind]
        return sum(map(Decimal, amounts), Decimal("0.00"))

    def _book(self, asked: _Asked) -> tuple[_Booked | None, str]:
        """Do the operation unless its key came before; return how it ended and what to do about the answer."""
        with self._lock:
            behaviour = self._next.pop(0) if self._next else ""
            if behaviour == "drop_before":
                return None, behaviour
            booked = self._booked.get(asked.key)
            if booked is None:
                why = "declined by the bank" if behaviour == "decline" else self._refused(asked)
                reference = f"sim_{len(self._booked) + 1:06d}"
                booked = _Booked(asked, not why, "" if why else reference, why)
                if self._journal is not None:
                    with self._journal.open("ab") as file:
                        file.write(msgspec.json.encode(booked) + b"\n")
                self._booked[asked.key] = booked
            return booked, behaviour

    def _refused(self, asked: _Asked) -> str:
        """Say why the books refuse an operation, ``""`` where they don't: no more is given back than was taken."""
        by_reference = {one.reference: one for one in self._booked.values() if one.accepted}
        parent = by_reference.get(asked.parent)
        if asked.parent and parent is None:
            return "no such payment"
        if parent is None:
            return "a refund names its payment" if asked.kind in ("refund", "void") else ""
        done = sum(
            Decimal(one.asked.amount)
            for one in by_reference.values()
            if one.asked.parent == asked.parent and one.asked.kind == asked.kind
        )
        return "more than the payment" if done + Decimal(asked.amount) > Decimal(parent.asked.amount) else ""

    def _found(self, key: str) -> _Booked | None:
        with self._lock:
            return self._booked.get(key)


def _handler(gateway: Simulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                if self.path == "/v1/next":
                    gateway.behave(*decode(content, list[str]))
                    self._say(200, b"{}")
                elif self.path == "/v1/operations":
                    self._operate(decode(content, _Asked))
                else:
                    self._say(404, b"{}")
            except (msgspec.DecodeError, ValueError) as error:
                self._say(400, msgspec.json.encode({"reason": str(error)}))

        def _operate(self, asked: _Asked) -> None:
            booked, behaviour = gateway._book(asked)
            if booked is None or behaviour == "drop_after":
                self.close_connection = True
                return
            if behaviour == "slow":
                gateway.stopped.wait(gateway.slow_seconds)
            for _ in range(2 if behaviour == "twice" else 1):
                self._say(200, booked.answer())

        def do_GET(self) -> None:
            if self.path == "/v1/books":
                self._say(200, msgspec.json.encode(gateway.books()))
                return
            booked = gateway._found(unquote(self.path.removeprefix("/v1/operations/")))
            self._say(200 if booked else 404, booked.answer() if booked else b"{}")

        def _say(self, status: int, body: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:  # whoever asked has given up; the books stand
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: standard error belongs to the program that serves it."""

    return Handler
