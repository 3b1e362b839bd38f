"""Which engine answers for analytics: picked by the URL's scheme.

``chdb:///run/clickhouse.sock?database=NAME`` is the local engine, a process of the host reached over its socket
(``data/analytics/server.py``); ``clickhouse://`` and ``clickhouses://`` are a real server, by clickhouse-driver's
native protocol. The contract suite (``tests/contract/test_analytics*.py``) runs the same cases on both.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from data.errors import Invalid
from data.stores.clickhouse import Analytics

DATABASE = "storekeeper"


def open_analytics(url: str) -> Analytics:
    """Return the client for ``url``; nothing is connected yet. Raises ``Invalid`` for a scheme nobody serves."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    database = options.pop("database", "")
    if parts.scheme == "chdb":
        from data.stores.chdb_client import LocalAnalytics

        return LocalAnalytics(unquote(parts.path), database or DATABASE)
    if parts.scheme in ("clickhouse", "clickhouses"):
        from data.stores.clickhouse_server import ServerAnalytics

        named = parts.path.strip("/") or database or DATABASE
        return ServerAnalytics(urlunsplit(parts._replace(path=f"/{named}", query=urlencode(options))), named)
    raise Invalid({"clickhouse_url": f"{parts.scheme or 'no scheme'} is not chdb:// or clickhouse://"})
