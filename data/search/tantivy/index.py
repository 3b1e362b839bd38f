"""The tantivy index: its schema, its documents, and the translation of conditions into its queries.

Filters and facets of any attribute need no field of their own: what is filtered by is a term of the one field
``value``, what is counted is a path of the one JSON field ``facet``, whose paths tantivy keeps as columns. Rejected: a
schema field per attribute, which would have to be known before the first product is written; and one fast field of
"name and value" terms, which is 10 times slower to count because every facet reads the columns of all.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import tantivy
from tantivy import FieldType, Occur, Query

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
from data.structs import decode

__all__ = [
    "COMMIT_BITS",
    "agg_terms",
    "create_or_open",
    "facet_path",
    "live",
    "order_field",
    "prepare",
    "schema",
    "to_json",
    "to_query",
    "tombstone",
]

#: A generation is the number of the index in the upper bits and its commit below, so both make it grow.
COMMIT_BITS = 40
_ANALYSER = "storekeeper"
_ORDERS = ("price", "price_down", "newest", "stock", "stock_down", "popular")
#: How much of the stored documents is packed, read and kept together. The hits of a page lie scattered, each reads a
#: whole block, and tantivy keeps the last 100 of each segment: with its own 16 KB 13 MB of a process at eight segments.
_BLOCK_BYTES = 4_096
_OTHER = re.compile(r"[^a-z0-9]")
_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=1)
def schema() -> tantivy.Schema:
    """Return the schema of every index of this layout."""
    builder = tantivy.SchemaBuilder()
    _terms(builder, "id", stored=True)
    _terms(builder, "dead")
    for name in TEXT_FIELDS:
        builder.add_text_field(name, tokenizer_name=_ANALYSER, index_option="freq")
    for name in (SPELLING, CODE, WHOLE_TITLE, VALUE):
        _terms(builder, name)
    for name in (ATTRIBUTE, LABEL, order_field("title")):
        _terms(builder, name, fast=True)
    for name in ("number", "facet"):
        builder.add_json_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("column_price", "column_stock"):
        builder.add_integer_field(name, fast=True)
    for name in ("revision", "dead_since", "written_after", *map(order_field, _ORDERS)):
        builder.add_unsigned_field(name, fast=True)
    builder.add_float_field("weight", fast=True)
    builder.add_bytes_field("source", stored=True)
    return builder.build()


def _terms(builder: tantivy.SchemaBuilder, name: str, *, stored: bool = False, fast: bool = False) -> None:
    """Add a field of whole terms: found exactly, never scored."""
    builder.add_text_field(name, stored=stored, fast=fast, tokenizer_name="raw", index_option="basic")


def create_or_open(folder: str, *, create: bool) -> tantivy.Index:
    """Return the index in ``folder``, which exists; ``create`` makes an empty one of what is no index yet."""
    if create and not tantivy.Index.exists(folder):
        tantivy.Index(schema(), path=folder)
        _set_block_size(Path(folder, "meta.json"))
    index = tantivy.Index(schema(), path=folder) if create else tantivy.Index.open(folder)
    prepare(index)
    return index


def _set_block_size(described: Path) -> None:
    """Write the size of blocks into the description of an empty index; tantivy's Python package cannot say it."""
    content = decode(described.read_bytes(), dict[str, Any])
    content["index_settings"]["docstore_blocksize"] = _BLOCK_BYTES
    changed = described.with_suffix(".new")
    changed.write_bytes(_encode(content))
    changed.replace(described)


def prepare(index: tantivy.Index) -> None:
    """Give ``index`` the one analyser it needs, which cuts our tokens at blanks; reload it by hand only."""
    index.register_tokenizer(_ANALYSER, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    index.config_reader(reload_policy="manual")


@lru_cache(maxsize=16)
def order_field(name: str) -> str:
    """Return the field of the sort key ``name``."""
    return f"order_{name}"


@lru_cache(maxsize=8192)
def facet_path(name: str) -> str:
    """Return the JSON path of a facet: letters, digits and underscores only, which no query syntax can misread."""
    return "f" + _OTHER.sub(lambda match: f"_{ord(match.group()):x}_", name)


def to_json(fields: IndexFields, written_after: int) -> str:
    """Return ``fields`` as ``IndexWriter.add_json`` takes them; ``written_after`` is the number of the last commit
    before.

    One text instead of a ``tantivy.Document``, which is sixty calls to fill and then copied.
    """
    document: dict[str, Any] = {
        "written_after": written_after,
        "id": fields.product_id,
        "revision": fields.revision,
        **fields.text,
        SPELLING: fields.spelling,
        CODE: fields.codes,
        VALUE: fields.values,
        LABEL: fields.labels,
        WHOLE_TITLE: fields.whole_title,
        ATTRIBUTE: fields.attributes,
        "number": {facet_path(name): values for name, values in fields.numbers.items()},
        "facet": {facet_path(name): values for name, values in fields.facets.items()},
        "column_stock": fields.stock,
        **{order_field(name): key for name, key in fields.orders.items()},
        order_field("title"): fields.title_order,
        "weight": fields.weight,
        "source": fields.source,  # as base64, which tantivy reads
    }
    if fields.price is not None:
        document["column_price"] = fields.price
    return _encode(document).decode()


def tombstone(product_id: str, revision: int, since: int, written_after: int) -> tantivy.Document:
    """Return the mark that the product was deleted at ``revision``; ``since`` is in seconds since 1970."""
    document = tantivy.Document()
    document.add_unsigned("written_after", written_after)
    document.add_text("id", product_id)
    document.add_text("dead", "1")
    document.add_unsigned("revision", revision)
    document.add_unsigned("dead_since", since)
    return document


def live(query: Query) -> Query:
    """Return ``query`` without tombstones."""
    dead = Query.term_query(schema(), "dead", "1", index_option="basic")
    return Query.boolean_query([(Occur.Must, query), (Occur.MustNot, dead)])


def to_query(node: Node) -> Query:
    """Return the tantivy query for ``node``, for any index of this layout."""
    match node:
        case Term(field, text) if field in TEXT_FIELDS:
            return Query.term_query(schema(), field, text, index_option="freq")
        case Term(field, text):
            # A filter's term is no word: by BM25 a product with few attributes would come before one with many.
            return Query.const_score_query(Query.term_query(schema(), field, text, index_option="basic"), 0.0)
        case OneOf(field, texts):
            return Query.term_set_query(schema(), field, list(texts)) if texts else Query.empty_query()
        case Prefix(field, text):
            return Query.fuzzy_term_query(schema(), field, text, distance=0, prefix=True)
        case NumberIn(name, low, high):
            return _parser().parse_query(f"number.{facet_path(name)}:[{low} TO {high}]") if low <= high else _nothing()
        case ColumnIn(column, low, high):
            return _column(f"column_{column}", low, high) if low <= high else _nothing()
        case Scored(inner, score):
            return Query.const_score_query(to_query(inner), score)
        case Boosted(inner, factor):
            return Query.boost_query(to_query(inner), factor)
        case Best():
            return _best(node)
    return _boolean(node)


@lru_cache(maxsize=512)
def _best(node: Best) -> Query:
    # A word: while a query is typed, and in every condition of one search, its words are mostly the same.
    return Query.disjunction_max_query([to_query(one) for one in node.nodes], tie_breaker=0.1)


@lru_cache(maxsize=1)
def _parser() -> tantivy.Index:
    # The schema is all that reading a range takes, so an empty index will do.
    return tantivy.Index(schema())


def _boolean(node: All | AnyOf | AtLeast | Not) -> Query:
    match node:
        case Not(inner):
            parts = [(Occur.Must, _all()), (Occur.MustNot, to_query(inner))]
            return Query.boolean_query(parts)
        case AnyOf(nodes):
            return Query.boolean_query([(Occur.Should, to_query(one)) for one in nodes])
        case AtLeast(nodes, count):
            parts = [(Occur.Should, to_query(one)) for one in nodes]
            return Query.boolean_query(parts, minimum_number_should_match=count)
        case All(nodes, bonus):
            parts = [_required(one) for one in nodes]
            if all(occur is Occur.MustNot for occur, _ in parts):
                parts.append((Occur.Must, _all()))
            parts += ((Occur.Should, to_query(one)) for one in bonus)
            return Query.boolean_query(parts)


def _required(node: Node) -> tuple[Occur, Query]:
    """Return a condition as a part of a conjunction; a filter does not score."""
    match node:
        case Not(inner):
            return Occur.MustNot, to_query(inner)
        case OneOf() | ColumnIn() | NumberIn():
            return Occur.Must, Query.const_score_query(to_query(node), 0.0)
    return Occur.Must, to_query(node)


def _column(name: str, low: int, high: int) -> Query:
    return Query.range_query(schema(), name, FieldType.Integer, low, high)


def _all() -> Query:
    return Query.const_score_query(Query.all_query(), 0.0)


def _nothing() -> Query:
    return Query.empty_query()


def agg_terms(field: str, limit: int) -> dict[str, Any]:
    """Return the request for the ``limit`` commonest terms of a fast field, counted exactly over all segments.

    ``segment_size`` is how many each segment reports: a smaller number would make counts of rarer terms too low.
    """
    return {"terms": {"field": field, "size": limit, "segment_size": max(limit, 60_000)}}
