"""What may be asked of the catalog, and what is answered: light, so that a form builds a command without a driver."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

import msgspec
from msgspec import UNSET, UnsetType

from data.catalog.fields import MAX_DESCRIPTION
from data.catalog.types import AttributeDef, AttributeValue
from data.command import INT8_MAX, Command


@dataclass(frozen=True)
class ProductEdited:
    """The product's new ``version`` and the paths whose value is different now (empty: nothing was written)."""

    product_id: str
    sku: str
    version: int
    changed: tuple[str, ...]


class EditProduct(Command, frozen=True, kw_only=True):
    """Change some fields of one product.

    ``product_id`` is the id or the SKU. ``changes`` maps dotted paths to new values: the paths of ``fields.FIELDS``
    (``title``, ``pricing.base_price``, ``category`` as ``"A > B > C"`` …), one level of the category
    (``category.tertiary``), and ``attributes.<name>``. ``None`` deletes an attribute and empties any other field that
    may be empty. ``expected_version`` is the ``version`` the editor saw; ``None`` overwrites whatever stands there.
    Raises ``NotFound``, ``Invalid`` by path, and ``Conflict`` whose ``current`` has the stored ``version`` and values.
    """

    name: ClassVar[str] = "catalog.edit"
    permission: ClassVar[str] = "catalog.edit"
    result: ClassVar[type] = ProductEdited
    handled_in: ClassVar[str] = "data.catalog.commands"
    text_limit: ClassVar[int] = MAX_DESCRIPTION
    integer_limit: ClassVar[int] = INT8_MAX

    product_id: str
    changes: dict[str, object]
    expected_version: int | None = None


class EditAttributes(Command, frozen=True, kw_only=True):
    """Set, rename and remove attributes of one product, all in one write.

    ``sets`` maps names to values, a null among them; ``renames`` old names to new ones, which keep their value unless
    ``sets`` gives another; ``removes`` are taken away. Raises like ``EditProduct``, by ``attributes.<name>``.
    """

    name: ClassVar[str] = "catalog.attributes"
    permission: ClassVar[str] = "catalog.edit"
    result: ClassVar[type] = ProductEdited
    handled_in: ClassVar[str] = "data.catalog.commands"
    text_limit: ClassVar[int] = MAX_DESCRIPTION
    integer_limit: ClassVar[int] = INT8_MAX

    product_id: str
    sets: dict[str, AttributeValue] = msgspec.field(default_factory=dict)
    removes: tuple[str, ...] = ()
    renames: dict[str, str] = msgspec.field(default_factory=dict)
    expected_version: int | None = None


class ArchiveProduct(Command, frozen=True, kw_only=True):
    """Take a product out of sale and out of the lists. Nothing of it is lost, ``RestoreProduct`` brings it back."""

    name: ClassVar[str] = "catalog.archive"
    permission: ClassVar[str] = "catalog.edit"
    result: ClassVar[type] = ProductEdited
    handled_in: ClassVar[str] = "data.catalog.commands"

    product_id: str
    expected_version: int | None = None


class RestoreProduct(Command, frozen=True, kw_only=True):
    """Bring an archived product back: active where it has a price, else a draft."""

    name: ClassVar[str] = "catalog.restore"
    permission: ClassVar[str] = "catalog.edit"
    result: ClassVar[type] = ProductEdited
    handled_in: ClassVar[str] = "data.catalog.commands"

    product_id: str
    expected_version: int | None = None


class ProductInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One product as an import or a form gives it. What is left ``UNSET`` is left alone, or gets its default when new.

    ``category`` is the path, outermost first (1 to 3 names). ``attributes`` are merged by name into those stored, a
    null is stored as a null. ``status`` left out: ``active`` when the new product has a price, else ``draft``.
    """

    sku: str
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    brand: str | UnsetType = UNSET
    category: tuple[str, ...] | UnsetType = UNSET
    attributes: dict[str, AttributeValue] = {}
    base_price: Decimal | UnsetType | None = UNSET
    currency: str | UnsetType = UNSET
    discount_percentage: Decimal | UnsetType = UNSET
    tax_inclusive: bool | UnsetType = UNSET
    status: str | UnsetType = UNSET
    barcode: str | UnsetType = UNSET
    supplier_id: str | UnsetType = UNSET
    primary_image: str | UnsetType = UNSET
    additional_images: tuple[str, ...] | UnsetType = UNSET
    videos: tuple[str, ...] | UnsetType = UNSET
    meta_title: str | UnsetType = UNSET
    meta_description: str | UnsetType = UNSET
    keywords: tuple[str, ...] | UnsetType = UNSET


@dataclass(frozen=True)
class ProductPut:
    """What became of one product: ``action`` is ``created``, ``updated`` or ``unchanged``."""

    product_id: str
    sku: str
    version: int
    action: str


class PutProduct(Command, frozen=True, kw_only=True):
    """Create the product with this SKU, or bring it to this state. A bad field raises ``Invalid``."""

    name: ClassVar[str] = "catalog.put"
    permission: ClassVar[str] = "catalog.edit"
    result: ClassVar[type] = ProductPut
    handled_in: ClassVar[str] = "data.catalog.commands"
    text_limit: ClassVar[int] = MAX_DESCRIPTION
    integer_limit: ClassVar[int] = INT8_MAX

    product: ProductInput


class CreateProduct(Command, frozen=True, kw_only=True):
    """Create one product. A SKU or barcode that another product has is refused: ``Invalid`` names the field."""

    name: ClassVar[str] = "catalog.create"
    permission: ClassVar[str] = "catalog.edit"
    result: ClassVar[type] = ProductPut
    handled_in: ClassVar[str] = "data.catalog.commands"
    text_limit: ClassVar[int] = MAX_DESCRIPTION
    integer_limit: ClassVar[int] = INT8_MAX

    product: ProductInput


class DuplicateProduct(Command, frozen=True, kw_only=True):
    """Create a product like ``product_id`` (id or SKU) under a SKU of its own, as a draft.

    Everything is copied but what belongs to one product alone: SKU, barcode, stock. ``title`` left empty is the
    original's. Raises ``NotFound`` and ``Invalid``.
    """

    name: ClassVar[str] = "catalog.duplicate"
    permission: ClassVar[str] = "catalog.edit"
    result: ClassVar[type] = ProductPut
    handled_in: ClassVar[str] = "data.catalog.commands"

    product_id: str
    sku: str
    title: str = ""


@dataclass(frozen=True)
class PutError:
    """One product that was refused: its place in the command and, per field, why."""

    index: int
    sku: str
    fields: dict[str, str]


@dataclass(frozen=True)
class ProductsPut:
    """What became of each product; ``items`` and ``errors`` together are as many as the command had."""

    items: tuple[ProductPut, ...]
    errors: tuple[PutError, ...] = ()

    def skus(self, action: str) -> frozenset[str]:
        """The SKUs of the products that were ``created``, ``updated`` or ``unchanged``."""
        return frozenset(item.sku for item in self.items if item.action == action)

    def count(self, action: str) -> int:
        """How many products were ``created``, ``updated`` or ``unchanged``."""
        return sum(item.action == action for item in self.items)


class PutProducts(Command, frozen=True, kw_only=True):
    """Create or update up to 1,000 products. A bad product is reported in the result and stops no other."""

    name: ClassVar[str] = "catalog.put_many"
    permission: ClassVar[str] = "catalog.import"
    result: ClassVar[type] = ProductsPut
    handled_in: ClassVar[str] = "data.catalog.commands"
    text_limit: ClassVar[int] = MAX_DESCRIPTION
    integer_limit: ClassVar[int] = INT8_MAX

    products: tuple[ProductInput, ...]


@dataclass(frozen=True)
class CategorySaved:
    """The category's id, its path as one line, and whether it is new."""

    category_id: str
    path: str
    created: bool


class SaveCategory(Command, frozen=True, kw_only=True):
    """Create or change the category at ``path`` (outermost first, 1 to 3 names); its parents are created as needed."""

    name: ClassVar[str] = "catalog.category"
    permission: ClassVar[str] = "catalog.edit"
    result: ClassVar[type] = CategorySaved
    handled_in: ClassVar[str] = "data.catalog.commands"
    text_limit: ClassVar[int] = MAX_DESCRIPTION
    integer_limit: ClassVar[int] = INT8_MAX

    path: tuple[str, ...]
    description: str | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    sort_order: int | UnsetType = UNSET
    attributes: tuple[AttributeDef, ...] | UnsetType = UNSET
