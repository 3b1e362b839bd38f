"""What a product turns into inside an index: the same terms, numbers and sort keys for every engine."""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import msgspec

from data.search.analysis import atoms, code_key, said, singular, value_key
from data.search.engine import AttributeScalar, Hit, SearchDocument
from data.search.folding import SHORT, fold, remembered
from data.search.query import PATH_SEPARATOR, attribute_key
from data.search.tree import pair
from data.structs import decoder

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


class IndexFields(msgspec.Struct, frozen=True):
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
    title, brand = said(document.title), _said(document.brand)
    facets, values = {**category.facets, **attributes.facets}, [*category.values, *attributes.values]
    for name, value in (("brand", document.brand), ("stock", _stock_state(document)), ("status", document.status)):
        text, term = _fixed_facet(name, value)
        if text:
            facets[name] = [text]
            values.append(term)
    spelt = title.atoms if len(document.title) <= MAX_VALUE else atoms(document.title[:MAX_VALUE])
    cents = None if document.price is None else int(document.price.scaleb(2).to_integral_value())
    salt = zlib.crc32(document.product_id.encode())
    return IndexFields(
        product_id=document.product_id,
        revision=document.revision,
        text={
            "title": _most(title.tokens),
            "brand": brand.tokens,
            "sku": _most(said(document.sku, common=False).tokens),
            "category": category.tokens,
            "attributes": " ".join(attributes.sentences),
            "description": _most(said(document.description).tokens) if document.description else "",
        },
        spelling=tuple(dict.fromkeys((*_spelt(spelt), *brand.spelling, *category.spelling, *attributes.spelling))),
        codes=tuple(dict.fromkeys(filter(None, map(code_key, (document.sku, *document.codes))))),
        whole_title=_in_one(title.atoms)[:_MOST_TOKENS],
        values=tuple(dict.fromkeys(values)),
        numbers=attributes.numbers,
        facets=facets,
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
    tokens, words = said(text)
    return _Said(_most(tokens), tuple(_spelt(words if len(text) <= MAX_VALUE else atoms(text[:MAX_VALUE]))))


def _most(tokens: str) -> str:
    # A token is a character at least, and has a blank behind it.
    return tokens if len(tokens) < 2 * _MOST_TOKENS else " ".join(tokens.split(" ", _MOST_TOKENS)[:_MOST_TOKENS])


def _spelt(words: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for word in words:
        for piece in word:
            if len(piece) >= _SHORTEST_SPELT and piece.isalpha():
                yield piece
                yield singular(piece)


class _Category(NamedTuple):
    """A category as an index keeps it: ``values`` are its levels, the paths that lead to it, and their names wherever
    in the tree they stand.
    """

    tokens: str
    spelling: tuple[str, ...]
    facets: Mapping[str, list[str]]
    values: tuple[str, ...]


@lru_cache(maxsize=4_096)
def _category(names: tuple[str, ...]) -> _Category:
    # A shop has far fewer categories than products.
    levels_said = [_said(name) for name in names]
    paths = category_paths(names)
    levels = {name: [text] for name, level in zip(CATEGORY_LEVELS, names, strict=False) if (text := _one_line(level))}
    return _Category(
        tokens=" ".join(one.tokens for one in levels_said),
        spelling=tuple(form for one in levels_said for form in one.spelling),
        facets=levels | ({"category": paths} if paths else {}),
        values=(
            *(pair(name, value_key(texts[0])) for name, texts in levels.items()),
            *(pair("category", value_key(path)) for path in (*paths, *names)),
        ),
    )


@lru_cache(maxsize=4_096)
def _fixed_facet(name: str, value: str) -> tuple[str, str]:
    """Return a fixed field's value as it is shown, which may be empty, and the term it is filtered by."""
    text = _one_line(value)
    return text, pair(name, value_key(text))


class _Attribute(NamedTuple):
    """An attribute with its value as an index keeps it, ``key`` being the name it is asked for by.

    ``texts`` are its values to choose from (none where it is prose) and ``terms`` what each is filtered by.
    """

    key: str
    label: str
    tokens: str
    spelling: tuple[str, ...]
    numbers: tuple[int, ...]
    texts: tuple[str, ...]
    terms: tuple[str, ...]


def _attribute(name: str, *items: AttributeScalar) -> _Attribute:
    key = attribute_key(name)
    numbers = [float(item) for item in items if _is_number(item)]
    values = _values(items, all_numbers=len(numbers) == len(items))
    sentences = [_said(_sentence(name, text)) for text in values]
    terms: dict[str, str] = {}
    for text in values:
        if len(text) <= MAX_VALUE:
            terms.setdefault(pair(key, value_key(text)), text)
    return _Attribute(
        key=key,
        label=pair(key, name),
        tokens=" ".join(one.tokens for one in sentences if one.tokens),
        spelling=tuple(form for one in sentences for form in one.spelling),
        numbers=tuple(map(sortable, numbers)),
        texts=tuple(terms.values()),
        terms=tuple(terms),
    )


#: Products say the same few things of themselves again and again. By the values' types too: 1, 1.0 and yes are equal.
_known_attribute = lru_cache(maxsize=32_768, typed=True)(_attribute)


class _Attributes:
    """The attributes of one product, those of the same query name merged."""

    def __init__(self, attributes: Mapping[str, AttributeScalar | Sequence[AttributeScalar]]) -> None:
        self.facets: dict[str, list[str]] = {}
        self.numbers: dict[str, list[int]] = {}
        self.sentences: list[str] = []
        self.spelling: list[str] = []
        self.labels: dict[str, str] = {}
        #: the terms to filter by
        self.values: dict[str, None] = {}
        for name, value in attributes.items():
            one = _read(name, value)
            self.labels.setdefault(one.key, one.label)
            if one.numbers:
                self.numbers.setdefault(one.key, []).extend(one.numbers)
            if one.tokens:
                self.sentences.append(one.tokens)
            self.spelling += one.spelling
            for term, text in zip(one.terms, one.texts, strict=True):
                if term not in self.values:
                    self.values[term] = None
                    self.facets.setdefault(one.key, []).append(text)


def _read(name: str, value: AttributeScalar | Sequence[AttributeScalar]) -> _Attribute:
    if isinstance(value, str):
        return (_known_attribute if len(name) + len(value) <= SHORT else _attribute)(name, value)
    if isinstance(value, (int, float)):  # a tuple, which is far cheaper to ask than a union
        return _known_attribute(name, value)
    size = len(name) + sum(len(item) if isinstance(item, str) else 1 for item in value)
    return (_known_attribute if size <= SHORT else _attribute)(name, *value)


def _is_number(item: AttributeScalar) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool) and math.isfinite(item) and abs(item) < 1e308


def _values(items: Sequence[AttributeScalar], *, all_numbers: bool) -> list[str]:
    """Return the values to choose from: ``[2, 16]`` is the one value ``2×16``, a list of texts is several."""
    texts = [text for item in items if (text := shown(item))]
    return ["×".join(texts)] if all_numbers and len(texts) > 1 else texts


def _sentence(name: str, text: str) -> str:
    """Return what an attribute says in words: its name belongs to it, but of what is not so there is nothing to say."""
    words = name.replace("_", " ").replace(".", " ")
    return "" if text == "no" else words if text == "yes" else f"{words}: {text}"


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
    newest = _TOP - _within(int(document.created_at.timestamp())) if document.created_at else _TOP
    stock = _within(document.available_stock)
    price, price_down = (_TOP, _TOP) if cents is None else (_within(cents), _within(_TOP - 1 - cents))
    return {
        "price": price << _SALT_BITS | salt,
        "price_down": price_down << _SALT_BITS | salt,
        "newest": newest << _SALT_BITS | salt,
        "stock": stock << _SALT_BITS | salt,
        "stock_down": (_TOP - stock) << _SALT_BITS | salt,
        "popular": (_TOP - _within(int(document.popularity * 100))) << _SALT_BITS | salt,
    }


def _within(value: int) -> int:
    return min(max(value, 0), _TOP)


def _weight(document: SearchDocument, salt: int) -> float:
    """Return what lifts a product among equals: 6 % for what is for sale, more than selling can outweigh; up to 5 %
    for what sells; and a grain of its id to part the rest.
    """
    sold = min(math.log10(1 + max(document.popularity, 0.0)) / _MOST_SOLD, 1.0)
    return 0.09 * (document.status == "active") + 0.08 * sold + 1e-5 * salt / 2**32


_Stored = tuple[str, int, str, str, str, tuple[str, ...], Decimal | None, str, int, str, str]
_encoder = msgspec.json.Encoder()
_decoder = decoder(_Stored)


def _source(document: SearchDocument) -> bytes:
    stored: _Stored = (
        document.product_id,
        document.revision,
        document.sku,
        document.title,
        document.brand,
        document.category,
        document.price,
        document.currency,
        document.available_stock,
        _stock_state(document),
        document.status,
    )
    return _encoder.encode(stored)


def read_hit(source: bytes, score: float) -> Hit:
    """Return the hit that ``index_fields`` stored as ``source``."""
    stored: _Stored = _decoder.decode(source)
    return Hit(*stored, score)
