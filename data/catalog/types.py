"""What the catalog hands out: frozen values, none of which knows MongoDB.

A product's attributes are one flat mapping from a dotted name to a value: ``{"color": "White", "memory.speed": 5}``.
In the stored document the dots are nesting (``attributes.memory.speed``), so a dot never has to be encoded and every
other MongoDB client, and the search index, sees ordinary documents. Rejected: keeping the nesting in Python, which
makes every reader of attributes walk a tree for the sake of the few names that have a dot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

#: One value of an attribute, or one item of a list of them. A null is a value: "known to be absent".
Scalar = str | int | float | bool | None
AttributeValue = str | int | float | bool | None | list[str | int | float | bool | None]

#: How the levels of a category stand in one line, as the seed writes them.
PATH_SEPARATOR = " > "


@dataclass(frozen=True)
class CategoryPath:
    """A place in the category tree, one to three levels deep; a level that is not used is ``""``."""

    primary: str = ""
    secondary: str = ""
    tertiary: str = ""

    @classmethod
    def of(cls, *names: str) -> CategoryPath:
        """Return the path with these level names, outermost first; more than three raise ``ValueError``."""
        if len(names) > 3:
            raise ValueError("a category path has at most three levels")
        return cls(*names)

    @property
    def names(self) -> tuple[str, ...]:
        """The used levels, outermost first."""
        return tuple(name for name in (self.primary, self.secondary, self.tertiary) if name)

    def __str__(self) -> str:
        """``Electronics > Computers > Laptops``."""
        return PATH_SEPARATOR.join(self.names)


@dataclass(frozen=True)
class Pricing:
    """What a product costs. ``base_price`` and ``final_price`` are ``None`` while nobody has priced it.

    ``final_price`` is always computed: ``base_price`` less ``discount_percentage`` (0 to 100), half up to the cent.
    """

    base_price: Decimal | None = None
    currency: str = "USD"
    discount_percentage: Decimal = Decimal(0)
    final_price: Decimal | None = None
    tax_inclusive: bool = False


@dataclass(frozen=True)
class StockSummary:
    """The sums over all warehouses as the relay last wrote them, in units. For display: PostgreSQL holds the truth.

    ``version`` is the stock event the sums stand for; 0 means no stock event was ever handled.
    """

    total_stock: int = 0
    available_stock: int = 0
    reserved_stock: int = 0
    reorder_level: int = 0
    supplier_id: str = ""
    version: int = 0


@dataclass(frozen=True)
class Media:
    """Addresses of pictures and films."""

    primary_image: str = ""
    additional_images: tuple[str, ...] = ()
    videos: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seo:
    """What search engines are shown."""

    meta_title: str = ""
    meta_description: str = ""
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Product:
    """One product of the catalog.

    ``version`` counts the edits of its content and is what an editor compares; ``revision`` counts every write, edits
    and stock summaries alike, and is what the search index and the cache compare. ``status`` is one of
    ``data.catalog.rules.STATUSES``. ``barcode`` is a GTIN of 8 to 14 digits or ``""``.
    """

    product_id: str
    sku: str
    title: str
    description: str = ""
    brand: str = ""
    category: CategoryPath = CategoryPath()
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    pricing: Pricing = Pricing()
    inventory: StockSummary = StockSummary()
    media: Media = Media()
    seo: Seo = Seo()
    status: str = "active"
    barcode: str = ""
    version: int = 0
    revision: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    created_by: str = ""


@dataclass(frozen=True)
class ProductRow:
    """One product as a list shows it: a projection, a tenth of the document's size."""

    product_id: str
    sku: str
    title: str
    brand: str
    category: CategoryPath
    pricing: Pricing
    available_stock: int
    status: str
    version: int
    updated_at: datetime | None


@dataclass(frozen=True)
class AttributeDef:
    """How a category speaks of one attribute: ``name`` is the dotted name, ``unit`` may be ``""`` (``GB``, ``W``)."""

    name: str
    label: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Category:
    """One node of the tree. ``path`` is unique (``Electronics > Computers > Laptops``); ``level`` is 1 to 3."""

    category_id: str
    name: str
    slug: str
    path: str
    level: int
    parent_category: str = ""
    description: str = ""
    is_active: bool = True
    sort_order: int = 0
    attributes: tuple[AttributeDef, ...] = ()
    version: int = 0


@dataclass(frozen=True)
class AttributeUse:
    """One attribute as the products of a category use it: in how many, and its commonest values as text."""

    name: str
    products: int
    values: tuple[str, ...] = ()
