"""What a product turns into inside an index: the same terms, numbers and sort keys for every engine."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import msgspec

from data.search.analysis import atoms, code_key, singular, token_text, value_key
from data.search.engine import AttributeScalar, Hit, SearchDocument
from data.search.folding import SHORT, fold, remembered
from data.search.query import PATH_SEPARATOR, attribute_key
from data.search.tree import pair

__all__ = [
    "CATEGORY_LEVELS",
    "MAX_VALUE",
    "IndexFields",
    "category_paths",
    "index_fields",
    "read_hit",
    "shown",
    "sortable",
    "whole",
]

CATEGORY_LEVELS = ("category.primary", "category.secondary", "category.tertiary")
#: A longer attribute is prose: its words are found, but it is no value to choose.
MAX_VALUE = 200
_MOST_TOKENS = 4_096
_SHORTEST_SPELT = 3
#: Sort keys are 34 bits of value over 30 bits of the id's checksum, so equal values still have one order.
_TOP = 2**34 - 1
_SALT_BITS = 30
_TITLE_BYTES = 48
_MOST_SOLD = 6.0


@dataclass(frozen=True, slots=True)
class IndexFields:
    """The content of one document. Names are those of ``data.search.tree``.

    ``text`` holds tokens with blanks between, by text field. ``numbers`` are ``sortable`` integers by attribute.
    ``facets`` are the values as shown, by facet. ``price`` is in cents. ``orders`` are the sort keys by their name: in
    every one the smaller comes first. ``weight`` is 0 (neutral) and up. ``source`` is what ``read_hit`` reads.
    """

    product_id: str
    revision: int
    text: Mapping[str, str]
    spelling: tuple[str, ...]
    codes: tuple[str, ...]
    whole_title: str
    values: tuple[str, ...]
    numbers: Mapping[str, list[int]]
    facets: Mapping[str, list[str]]
    attributes: tuple[str, ...]
    labels: tuple[str, ...]
    price: int | None
    stock: int
    orders: Mapping[str, int]
    title_order: str
    weight: float
    source: bytes


@lru_cache(maxsize=8_192)
def sortable(number: float) -> int:
    """Return a signed 64-bit integer that sorts as ``number`` does.

    Indexes keep attributes as such integers because a JSON field with both 5 and 5.5 in it has a column type that
    changes from segment to segment, and tantivy 0.27 panics on a range whose ends are of two types.
    """
    bits: int = struct.unpack("<q", struct.pack("<d", number + 0.0))[0]
    return bits if bits >= 0 else bits ^ 0x7FFF_FFFF_FFFF_FFFF


def shown(value: AttributeScalar) -> str:
    """Return one attribute value as people read it: ``yes``, ``5``, ``0.075``, ``Off White``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return " ".join(str(value).split())


def whole(title: str) -> str:
    """Return the one term for a whole title, or for a query that may be one."""
    return _in_one(atoms(title))


def _in_one(words: Iterable[tuple[str, ...]]) -> str:
    return " ".join(piece for word in words for piece in word)


def index_fields(document: SearchDocument) -> IndexFields:
    """Return everything an engine stores of ``document``."""
    attributes, category = _Attributes(document.attributes), _category(document.category)
    title, brand = atoms(document.title), _said(document.brand)
    facets = {**category.levels, **_fixed_facets(document)}
    values = [pair(name, value_key(texts[0])) for name, texts in facets.items()]
    values += category.values
    values += attributes.values
    values += category.names
    if category.paths:
        facets["category"] = [*category.paths]
    spelt = title if len(document.title) <= MAX_VALUE else atoms(document.title[:MAX_VALUE])
    cents = None if document.price is None else int(document.price.scaleb(2).to_integral_value())
    salt = zlib.crc32(document.product_id.encode())
    return IndexFields(
        product_id=document.product_id,
        revision=document.revision,
        text={
            "title": _token_text(document.title),
            "brand": brand.tokens,
            "sku": _token_text(document.sku),
            "category": category.tokens,
            "attributes": " ".join(attributes.sentences),
            "description": _token_text(document.description),
        },
        spelling=tuple(dict.fromkeys((*_spelt(spelt), *brand.spelling, *category.spelling, *attributes.spelling))),
        codes=tuple(dict.fromkeys(filter(None, map(code_key, (document.sku, *document.codes))))),
        whole_title=_in_one(title)[:_MOST_TOKENS],
        values=tuple(dict.fromkeys(values)),
        numbers=attributes.numbers,
        facets=facets | attributes.facets,
        attributes=tuple(attributes.labels),
        labels=tuple(attributes.labels.values()),
        price=cents,
        stock=document.available_stock,
        orders=_orders(document, cents, salt),
        title_order=fold(document.title).encode("utf-8", "replace")[:_TITLE_BYTES].hex() + document.product_id,
        weight=_weight(document, salt),
        source=_source(document),
    )


class _Said(NamedTuple):
    """One text as an index keeps it: its tokens with blanks between, and the words a mistyped one may have meant."""

    tokens: str
    spelling: tuple[str, ...]


@remembered(8_192)
def _said(text: str) -> _Said:
    return _Said(_token_text(text), tuple(_spelt(atoms(text[:MAX_VALUE]))))


def _token_text(text: str) -> str:
    said = token_text(text)
    # A token is a character at least, and has a blank behind it.
    return said if len(said) < 2 * _MOST_TOKENS else " ".join(said.split(" ", _MOST_TOKENS)[:_MOST_TOKENS])


def _spelt(words: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for word in words:
        for piece in word:
            if len(piece) >= _SHORTEST_SPELT and piece.isalpha():
                yield piece
                yield singular(piece)


class _Category(NamedTuple):
    """A category as an index keeps it. ``names`` are the terms of its levels, wherever in the tree they stand."""

    tokens: str
    spelling: tuple[str, ...]
    levels: Mapping[str, list[str]]
    paths: tuple[str, ...]
    values: tuple[str, ...]
    names: tuple[str, ...]


@lru_cache(maxsize=4_096)
def _category(names: tuple[str, ...]) -> _Category:
    # A shop has far fewer categories than products.
    said = [_said(name) for name in names]
    paths = category_paths(names)
    return _Category(
        tokens=" ".join(one.tokens for one in said),
        spelling=tuple(form for one in said for form in one.spelling),
        levels={
            name: [text] for name, level in zip(CATEGORY_LEVELS, names, strict=False) if (text := _one_line(level))
        },
        paths=tuple(paths),
        values=tuple(pair("category", value_key(path)) for path in paths),
        names=tuple(pair("category", value_key(name)) for name in names),
    )


class _Attribute(NamedTuple):
    """One value of an attribute as an index keeps it; ``term`` is what it is filtered by, empty for prose."""

    tokens: str
    spelling: tuple[str, ...]
    term: str


def _attribute(name: str, text: str) -> _Attribute:
    said = _said(_sentence(name, text))
    return _Attribute(*said, pair(attribute_key(name), value_key(text)) if len(text) <= MAX_VALUE else "")


#: Products say the same few things of themselves again and again.
_known_attribute = lru_cache(maxsize=32_768)(_attribute)


class _Attributes:
    """The attributes of one product, those of the same query name merged."""

    def __init__(self, attributes: Mapping[str, AttributeScalar | Sequence[AttributeScalar]]) -> None:
        self.facets: dict[str, list[str]] = {}
        self.numbers: dict[str, list[int]] = {}
        self.sentences: list[str] = []
        self.spelling: list[str] = []
        self.labels: dict[str, str] = {}
        #: the terms to filter by, by facet
        terms: dict[str, dict[str, None]] = {}
        for name, value in attributes.items():
            key, items = attribute_key(name), _items(value)
            if key not in self.labels:
                self.labels[key] = pair(key, name)
            numbers = [float(item) for item in items if _is_number(item)]
            if numbers:
                self.numbers.setdefault(key, []).extend(map(sortable, numbers))
            for text in _values(items, all_numbers=len(numbers) == len(items)):
                one = (_known_attribute if len(name) + len(text) <= SHORT else _attribute)(name, text)
                self.sentences.append(one.tokens)
                self.spelling += one.spelling
                if one.term and one.term not in terms.setdefault(key, {}):
                    terms[key][one.term] = None
                    self.facets.setdefault(key, []).append(text)
        self.values = [term for found in terms.values() for term in found]


def _items(value: AttributeScalar | Sequence[AttributeScalar]) -> list[AttributeScalar]:
    return [value] if isinstance(value, str | int | float) else list(value)


def _is_number(item: AttributeScalar) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item) and abs(item) < 1e308


def _values(items: list[AttributeScalar], *, all_numbers: bool) -> list[str]:
    """Return the values to choose from: ``[2, 16]`` is the one value ``2×16``, a list of texts is several."""
    texts = [text for item in items if (text := shown(item))]
    return ["×".join(texts)] if all_numbers and len(texts) > 1 else texts


def _sentence(name: str, text: str) -> str:
    """Return what an attribute says in words: its name belongs to it, but of what is not so there is nothing to say."""
    words = name.replace("_", " ").replace(".", " ")
    return "" if text == "no" else words if text == "yes" else f"{words}: {text}"


def _fixed_facets(document: SearchDocument) -> dict[str, list[str]]:
    named = (("brand", document.brand), ("stock", _stock_state(document)), ("status", document.status))
    return {name: [text] for name, value in named if (text := _one_line(value))}


def category_paths(names: Sequence[str]) -> list[str]:
    """Return the paths of a category and of those it lies in, outermost first: ``Parts``, ``Parts > Memory``."""
    clean = [text for name in names if (text := _one_line(name))]
    return [PATH_SEPARATOR.join(clean[:depth]) for depth in range(1, len(clean) + 1)]


def _one_line(value: str) -> str:
    return " ".join(value.split())[:MAX_VALUE]


def _stock_state(document: SearchDocument) -> str:
    if document.available_stock <= 0:
        return "out"
    return "low" if document.available_stock <= document.reorder_level else "in"


def _orders(document: SearchDocument, cents: int | None, salt: int) -> dict[str, int]:
    """Return the sort keys. What has no price comes last both ways, what has no date counts as oldest."""
    salt >>= 32 - _SALT_BITS
    seconds = int(document.created_at.timestamp()) if document.created_at else 0
    stock = _within(document.available_stock)
    values = {
        "price": _TOP if cents is None else cents,
        "price_down": _TOP if cents is None else _TOP - 1 - cents,
        "newest": _TOP - _within(seconds),
        "stock": stock,
        "stock_down": _TOP - stock,
        "popular": _TOP - _within(int(document.popularity * 100)),
    }
    return {name: _within(value) << _SALT_BITS | salt for name, value in values.items()}


def _within(value: int) -> int:
    return min(max(value, 0), _TOP)


def _weight(document: SearchDocument, salt: int) -> float:
    """Return what lifts a product among equals: up to 5 % for what sells, and a grain of its id to part the rest."""
    sold = min(math.log10(1 + max(document.popularity, 0.0)) / _MOST_SOLD, 1.0)
    return 0.08 * sold + 1e-5 * salt / 2**32


_Stored = tuple[str, int, str, str, str, tuple[str, ...], str | None, str, int, str, str]
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Stored)


def _source(document: SearchDocument) -> bytes:
    stored: _Stored = (
        document.product_id,
        document.revision,
        document.sku,
        document.title,
        document.brand,
        document.category,
        None if document.price is None else str(document.price),
        document.currency,
        document.available_stock,
        _stock_state(document),
        document.status,
    )
    return _encoder.encode(stored)


def read_hit(source: bytes, score: float) -> Hit:
    """Return the hit that ``index_fields`` stored as ``source``."""
    product_id, revision, sku, title, brand, category, price, currency, stock, state, status = _decoder.decode(source)
    amount = None if price is None else Decimal(price)
    return Hit(product_id, revision, sku, title, brand, category, amount, currency, stock, state, status, score)
