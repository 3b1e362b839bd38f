"""What a search must answer, worked out by brute force from the documents: no index, no plan, no shortcut.

It shares with the engines only the cutting of text into tokens. Words are matched exactly (the last as a beginning), so
it is asked only words that some product has: corrections and synonyms have tests of their own.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from data.search.analysis import atoms, singular, tokens, value_key
from data.search.engine import SearchDocument
from data.search.query import Between, Choice, Filter, SearchQuery, attribute_key

BRANDS = ["Corsair", "Crucial", "G.Skill", "Kingston", "ADATA", "be quiet!", "Ærø", "Noctua"]
CATEGORIES = {
    ("Computers", "Parts", "Memory"): ["speed", "modules", "color", "cas latency"],
    ("Computers", "Parts", "Power supply"): ["wattage", "modular", "color", "efficiency.rating"],
    ("Computers", "Cases"): ["form factor", "color", "psu"],
    ("Home", "Kitchen", "Kettles"): ["capacity", "wattage", "color", "features"],
    ("Home",): ["material"],
    (): [],
}
COLORS = ["Black", "black", "White", "Off White", "Black / Silver", "Rot", "Grün"]
SERIES = ["Vengeance", "Ballistix", "Trident", "Fury", "Silent", "Dominator", "Straight"]
PRICE_ENDS = [0, 10, 25, 50, 100, 250, 500, 1000, 2500]


def make_documents(count: int, seed: int = 7) -> list[SearchDocument]:
    """Return ``count`` products with values of every kind, the same for the same seed."""
    chance = random.Random(seed)
    return [_document(chance, number) for number in range(count)]


def _document(chance: random.Random, number: int) -> SearchDocument:
    category = chance.choice(list(CATEGORIES))
    brand = chance.choice([*BRANDS, ""])
    names = [name for name in CATEGORIES[category] if chance.random() < 0.85]
    return SearchDocument(
        product_id=f"{number:024x}",
        revision=1 + number % 5,
        sku=f"{(category or ('ETC',))[-1][:3].upper()}-{number:05}",
        title=f"{brand} {chance.choice(SERIES)} {chance.choice(['RGB', 'Pro', 'LPX', ''])} {chance.randint(1, 64)} GB",
        brand=brand,
        category=category,
        description=chance.choice(["", "A quiet part", "Fast and loud"]),
        codes=(f"40{number:011}",),
        attributes={name: _value(chance, name) for name in names} | ({"serial": f"S{number}"} if number % 3 else {}),
        price=None if chance.random() < 0.2 else Decimal(chance.randint(1, 400_000)) / 100,
        available_stock=chance.choice([0, 0, 3, 5, 6, 40, 900]),
        reorder_level=5,
        status=chance.choice(["active"] * 8 + ["draft", "archived"]),
        created_at=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randint(0, 500_000)),
        popularity=float(chance.choice([0, 0, 0, 5, 70])),
    )


def _value(chance: random.Random, name: str) -> str | int | float | bool | list[str | int | float]:
    match name:
        case "speed":
            return [chance.choice([3, 4, 5]), chance.choice([2400, 3200, 5600, 6000])]
        case "modules":
            return [chance.choice([1, 2, 4]), chance.choice([8, 16, 32])]
        case "cas latency":
            return chance.choice([16, 18, 30, 36.5])
        case "wattage":
            return chance.choice([450, 550, 650.0, 750, 1000])
        case "modular" | "psu":
            return chance.choice([True, False, "Semi"])
        case "capacity":
            return chance.choice(["1.5 l", "1.5l", "2 L", "0.5 l"])
        case "features":
            return chance.sample(["timer", "auto-off", "keep warm", "Timer"], chance.randint(1, 3))
        case "color":
            return chance.choice(COLORS)
    return chance.choice(["steel", "ATX", "Gold", "2024-01-01T00:00:00Z", "5"])


def shown_values(value: object) -> list[str]:
    """Return the facet values of one attribute."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    texts = [_shown(item) for item in items]
    numbers = all(isinstance(item, int | float) and not isinstance(item, bool) for item in items)
    return ["×".join(texts)] if numbers and len(texts) > 1 else texts


def _shown(item: object) -> str:
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, float) and item.is_integer():
        return str(int(item))
    return str(item)


def numbers_of(value: object) -> list[float]:
    """Return the numbers in one attribute."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    return [float(item) for item in items if isinstance(item, int | float) and not isinstance(item, bool)]


def facets_of(document: SearchDocument) -> dict[str, list[str]]:
    """Return the facet values of one product, prices apart."""
    stock = document.available_stock
    state = "out" if stock <= 0 else "low" if stock <= document.reorder_level else "in"
    named = {"brand": [document.brand], "stock": [state], "status": [document.status]}
    for level, name in zip(("primary", "secondary", "tertiary"), document.category, strict=False):
        named[f"category.{level}"] = [name]
    named["category"] = [" > ".join(document.category[: depth + 1]) for depth in range(len(document.category))]
    for name, value in document.attributes.items():
        named[attribute_key(name)] = shown_values(value)
    return {name: [text for text in texts if text] for name, texts in named.items()}


def price_range(price: Decimal) -> str:
    """Return the price facet's value for ``price``."""
    low = max(end for end in PRICE_ENDS if end <= price)
    above = [end for end in PRICE_ENDS if end > price]
    return f"{low}..{above[0] - 1}.99" if above else f"{low}.."


class Oracle:
    """The documents, and what a query finds among them."""

    def __init__(self, documents: Iterable[SearchDocument]) -> None:
        self.documents = {document.product_id: document for document in documents}
        self._words = {one.product_id: _words(one) for one in self.documents.values()}
        self._names = {one.product_id: _cut([one.title, one.brand]) for one in self.documents.values()}
        self._values = {
            one.product_id: {name: {*map(value_key, texts)} for name, texts in facets_of(one).items()}
            for one in self.documents.values()
        }
        self._whole = {(name, key) for held in self._values.values() for name, keys in held.items() for key in keys}

    @lru_cache(maxsize=8)  # noqa: B019  # one oracle lives as long as the module that asks it
    def found(self, query: SearchQuery, *, apart_from: str = "") -> frozenset[str]:
        """Return the ids of what ``query`` finds, without the choice of the facet ``apart_from``."""
        return frozenset(
            one.product_id
            for one in self.documents.values()
            if self._passes(one, query, apart_from) and self._has_words(one, query)
        )

    def facet(self, query: SearchQuery, name: str) -> Counter[str]:
        """Return the count of each value (by ``value_key``) of a facet, its own choice left aside."""
        counts: Counter[str] = Counter()
        has_choice = any(one.field == name and not one.negated for one in query.filters) or name == "status"
        for product_id in self.found(query, apart_from=name if has_choice else ""):
            price = self.documents[product_id].price
            if name != "price":
                counts.update(self._values[product_id].get(name, ()))
            elif price is not None:
                counts[price_range(price)] += 1
        return counts

    def numbers(self, query: SearchQuery, name: str) -> list[float]:
        """Return a number of each product found that has one: of a list the largest, which is what a range means."""
        has_choice = any(one.field == name for one in query.filters)
        found = [self.documents[one] for one in self.found(query, apart_from=name if has_choice else "")]
        if name == "price":
            return [float(one.price) for one in found if one.price is not None]
        held = ([v for key, v in one.attributes.items() if attribute_key(key) == name] for one in found)
        return [max(numbers) for values in held for value in values if (numbers := numbers_of(value))]

    def covering(self, query: SearchQuery) -> Counter[str]:
        """Return how many of the products found have each attribute."""
        found = (self.documents[product_id] for product_id in self.found(query))
        return Counter(attribute_key(name) for one in found for name in one.attributes)

    def _has_words(self, document: SearchDocument, query: SearchQuery) -> bool:
        have = self._words[document.product_id]
        if any(_all_in(have, word) for word in query.excluded):
            return False
        asked = ["".join(word) for word in atoms(query.text)]
        if not asked:
            return True
        *firm, last = asked
        # A beginning of a letter or two is looked for in what names a product only.
        may_begin = have if len(last) > 2 else self._names[document.product_id]
        begun = any(word.startswith(last) for word in may_begin) or singular(last) in have
        return begun and all(singular(word) in have for word in firm)

    def _passes(self, document: SearchDocument, query: SearchQuery, apart_from: str) -> bool:
        by_status = any(one.field == "status" and not one.negated for one in query.filters)
        if not by_status and apart_from != "status" and document.status == "archived":
            return False
        return all(
            self._holds(document, one) != one.negated for one in query.filters if one.negated or one.field != apart_from
        )

    def _holds(self, document: SearchDocument, one: Filter) -> bool:
        return any(self._accepts(document, one.field, choice) for choice in one.choices)

    def _accepts(self, document: SearchDocument, name: str, choice: Choice) -> bool:
        if name == "price":
            return isinstance(choice, Between) and document.price is not None and document.price in choice
        if name == "category":
            paths = facets_of(document)["category"]
            return isinstance(choice, str) and value_key(choice) in map(value_key, [*document.category, *paths])
        if name == "stock" and isinstance(choice, Between):
            return document.available_stock in choice
        if isinstance(choice, Between):
            held = [
                number
                for key, value in document.attributes.items()
                if attribute_key(key) == name
                for number in numbers_of(value)
            ]
            return any(Decimal(number) in choice for number in held)
        if choice.isdigit() and (name, value_key(choice)) not in self._whole:
            return self._accepts(document, name, Between(Decimal(choice), Decimal(choice)))
        return value_key(choice) in self._values[document.product_id].get(name, set())


def _words(document: SearchDocument) -> frozenset[str]:
    texts = [document.title, document.brand, document.sku, document.description, *document.category]
    for name, value in document.attributes.items():
        for text in shown_values(value):
            texts += [] if text == "no" else [name] if text == "yes" else [f"{name}: {text}"]
    return _cut(texts)


def _cut(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(token.text for text in texts for token in tokens(text))


def _all_in(have: frozenset[str], phrase: str) -> bool:
    return bool(atoms(phrase)) and all(singular("".join(word)) in have for word in atoms(phrase))


def make_queries(oracle: Oracle, count: int, seed: int = 11) -> Iterator[SearchQuery]:
    """Yield queries of words and filters that the documents' own values suggest."""
    chance = random.Random(seed)
    for _ in range(count):
        words = chance.sample(["corsair", "vengeance", "quiet", "16gb", "pro"], chance.choice([0, 0, 1, 2]))
        query = SearchQuery(
            text=" ".join([*words, *chance.sample(["sil", "c", "compu"], chance.choice([0, 0, 1]))]),
            excluded=("rgb",) if chance.random() < 0.2 else (),
        )
        for _ in range(chance.choice([0, 1, 1, 2, 3])):
            query = query.with_filter(_random_filter(chance, oracle))
        yield query


def _random_filter(chance: random.Random, oracle: Oracle) -> Filter:
    kind = chance.random()
    negated = chance.random() < 0.2
    if kind < 0.15:
        low = Decimal(chance.randint(0, 900))
        return Filter("price", (Between(low, low + chance.randint(0, 2000), chance.random() < 0.5),), negated)
    if kind < 0.25:
        return Filter("stock", (Between(Decimal(chance.choice([0, 3, 5])), None, low_open=True),), negated)
    if kind < 0.4:
        name, low, high = chance.choice(
            [("speed", 3, 5), ("wattage", 500, 750), ("cas_latency", 16, 36), ("modules", 9, 20)]
        )
        return Filter(
            name, (Between(Decimal(low), Decimal(high), chance.random() < 0.5, chance.random() < 0.5),), negated
        )
    facets = facets_of(chance.choice(list(oracle.documents.values())))
    name = chance.choice([one for one in facets if facets[one]])
    values = {
        value_key(one): one
        for _ in range(3)
        for one in facets_of(chance.choice(list(oracle.documents.values()))).get(name, [])
    }
    values |= {value_key(one): one for one in facets[name][:1]}
    return Filter(name, tuple(values.values()), negated)
