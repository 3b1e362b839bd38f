"""MongoDB: one client. Writes are acknowledged by a majority and its journal, reads see only such writes."""

from __future__ import annotations

import linecache
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bson.errors
import pymongo
from pymongo import errors, uri_parser
from pymongo.collection import Collection
from pymongo.database import Database

from data.errors import Conflict, Invalid, Unavailable
from data.types import Health

__all__ = ["Mongo", "translate_errors"]

STORE = "mongodb"
#: what the driver is told where the URL does not say otherwise; names as in MongoDB's URLs, times in milliseconds
_DEFAULTS: dict[str, Any] = {
    "w": "majority",
    "journal": True,
    "readConcernLevel": "majority",
    "serverSelectionTimeoutMS": 2000,
    "connectTimeoutMS": 2000,
    "socketTimeoutMS": 10_000,
    "waitQueueTimeoutMS": 3000,
    "maxPoolSize": 64,
    "appname": "storekeeper",
}
_DUPLICATE_KEY, _WRITE_CONFLICT, _INVALID_DOCUMENT = 11000, 112, 121
_TIMED_OUT = frozenset({50, 262})


class Mongo:
    """The catalog's database. ``db`` is PyMongo's; datetimes are aware UTC, UUIDs are standard binaries."""

    def __init__(self, url: str) -> None:
        try:
            parsed = uri_parser.parse_uri(url, validate=True)
        except (errors.PyMongoError, ValueError):  # its message quotes the URL, password included
            raise Invalid({"mongodb_url": "is not a MongoDB URL"}) from None
        given = {option.lower() for option in parsed["options"]}
        defaults = {option: value for option, value in _DEFAULTS.items() if option.lower() not in given}
        self.client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
            url, tz_aware=True, uuidRepresentation="standard", connect=False, **defaults
        )
        # The client keeps a picture of who made it, for which every source on the way here was read into memory.
        linecache.clearcache()
        self.db: Database[dict[str, Any]] = self.client[parsed["database"] or "storekeeper"]

    @property
    def products(self) -> Collection[dict[str, Any]]:
        """The products."""
        return self.db["products"]

    @property
    def categories(self) -> Collection[dict[str, Any]]:
        """The tree of categories."""
        return self.db["categories"]

    def health(self) -> Health:
        """Say which server answers, and whether it takes writes."""
        started = time.monotonic()
        version, detail = "", ""
        try:
            with pymongo.timeout(2):
                version = str(self.client.server_info()["version"])
                if not self.client.admin.command("hello").get("isWritablePrimary"):
                    detail = "the server is not the primary of its replica set"
        except errors.PyMongoError as error:
            detail = _reason(error)
        return Health(STORE, "MongoDB", version, not detail, (time.monotonic() - started) * 1000, detail)

    def close(self) -> None:
        """Close every connection."""
        self.client.close()


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn driver exceptions into ``Unavailable``, ``Conflict`` (duplicate key, write conflict) or ``Invalid``.

    A ``BulkWriteError`` passes: only its caller knows which document each of its errors belongs to.
    """
    try:
        yield
    except errors.BulkWriteError:
        raise
    except (bson.errors.BSONError, errors.DocumentTooLarge) as error:
        raise Invalid({"document": str(error)}) from error
    except errors.PyMongoError as error:
        raise _translated(error) or error from error


def _translated(error: errors.PyMongoError) -> Exception | None:
    code = error.code if isinstance(error, errors.OperationFailure) else None
    if error.timeout or code in _TIMED_OUT or isinstance(error, errors.ConnectionFailure):
        return Unavailable(STORE, _reason(error))
    if code == _DUPLICATE_KEY:
        details = error.details if isinstance(error, errors.OperationFailure) else None
        value = (details or {}).get("keyValue") or {}
        named = ", ".join(f"{key} {found!r}" for key, found in value.items())
        return Conflict(f"there is already one with {named}" if named else "there is already one like it")
    if code == _WRITE_CONFLICT:
        return Conflict("somebody else is writing the same document")
    if code == _INVALID_DOCUMENT:
        return Invalid({"document": "does not fit the collection's schema"})
    return None


def _reason(error: errors.PyMongoError) -> str:
    if isinstance(error, errors.ServerSelectionTimeoutError):
        return "no server answers: " + str(error).partition(" (configured timeouts")[0].partition(", Timeout:")[0]
    return str(error).partition(" (configured timeouts")[0].partition(", full error")[0]
