"""What the catalog demands of each field of a product: one check per field, pure, microseconds.

Every fixed field of a product stands in ``FIELDS`` once, by its path in the document, with the check that cleans it. An
editor's change and an imported row both become a *patch* (path → clean value), so a rule holds for both or for neither.

Text from outside is hostile. NUL and lone surrogates are refused, because PostgreSQL and UTF-8 cannot hold them; every
other character is stored as it came and made inert where it is shown. A SKU, a barcode and a currency are codes that
people type and scan: they take no control character and no blank at their ends.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from data.catalog.types import PATH_SEPARATOR, AttributeValue
from data.money import MAX_AMOUNT, cents, ungrouped

STATUSES = ("draft", "active", "archived")
MAX_SKU = 100  # order_items.sku
MAX_TITLE = 255  # order_items.product_name
MAX_LINE = 255
MAX_DESCRIPTION = 20_000
MAX_ATTRIBUTES = 300
MAX_ATTRIBUTE_TEXT = 2_000
MAX_LIST = 200
MAX_ATTRIBUTES_TEXT = 500_000  # all of one product's attributes together: a document holds 16 MB
MAX_DEPTH = 4
_INT64 = 2**63
_OBJECT_ID = re.compile(r"[0-9a-fA-F]{24}")
_CURRENCY = re.compile(r"[A-Z]{3}")
#: Levels of the tree in the document, outermost first.
LEVELS = ("primary", "secondary", "tertiary")

Check = Callable[[Any], Any]


def storable(text: str) -> str:
    """Return ``text``; raise ``ValueError`` where a store could not hold it (NUL, lone surrogate)."""
    if text.isprintable():  # nearly every text, and neither of the two is
        return text
    if "\0" in text:
        raise ValueError("holds a NUL character")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("is not valid text (lone surrogate)")
    return text


def text(limit: int, *, needed: bool = False) -> Check:
    """Return a check for text of at most ``limit`` characters, trimmed; ``needed`` refuses an empty one."""

    def check(value: object) -> str:
        if value is None:
            value = ""
        if not isinstance(value, str):
            raise ValueError("must be text")
        clean = storable(value).strip()
        if needed and not clean:
            raise ValueError("is missing")
        if len(clean) > limit:
            raise ValueError(f"is longer than {limit:,} characters ({len(clean):,})")
        return clean

    return check


def code(limit: int, *, needed: bool = False) -> Check:
    """Return a check for a code that people type and scan: text without control characters."""
    plain = text(limit, needed=needed)

    def check(value: object) -> str:
        clean: str = plain(value)
        if clean.isprintable() and clean.isascii():
            return clean
        if any(unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} for char in clean):
            raise ValueError("holds a control character")
        return clean

    return check


_check_code = code(MAX_SKU, needed=True)


def check_sku(value: object) -> str:
    """Return the SKU; one that could be taken for a product id (24 hex digits) is refused."""
    sku: str = _check_code(value)
    if _OBJECT_ID.fullmatch(sku):
        raise ValueError("looks like a product id (24 hex digits)")
    return sku


def check_status(value: object) -> str:
    """Return the status, one of ``STATUSES``."""
    if value not in STATUSES:
        raise ValueError(f"must be one of {', '.join(STATUSES)}")
    return str(value)


def check_currency(value: object) -> str:
    """Return an ISO 4217 code."""
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise ValueError("must be three capital letters, like USD")
    return value


def check_flag(value: object) -> bool:
    """Return a yes or no."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def number(value: object) -> Decimal:
    """Return ``value`` (Decimal, int, float or text, thousands separated by commas) as a finite ``Decimal``."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
        raise ValueError("must be a number")
    if isinstance(value, str) and not value.strip():
        raise ValueError("is missing: a number")
    try:
        # str() of a float is its shortest exact spelling: 34.9, not 34.899999999999998579.
        amount = Decimal(ungrouped(str(value)))
    except InvalidOperation:
        raise ValueError(f"{str(value)[:40]!r} is not a number") from None
    if not amount.is_finite():
        raise ValueError("is not a finite number")
    return amount


def check_price(value: object) -> Decimal | None:
    """Return a price of 0.00 to 99,999,999.99, or ``None`` for "not priced"."""
    if value is None or value == "":
        return None
    amount = number(value)
    if not 0 <= amount <= MAX_AMOUNT:
        raise ValueError("is negative" if amount < 0 else f"is more than {MAX_AMOUNT:,}")
    price = cents(amount)
    if amount != price:
        raise ValueError("has more than two decimals")
    return price


def check_discount(value: object) -> Decimal:
    """Return a percentage from 0 to 100 with at most two decimals."""
    percent = number(0 if value is None else value)
    if not 0 <= percent <= 100:
        raise ValueError("must be between 0 and 100")
    if percent != cents(percent):
        raise ValueError("has more than two decimals")
    return percent.normalize() + 0


def text_list(limit: int) -> Check:
    """Return a check for a list of texts of at most ``limit`` characters each; blanks and repeats are dropped."""
    each = text(limit)

    def check(value: object) -> tuple[str, ...]:
        items = (value,) if isinstance(value, str) else value or ()
        if not isinstance(items, list | tuple):
            raise ValueError("must be a list of texts")
        if len(items) > MAX_LIST:
            raise ValueError(f"has more than {MAX_LIST} items")
        return tuple(dict.fromkeys(clean for item in items if (clean := each(item))))

    return check


_check_level = text(100)


def check_category(value: object) -> tuple[str, ...]:
    """Return the levels of a category path, given as ``"A > B > C"`` or as a list of one to three names."""
    names = value.split(">") if isinstance(value, str) else value or ()
    if not isinstance(names, list | tuple):
        raise ValueError("must be a path like Electronics > Computers > Laptops")
    if names == [""] or not names:
        return ()
    hashable = all(isinstance(name, str) for name in names)
    return (_check_levels if hashable else _check_levels.__wrapped__)(tuple(names))


@lru_cache(maxsize=1024)  # the rows of an import share a few
def _check_levels(names: tuple[Any, ...]) -> tuple[str, ...]:
    if len(names) > len(LEVELS):
        raise ValueError(f"has more than {len(LEVELS)} levels")
    clean = tuple(map(_check_level, names))
    if not all(clean):
        raise ValueError("has a level without a name")
    if any(PATH_SEPARATOR.strip() in name for name in clean):
        raise ValueError(f"has a level with {PATH_SEPARATOR.strip()!r} in its name")
    return clean


#: Every fixed field that may be written, by its path in the document. ``final_price`` is computed, never given.
FIELDS: Mapping[str, Check] = {
    "sku": check_sku,
    "title": text(MAX_TITLE, needed=True),
    "description": text(MAX_DESCRIPTION),
    "brand": text(MAX_LINE),
    "category": check_category,
    "status": check_status,
    "barcode": code(64),
    "pricing.base_price": check_price,
    "pricing.currency": check_currency,
    "pricing.discount_percentage": check_discount,
    "pricing.tax_inclusive": check_flag,
    "inventory.supplier_id": code(100),
    "media.primary_image": code(2_000),
    "media.additional_images": text_list(2_000),
    "media.videos": text_list(2_000),
    "seo.meta_title": text(MAX_LINE),
    "seo.meta_description": text(2_000),
    "seo.keywords": text_list(100),
}


@lru_cache(maxsize=8192)
def check_attribute_name(name: str) -> str:
    """Return the dotted name; raise ``ValueError`` for one that no document could hold.

    The dots are nesting: ``memory.speed`` is stored as ``attributes: {memory: {speed: …}}``.
    """
    parts = storable(name).split(".")
    if any(not part.strip() for part in parts):
        raise ValueError("has an empty part in its name")
    if any(part.startswith("$") for part in parts):
        raise ValueError("has a name part that starts with $")
    if len(parts) > MAX_DEPTH or any(len(part) > 100 for part in parts):
        raise ValueError(f"has a name of more than {MAX_DEPTH} parts or 100 characters a part")
    return name


def check_attribute(value: object) -> AttributeValue:
    """Return a text, number, yes/no, null, or a list of those; numbers that no store can hold are refused."""
    match value:
        case None | bool():
            return value
        case str():
            if len(value) > MAX_ATTRIBUTE_TEXT:
                raise ValueError(f"is longer than {MAX_ATTRIBUTE_TEXT:,} characters")
            return storable(value)
        case list() | tuple():
            if len(value) > MAX_LIST:
                raise ValueError(f"has more than {MAX_LIST} items")
            items = [check_attribute(item) for item in value]
            if any(isinstance(item, list) for item in items):
                raise ValueError("has a list inside a list")
            return items  # type: ignore[return-value]  # no item is a list, checked above
        case int():
            if not -_INT64 <= value < _INT64:
                raise ValueError("is a whole number beyond 64 bits")
            return value
        case float() | Decimal():
            if not math.isfinite(value):
                raise ValueError("is not a finite number")
            return float(value)
    raise ValueError("must be text, a number, true or false, null, or a list of those")


def check_fields(given: Iterable[tuple[str, object]]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the clean values and, by path, why the others are refused. An unknown path is refused too."""
    patch: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for path, value in given:
        check = FIELDS.get(path)
        if check is None:
            wrong[path] = (
                "is computed from base_price and discount_percentage"
                if path == "pricing.final_price"
                else ("is no field of a product")
            )
            continue
        try:
            patch[path] = check(value)
        except ValueError as reason:
            wrong[path] = str(reason)
    return patch, wrong


def check_attributes(given: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the clean attributes by path (``attributes.color``) and, by path, why the others are refused."""
    patch: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    if problem := attribute_load(given):
        return patch, {"attributes": problem}
    for name, value in given.items():
        path = f"attributes.{name}"
        try:
            check_attribute_name(name)
            patch[path] = check_attribute(value)
        except ValueError as reason:
            wrong[path] = str(reason)
    return patch, wrong


def attribute_load(attributes: Mapping[str, object]) -> str:
    """Return why these are too many attributes, or too much text, for one product; ``""`` where they are not."""
    if len(attributes) > MAX_ATTRIBUTES:
        return f"has more than {MAX_ATTRIBUTES} names"
    if sum(map(_characters, attributes.values())) > MAX_ATTRIBUTES_TEXT:
        return f"are longer than {MAX_ATTRIBUTES_TEXT:,} characters together"
    return ""


def _characters(value: object) -> int:
    if isinstance(value, str):
        return len(value)
    return sum(map(_characters, value)) if isinstance(value, list | tuple) else 0
