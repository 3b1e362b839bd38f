"""``session:{id}``: who is signed in, for 24 hours at most. The id is the SHA-256 of the token.

A dump of Redis therefore signs nobody in. The token is 256 random bits, so it needs no slow hash (OWASP). It is told
once, by ``create_session``; a new sign-in always gets a new one.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from data.stores.redis import Redis, translate_errors
from data.structs import decoder

__all__ = ["SESSION_SECONDS", "Session", "create_session", "read_session", "revoke_session", "revoke_sessions_of"]

SESSION_SECONDS = 24 * 3600
_TOKEN_BYTES = 32


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in of ``user_id``. ``origin`` says from where, in words (host, terminal)."""

    user_id: UUID
    created_at: datetime
    expires_at: datetime
    origin: str = ""


_decode = decoder(Session).decode


def create_session(redis: Redis, user_id: UUID, *, origin: str = "") -> tuple[str, Session]:
    """Return a new token and the session it stands for. Raises ``Unavailable``."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    now = datetime.now(UTC)
    session = Session(
        user_id=user_id, created_at=now, expires_at=now + timedelta(seconds=SESSION_SECONDS), origin=origin
    )
    digest = _digest(token)
    client: Any = redis.durable
    with translate_errors():
        # The list first: a session that is in no list could not be revoked with the others.
        client.sadd(_of_user(user_id), digest)
        client.expire(_of_user(user_id), SESSION_SECONDS)
        client.set(_key(digest), msgspec.json.encode(session).decode(), ex=SESSION_SECONDS)
    return token, session


def read_session(redis: Redis, token: str) -> Session | None:
    """Return the session of ``token``; ``None`` for one that ended or never was. Raises ``Unavailable``."""
    client: Any = redis.durable
    with translate_errors():
        value = client.get(_key(_digest(token)))
    return _decode(value) if value else None


def revoke_session(redis: Redis, token: str) -> bool:
    """End the session of ``token``; say whether there was one. Raises ``Unavailable``."""
    digest = _digest(token)
    client: Any = redis.durable
    with translate_errors():
        session = read_session(redis, token)
        ended = bool(client.delete(_key(digest)))
        if session:
            client.srem(_of_user(session.user_id), digest)
    return ended


def revoke_sessions_of(redis: Redis, user_id: UUID) -> int:
    """End every session of a user (role changed, account locked); return how many. Raises ``Unavailable``."""
    client: Any = redis.durable
    with translate_errors():
        digests = client.smembers(_of_user(user_id))
        ended = sum(client.delete(_key(digest)) for digest in digests)
        if digests:
            client.srem(_of_user(user_id), *digests)
    return int(ended)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _key(digest: str) -> str:
    return f"session:{digest}"


def _of_user(user_id: UUID) -> str:
    return f"sessions_of:{user_id}"
