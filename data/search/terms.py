"""What a product turns into inside an index: the same terms, numbers and sort keys for every engine."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import msgspec

from data.search.analysis import atoms, code_key, fold, singular, tokens, value_key
from data.search.engine import AttributeScalar, Hit, SearchDocument
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
_SHORT = 120
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
    return " ".join(piece for word in atoms(title) for piece in word)


def index_fields(document: SearchDocument) -> IndexFields:
    """Return everything an engine stores of ``document``."""
    attributes = _Attributes(document.attributes)
    facets = _fixed_facets(document) | attributes.facets
    values = [pair(name, value_key(value)) for name, shown_values in facets.items() for value in shown_values]
    values += (pair("category", value_key(level)) for level in document.category)
    cents = None if document.price is None else int(document.price.scaleb(2).to_integral_value())
    texts: dict[str, Sequence[str]] = {
        "title": (document.title,),
        "brand": (document.brand,),
        "sku": (document.sku,),
        "category": document.category,
        "attributes": attributes.sentences,
        "description": (document.description,),
    }
    return IndexFields(
        product_id=document.product_id,
        revision=document.revision,
        text={name: " ".join(map(_token_text, parts)) for name, parts in texts.items()},
        spelling=_spelling(part for name in ("title", "brand", "category", "attributes") for part in texts[name]),
        codes=tuple(dict.fromkeys(filter(None, map(code_key, (document.sku, *document.codes))))),
        whole_title=whole(document.title)[:_MOST_TOKENS],
        values=tuple(dict.fromkeys(values)),
        numbers=attributes.numbers,
        facets=facets,
        attributes=attributes.names,
        labels=attributes.labels,
        price=cents,
        stock=document.available_stock,
        orders=_orders(document, cents),
        title_order=fold(document.title).encode("utf-8", "replace")[:_TITLE_BYTES].hex() + document.product_id,
        weight=_weight(document),
        source=_source(document),
    )


class _Attributes:
    """The attributes of one product, those of the same query name merged."""

    def __init__(self, attributes: Mapping[str, AttributeScalar | Sequence[AttributeScalar]]) -> None:
        self.facets: dict[str, list[str]] = {}
        self.numbers: dict[str, list[int]] = {}
        self.sentences: list[str] = []
        labels: dict[str, str] = {}
        seen: set[str] = set()
        for name, value in attributes.items():
            key, items = attribute_key(name), _items(value)
            labels.setdefault(key, pair(key, name))
            numbers = [float(item) for item in items if _is_number(item)]
            if numbers:
                self.numbers.setdefault(key, []).extend(map(sortable, numbers))
            for text in _values(items, all_numbers=len(numbers) == len(items)):
                self.sentences.append(_sentence(name, text))
                if len(text) <= MAX_VALUE and pair(key, value_key(text)) not in seen:
                    seen.add(pair(key, value_key(text)))
                    self.facets.setdefault(key, []).append(text)
        self.names, self.labels = tuple(labels), tuple(labels.values())


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
    named = dict(zip(CATEGORY_LEVELS, document.category, strict=False))
    named |= {"brand": document.brand, "stock": _stock_state(document), "status": document.status}
    facets = {name: [text] for name, value in named.items() if (text := _one_line(value))}
    if document.category:
        facets["category"] = category_paths(document.category)
    return facets


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


def _token_text(text: str) -> str:
    return (
        _short_token_text(text)
        if len(text) <= _SHORT
        else " ".join(token.text for token in tokens(text)[:_MOST_TOKENS])
    )


@lru_cache(maxsize=32_768)
def _short_token_text(text: str) -> str:
    # Brands, categories and attributes say the same things in product after product.
    return " ".join(token.text for token in tokens(text))


def _spelling(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form for text in texts for form in _spelt(text[:MAX_VALUE])))


@lru_cache(maxsize=32_768)
def _spelt(text: str) -> tuple[str, ...]:
    pieces = (piece for word in atoms(text) for piece in word)
    words = (piece for piece in pieces if piece.isalpha() and len(piece) >= _SHORTEST_SPELT)
    return tuple(form for word in words for form in (word, singular(word)))


def _orders(document: SearchDocument, cents: int | None) -> dict[str, int]:
    """Return the sort keys. What has no price comes last both ways, what has no date counts as oldest."""
    salt = zlib.crc32(document.product_id.encode()) >> (32 - _SALT_BITS)
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


def _weight(document: SearchDocument) -> float:
    """Return what lifts a product among equals: up to 5 % for what sells, and a grain of its id to part the rest."""
    sold = min(math.log10(1 + max(document.popularity, 0.0)) / _MOST_SOLD, 1.0)
    grain = zlib.crc32(document.product_id.encode()) / 2**32
    return 0.08 * sold + 1e-5 * grain


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
