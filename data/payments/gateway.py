"""A payment gateway over HTTP: the client. The protocol is that of ``data.payments.simulator``.

    POST /v1/operations        {"key", "kind", "amount", "currency", "order", "parent"}  → 200 {"accepted", …}
    GET  /v1/operations/<key>  → 200 the same answer again, 404 where the key was never heard of

The key makes a repeat the same operation on the other side, so a request whose answer got lost is simply sent again.
"""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from data.errors import Unavailable
from data.payments.provider import Operation, Outcome
from data.structs import decoder

__all__ = ["TIMEOUT_SECONDS", "Gateway"]

#: How long an answer may take before nobody knows whether the money moved.
TIMEOUT_SECONDS = 10.0
#: No honest answer is longer.
_MAX_ANSWER = 64 * 1024


class _Answer(msgspec.Struct):
    accepted: bool
    reference: str = ""
    reason: str = ""


_decode = decoder(_Answer).decode


class Gateway:
    """The gateway at ``url``. Every request has a connection of its own: operations are rare, and a kept connection
    that the other side has dropped looks exactly like an answer that got lost."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._parts = urlsplit(url)
        self._timeout = timeout

    def carry_out(self, operation: Operation) -> Outcome:
        """Send the operation. Raises ``Unavailable`` where no answer came."""
        content = msgspec.json.encode(
            {
                "key": operation.key,
                "kind": operation.kind,
                "amount": str(operation.amount),
                "currency": operation.currency,
                "order": operation.order,
                "parent": operation.parent,
            }
        )
        status, body = self._ask("POST", "/v1/operations", content)
        if status != 200:
            raise Unavailable("gateway", f"it answered {status}")
        return _outcome(body)

    def look_up(self, key: str) -> Outcome | None:
        """Ask how the operation ended."""
        status, body = self._ask("GET", f"/v1/operations/{quote(key, safe='')}", None)
        if status == 404:
            return None
        if status != 200:
            raise Unavailable("gateway", f"it answered {status}")
        return _outcome(body)

    def _ask(self, method: str, path: str, content: bytes | None) -> tuple[int, bytes]:
        kind: Any = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.hostname, self._parts.port, timeout=self._timeout)
        headers = {"Content-Type": "application/json", "Connection": "close"}
        try:
            connection.request(method, self._parts.path.rstrip("/") + path, body=content, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(_MAX_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable("gateway", str(error) or type(error).__name__) from error
        finally:
            connection.close()


def _outcome(body: bytes) -> Outcome:
    try:
        answer = _decode(body)
    except msgspec.DecodeError as error:
        raise Unavailable("gateway", f"its answer cannot be read: {error}") from error
    return Outcome(answer.accepted, answer.reference[:100], answer.reason[:500])
