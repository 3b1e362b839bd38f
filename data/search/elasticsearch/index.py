"""The Elasticsearch index: its mapping, its documents, and the translation of conditions into its query language.

The mapping is the seed's with three changes. Text is analysed by us, so what is searched are ready tokens under
``words``, cut at blanks, and the written ``title`` is kept as it is for people and other programs. Attributes are one
``flattened`` field, whose every key can be filtered by and counted without a field of its own: thousands of attributes
are one mapping entry. Numbers in attributes are a second one, as hexadecimal text that sorts as the numbers do, because
a flattened field compares as text. Everything else is strict: a field nobody declared is refused.

Rejected: dynamic attributes, as the seed has them (a mapping explosion, and the first value of an attribute decides its
type for all); and a nested list of name, type and value (each attribute a hidden document: 13 times as many of them).
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Any

from data.search.elasticsearch.client import Cluster
from data.search.engine import SearchDocument
from data.search.terms import IndexFields
from data.search.tree import (
    ATTRIBUTE,
    CODE,
    LABEL,
    SPELLING,
    TEXT_FIELDS,
    VALUE,
    WHOLE_TITLE,
    All,
    AnyOf,
    AtLeast,
    Best,
    Boosted,
    ColumnIn,
    Node,
    Not,
    NumberIn,
    OneOf,
    Prefix,
    Scored,
    Term,
)
from data.text import visible

__all__ = [
    "DEAD",
    "agg_terms",
    "facet_field",
    "field_name",
    "mappings",
    "settings",
    "to_document",
    "to_query",
    "tombstone",
]

_ORDERS = ("price", "price_down", "newest", "stock", "stock_down", "popular")
#: Lucene refuses a term of more than 32,766 bytes; a character has at most four.
_LONGEST_TERM = 8_000
_LONGEST_KEY = 300
#: The server refuses a longer beginning. No word is that long (``analysis``), and no SKU anybody types.
_LONGEST_PREFIX = 1_000
#: Lucene 8 left the constant factor k1 + 1 out of BM25. With it a word scores what it does in the local engine, so that
#: words, beginnings and whole titles keep their proportions.
_BM25_FACTOR = 2.2
_COLUMNS = {"price": "pricing.cents", "stock": "inventory.available_stock"}

#: What marks a tombstone.
DEAD = {"term": {"dead": True}}
_NOTHING: dict[str, Any] = {"match_none": {}}


def mappings() -> dict[str, Any]:
    """Return the mapping of every index of this layout."""
    keyword = {"type": "keyword", "ignore_above": _LONGEST_TERM}
    words = {"type": "text", "analyzer": "whitespace", "index_options": "freqs"}
    number = {"type": "long", "index": False}
    levels = ("primary", "secondary", "tertiary")
    terms = (SPELLING, CODE, WHOLE_TITLE, VALUE, ATTRIBUTE, LABEL)
    readable = {
        "sku": keyword,
        "title": keyword | {"fields": {"keyword": keyword, "suggest": {"type": "completion", "analyzer": "simple"}}},
        "brand": keyword,
        "category": _object(dict.fromkeys(levels, keyword)),
        "pricing": _object({"final_price": {"type": "double"}, "cents": {"type": "long"}, "currency": keyword}),
        "inventory": _object({"available_stock": {"type": "long"}, "state": keyword}),
        "status": keyword,
        "created_at": {"type": "date"},
    }
    ours = {
        "attributes": {"type": "flattened", "ignore_above": _LONGEST_TERM},
        "numbers": {"type": "flattened"},
        "words": _object(dict.fromkeys(TEXT_FIELDS, words)),
        "terms": _object({name: keyword | {"doc_values": name in _COUNTED} for name in terms}),
        "order": _object(dict.fromkeys(_ORDERS, number) | {"title": keyword | {"index": False}}),
        "weight": {"type": "double", "index": False},
        "dead": {"type": "boolean"},
        "dead_since": {"type": "long"},
        # Not parsed: what a list shows of the product, as read_hit wants it.
        "hit": {"type": "object", "enabled": False},
    }
    # What only serves finding is not kept a second time to be read back.
    unread = ["words", "terms", "numbers", "order", "weight"]
    return _object(readable | ours) | {"_source": {"excludes": [f"{name}.*" for name in unread[:4]] + unread[4:]}}


#: Terms that are counted, not only found.
_COUNTED = frozenset({SPELLING, ATTRIBUTE, LABEL})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"dynamic": "strict", "properties": properties}


def settings(cluster: Cluster) -> dict[str, Any]:
    """Return the settings of a new index. What is written is shown by our commits alone, never by a clock."""
    copies = {"number_of_replicas": cluster.replicas} if cluster.replicas else {"auto_expand_replicas": "0-1"}
    return {"number_of_shards": cluster.shards, "refresh_interval": "-1"} | copies


def to_document(document: SearchDocument, fields: IndexFields) -> dict[str, Any]:
    """Return one product as it is sent."""
    levels = dict(zip(("primary", "secondary", "tertiary"), map(visible, document.category), strict=False))
    pricing: dict[str, Any] = {"currency": document.currency}
    if document.price is not None and fields.price is not None:
        pricing |= {"final_price": float(document.price), "cents": fields.price}
    made: dict[str, Any] = {
        "sku": visible(document.sku),
        "brand": visible(document.brand),
        "category": levels,
        "attributes": {_key(name): values for name, values in fields.facets.items()},
        "pricing": pricing,
        "inventory": {"available_stock": fields.stock, "state": fields.facets["stock"][0]},
        "status": document.status,
        "numbers": {_key(name): list(map(_hexadecimal, found)) for name, found in fields.numbers.items()},
        "words": dict(fields.text),
        "terms": {
            SPELLING: fields.spelling,
            CODE: fields.codes,
            WHOLE_TITLE: fields.whole_title,
            VALUE: fields.values,
            ATTRIBUTE: fields.attributes,
            LABEL: fields.labels,
        },
        "order": {name: _signed(key) for name, key in fields.orders.items()} | {"title": fields.title_order},
        "weight": fields.weight,
        "hit": fields.source.decode(),
    }
    if title := visible(document.title).strip():
        made["title"] = title  # a completion refuses an empty text
    if document.created_at is not None:
        made["created_at"] = document.created_at.isoformat()
    return made


def tombstone(since: int) -> dict[str, Any]:
    """Return the mark of a deletion; ``since`` is in seconds since 1970."""
    return {"dead": True, "dead_since": since}


def _signed(key: int) -> int:
    """Return an unsigned 64-bit sort key as a ``long`` that sorts as it does."""
    return key - 2**63


def _hexadecimal(number: int) -> str:
    """Return a signed 64-bit number as 16 digits that sort as it does."""
    return f"{number + 2**63:016x}"


@lru_cache(maxsize=8192)
def _key(name: str) -> str:
    """Return the key of a facet: never empty, and short also for an endless name."""
    if len(name) > _LONGEST_KEY:
        name = f"{name[:40]}~{blake2b(name.encode('utf-8', 'replace'), digest_size=12).hexdigest()}"
    return f"f_{name}"


def facet_field(name: str) -> str:
    """Return the field whose values are those of the facet ``name``."""
    return f"attributes.{_key(name)}"


def field_name(field: str) -> str:
    """Return where a field of ``data.search.tree`` stands in a document."""
    return f"words.{field}" if field in TEXT_FIELDS else f"terms.{field}"


def agg_terms(field: str, limit: int) -> dict[str, Any]:
    """Return the request for the ``limit`` commonest terms of a field, counted exactly over all shards."""
    return {"terms": {"field": field, "size": limit, "shard_size": max(limit, 60_000)}}


def to_query(node: Node) -> dict[str, Any]:
    """Return the query for ``node``. What is no word scores nothing, unless ``Scored`` says how much."""
    match node:
        case Term(field, text) if field in TEXT_FIELDS:
            return {"term": {field_name(field): {"value": text, "boost": _BM25_FACTOR}}}
        case Term(field, text):
            return _scoring({"term": {field_name(field): {"value": text}}}, 0.0)
        case OneOf(field, texts):
            return _scoring({"terms": {field_name(field): list(texts)}}, 0.0) if texts else _NOTHING
        case Prefix(field, text) if len(text) > _LONGEST_PREFIX:
            return _NOTHING
        case Prefix(field, text):
            return _scoring({"prefix": {field_name(field): {"value": text}}}, 0.0)
        case NumberIn(name, low, high):
            field, bounds = f"numbers.{_key(name)}", (_hexadecimal(low), _hexadecimal(high))
            return _between(field, *bounds) if low <= high else _NOTHING
        case ColumnIn(column, low, high):
            return _between(_COLUMNS[column], low, high) if low <= high else _NOTHING
        case Scored(inner, score):
            return _scoring(to_query(inner), score)
        case Boosted(inner, factor):
            return {"bool": {"must": [to_query(inner)], "boost": factor}}
        case Best(nodes):
            return {"dis_max": {"queries": list(map(to_query, nodes)), "tie_breaker": 0.1}}
    return _boolean(node)


def _boolean(node: All | AnyOf | AtLeast | Not) -> dict[str, Any]:
    match node:
        case Not(inner):
            return {"bool": {"filter": [{"match_all": {}}], "must_not": [to_query(inner)]}}
        case AnyOf(nodes):
            return {"bool": {"should": list(map(to_query, nodes)), "minimum_should_match": 1}} if nodes else _NOTHING
        case AtLeast(nodes, count):
            return {"bool": {"should": list(map(to_query, nodes)), "minimum_should_match": count}}
        case All(nodes, bonus):
            wanted = [to_query(one) for one in nodes if not isinstance(one, Not)]
            parts: dict[str, Any] = {"must": wanted} if wanted else {"filter": [{"match_all": {}}]}
            if unwanted := [to_query(one.node) for one in nodes if isinstance(one, Not)]:
                parts["must_not"] = unwanted
            if bonus:
                parts["should"] = list(map(to_query, bonus))
            return {"bool": parts}


def _between(field: str, low: int | str, high: int | str) -> dict[str, Any]:
    return _scoring({"range": {field: {"gte": low, "lte": high}}}, 0.0)


def _scoring(query: dict[str, Any], score: float) -> dict[str, Any]:
    return {"constant_score": {"filter": query, "boost": score}}
