"""The demo's products: made of kinds, one after the other, so that a bigger shop begins with the smaller one."""

from __future__ import annotations

import itertools
import random
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from data.catalog.imports.templates import parse_template
from data.catalog.messages import ProductInput
from data.catalog.types import AttributeDef, AttributeValue
from data.payments.rules import looks_like_card_number
from data.structs import convert

#: The endings of a shelf price and how often each is seen.
_ENDINGS = (("0.95", 5), ("0.90", 4), ("0.99", 3), ("0.50", 1), ("0.00", 2))
_EDITIONS = ("II", "III", "2025", "2026", "SE", "Plus")
_DISCOUNTS = (5, 10, 15, 20, 25, 30)
_NOT_YET_PRICED, _NO_LONGER_SOLD, _REDUCED = 0.03, 0.02, 0.12


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One attribute of a kind: its values, and by what each of them multiplies the price."""

    values: tuple[AttributeValue, ...]
    factors: tuple[float, ...] = ()
    unit: str = ""
    label: str = ""


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of product; see ``kinds.toml``."""

    prefix: str
    category: tuple[str, str, str]
    brands: tuple[str, ...]
    series: tuple[str, ...]
    title: str
    text: str
    price: tuple[int, int]
    reorder: int
    units: tuple[int, int]
    features: dict[str, Feature]

    @property
    def definitions(self) -> tuple[AttributeDef, ...]:
        """How the category speaks of the features."""
        return tuple(AttributeDef(name, item.label, item.unit) for name, item in self.features.items())


@dataclass(frozen=True)
class DemoProduct:
    """A product, how much it is wanted (1 is ordinary), and how much of it is kept."""

    product: ProductInput
    wanted: float
    reorder: int
    #: units by warehouse id in the opening delivery; none for a product that is not sold
    stock: Mapping[str, int]


@cache
def kinds() -> tuple[Kind, ...]:
    """Return every kind the demo shop sells."""
    content = tomllib.loads(Path(__file__).with_name("kinds.toml").read_text(encoding="utf-8"))
    return convert(content["kind"], tuple[Kind, ...])


def make_products(count: int, seed: int) -> tuple[DemoProduct, ...]:
    """Return ``count`` products, the same for the same ``seed``; a bigger shop begins with those of a smaller one."""
    titles: set[str] = set()
    return tuple(
        _make(kind, number, random.Random(f"{seed}:{kind.prefix}:{number}"), titles)
        for kind, number in itertools.islice(_numbered(), count)
    )


def _numbered() -> Iterator[tuple[Kind, int]]:
    for number in itertools.count(1):
        for kind in kinds():
            yield kind, number


def _make(kind: Kind, number: int, dice: random.Random, titles: set[str]) -> DemoProduct:
    brand, series, chosen, factor = _design(kind, dice)
    attributes: dict[str, AttributeValue] = {name: kind.features[name].values[place] for name, place in chosen.items()}
    words = {"brand": brand, "series": series, **attributes}
    while (title := _filled(kind.title, words)) in titles:  # the next edition of what the shop has already
        words["series"] = f"{words['series']} {dice.choice(_EDITIONS)}"
    titles.add(title)
    fate = dice.random()
    price = _price(kind, factor, dice)
    discount = dice.choice(_DISCOUNTS) if dice.random() < _REDUCED else 0
    sold = fate >= _NOT_YET_PRICED + _NO_LONGER_SOLD
    product = ProductInput(
        sku=f"{kind.prefix}-{number:04}",
        title=title,
        description=_filled(kind.text, words),
        brand=brand,
        category=kind.category,
        attributes=attributes,
        base_price=None if fate < _NOT_YET_PRICED else price,
        discount_percentage=Decimal(discount),
        status="active" if sold else "draft" if fate < _NOT_YET_PRICED else "archived",
        barcode=_barcode(dice),
        supplier_id=f"SUPPLIER-{brand.split()[0].upper()}",
        keywords=(kind.category[2].lower(), brand.lower()),
    )
    wanted = dice.paretovariate(1.3)
    return DemoProduct(product, wanted, kind.reorder, _stock(kind, wanted, dice) if sold else {})


def _design(kind: Kind, dice: random.Random) -> tuple[str, str, dict[str, int], float]:
    chosen = {name: dice.randrange(len(feature.values)) for name, feature in kind.features.items()}
    factor = 1.0
    for name, place in chosen.items():
        factor *= kind.features[name].factors[place] if kind.features[name].factors else 1.0
    return dice.choice(kind.brands), dice.choice(kind.series), chosen, factor


def _filled(template: str, words: Mapping[str, Any]) -> str:
    text = parse_template(template, where="kinds.toml").fill(words)
    return text[:1].upper() + text[1:]


def _price(kind: Kind, factor: float, dice: random.Random) -> Decimal:
    whole = max(1, int(dice.uniform(*kind.price) * factor))
    ending = dice.choices([text for text, _ in _ENDINGS], [weight for _, weight in _ENDINGS])[0]
    return Decimal(whole) + Decimal(ending)


def _barcode(dice: random.Random) -> str:
    """Return an EAN-13 of the range kept for in-store use (GS1: 20 to 29) that no card number check mistakes."""
    while True:
        digits = f"2{dice.randrange(10**11):011}"
        check = -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10
        if not looks_like_card_number(f"{digits}{check}"):
            return f"{digits}{check}"


def _stock(kind: Kind, wanted: float, dice: random.Random) -> dict[str, int]:
    """Return the opening delivery: more of what is wanted, and now and then too little of it."""
    low, high = kind.units
    busy = min(3.0, max(1.0, wanted / 2))
    stock = {"WH1": int(dice.randint(low, high) * busy)} if dice.random() < 0.9 else {}
    if dice.random() < 0.6 or not stock:
        stock["WH2"] = dice.randint(low, high)
    if dice.random() < 0.3:
        stock["WH3"] = max(1, dice.randint(low, high) // 2)
    luck = dice.random()
    if luck < 0.06:  # bought too little of it: it will run low, or out
        stock = {warehouse: dice.randint(1, max(2, kind.reorder)) for warehouse in list(stock)[:1]}
    return stock
