"""How to reach an Elasticsearch cluster: what its URL says, and what its errors mean here.

    https://user:password@host1:9200,host2:9200/products?ca_certs=/etc/ssl/search.pem
    https://host:9200/?api_key=…            http://127.0.0.1:9200/products?shards=3

The path names the products' index (``storekeeper-products`` where there is none): the read alias and the names of its
versions begin with it. ``GET /`` is never asked, some builds of the server refuse it and some users may not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from elasticsearch import ApiError, BadRequestError, Elasticsearch, SerializationError, TransportError

from data.errors import Invalid, Unavailable
from data.search.engine import STORE

__all__ = ["WRITE_TIMEOUT", "Cluster", "SearchRefused", "connect", "read_url", "reason", "translate_errors"]

DEFAULT_NAME = "storekeeper-products"
#: Seconds to wait for an answer. A search is given less by the server itself (``SEARCH_TIMEOUT``); a write more,
#: because a busy cluster is slow to take it before it says so.
REQUEST_TIMEOUT, WRITE_TIMEOUT = 10.0, 60.0
_OPTIONS = frozenset({"api_key", "ca_certs", "fingerprint", "shards", "replicas"})


class SearchRefused(Exception):
    """Elasticsearch refused what was sent for what it says: a fault of a document or of this program."""


@dataclass(frozen=True)
class Cluster:
    """What the URL says. ``replicas`` empty lets the cluster keep one copy where it has a second node."""

    hosts: tuple[str, ...]
    name: str = DEFAULT_NAME
    user: str = ""
    password: str = ""
    api_key: str = ""
    ca_certs: str = ""
    fingerprint: str = ""
    shards: int = 1
    replicas: str = ""


def read_url(url: str) -> Cluster:
    """Return what ``url`` says. Raises ``Invalid({"search_url": …})``, without the secrets in it."""
    parts = urlsplit(url)
    login, _, places = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    options = dict(parse_qsl(parts.query))
    if unknown := sorted(options.keys() - _OPTIONS):
        raise _invalid(f"has an unknown option {unknown[0]!r}, there are {', '.join(sorted(_OPTIONS))}")
    name = parts.path.strip("/") or DEFAULT_NAME
    if name != name.lower() or not name.replace("-", "").replace("_", "").isalnum() or name[0] in "-_":
        raise _invalid(f"names the index {name!r}; take lower case letters, digits, - and _")
    shards = options.get("shards", "1")
    if not shards.isdigit() or not 1 <= int(shards) <= 100:
        raise _invalid(f"asks for {shards!r} shards, take 1 to 100")
    return Cluster(
        hosts=tuple(_host(parts.scheme, place) for place in places.split(",")),
        name=name,
        user=unquote(user),
        password=unquote(password),
        api_key=options.get("api_key", ""),
        ca_certs=options.get("ca_certs", ""),
        fingerprint=options.get("fingerprint", ""),
        shards=int(shards),
        replicas=options.get("replicas", ""),
    )


def _host(scheme: str, place: str) -> str:
    host = urlsplit(f"{scheme}://{place}")
    try:
        port = host.port or 9200
    except ValueError:
        port = 0
    if not host.hostname or not port:
        raise _invalid("names no host, write it like https://search.example.com:9200")
    shown = f"[{host.hostname}]" if ":" in host.hostname else host.hostname
    return f"{scheme}://{shown}:{port}"


def _invalid(why: str) -> Invalid:
    return Invalid({"search_url": f"the Elasticsearch URL {why}"})


def connect(cluster: Cluster) -> Elasticsearch:
    """Return a client for ``cluster``; nothing is asked yet. It may be used by any thread.

    Raises ``Invalid`` for certificates that cannot be read.
    """
    options: dict[str, Any] = {"request_timeout": REQUEST_TIMEOUT, "max_retries": 2, "retry_on_timeout": False}
    if cluster.api_key:
        options["api_key"] = cluster.api_key
    elif cluster.user:
        options["basic_auth"] = (cluster.user, cluster.password)
    if cluster.ca_certs:
        options["ca_certs"] = cluster.ca_certs
    if cluster.fingerprint:
        options["ssl_assert_fingerprint"] = cluster.fingerprint
    try:
        return Elasticsearch(list(cluster.hosts), **options)
    except (OSError, ValueError) as error:
        raise _invalid(f"cannot be used: {error}") from error


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn what the client raises into ``Unavailable``; ``SearchRefused`` for a request that can never work."""
    try:
        yield
    except (BadRequestError, SerializationError) as error:
        raise SearchRefused(reason(error)) from error
    except (ApiError, TransportError) as error:
        raise Unavailable(STORE, reason(error)) from error


def reason(error: Exception) -> str:
    """Return what a client's error says, in one line without headers."""
    if isinstance(error, ApiError):
        body = error.body if isinstance(error.body, dict) else {}
        said = body.get("error", body) or error.message
        if isinstance(said, dict):
            roots = said.get("root_cause") or [said]
            said = f"{roots[0].get('type', '')}: {roots[0].get('reason', '')}"
        return f"{error.status_code} {said}"[:300]
    return str(error).split("\n", 1)[0][:300] or type(error).__name__
