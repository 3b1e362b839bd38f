"""Which search engine a URL means: its scheme picks."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from data.errors import Invalid
from data.search.engine import SearchEngine

__all__ = ["open_engine"]


def open_engine(url: str) -> SearchEngine:
    """Return the engine that ``url``'s scheme names; nothing is connected yet.

    ``tantivy:///folder`` is a local index, made when first written; ``https://`` (or ``http://``) an Elasticsearch
    cluster, see ``data.search.elasticsearch.client``. Raises ``Invalid`` for anything else.
    """
    parts = urlsplit(url)
    match parts.scheme:
        case "tantivy" if parts.path:
            from data.search.tantivy.engine import TantivyEngine

            return TantivyEngine(Path(unquote(parts.path)))
        case "tantivy":
            raise Invalid(
                {"search_url": f"{url!r} names no folder, write it like tantivy:///var/lib/storekeeper/search"}
            )
        case "https" | "http":
            from data.search.elasticsearch.engine import ElasticEngine

            return ElasticEngine(url)
        case scheme:
            raise Invalid({"search_url": f"no search engine has the scheme {scheme!r}, take tantivy:// or https://"})
