"""What the screens that change products ask of the data rooms. Every function runs in a thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from data.catalog.types import AttributeUse, AttributeValue, Product
    from data.shop import Shop
    from data.tables import Written
    from data.types import ReportProgress
    from data.undo.messages import Undone


def create_product(shop: Shop, fields: Mapping[str, Any], key: str) -> Any:
    """Create a product from fields as ``ProductInput`` names them. Raises ``Invalid`` by those names."""
    from data.catalog.messages import CreateProduct
    from data.command import parse_command

    return shop.door.run(parse_command(CreateProduct, {"product": dict(fields)}), shop.actor, key=key).result


def duplicate_product(shop: Shop, product_id: str, sku: str, title: str, key: str) -> Any:
    """Copy the product under a new SKU."""
    from data.catalog.messages import DuplicateProduct

    command = DuplicateProduct(product_id=product_id, sku=sku, title=title)
    return shop.door.run(command, shop.actor, key=key).result


def turn_archived(shop: Shop, product_id: str, key: str) -> tuple[str, str]:
    """Archive the product, or bring it back where it is archived; return its SKU and the status it has now."""
    from data.catalog.messages import ArchiveProduct, RestoreProduct
    from data.catalog.reads import get_product

    product = get_product(shop.stores.mongo, product_id)
    kind = RestoreProduct if product.status == "archived" else ArchiveProduct
    shop.door.run(kind(product_id=product_id, expected_version=product.version), shop.actor, key=key)
    return product.sku, get_product(shop.stores.mongo, product_id).status


def undo_last(shop: Shop, key: str) -> Undone:
    """Take back the actor's last change of the catalog. Raises ``Conflict``, whose ``current`` may name a bulk job."""
    from data.undo.messages import Undo

    undone: Undone = shop.door.run(Undo(area="catalog"), shop.actor, key=key).result
    return undone


@dataclass(frozen=True)
class AttributeDesk:
    """A product and how its category uses attributes: by name, in how many products, with the commonest values."""

    product: Product
    used: tuple[AttributeUse, ...]


def read_attributes(shop: Shop, product_id: str) -> AttributeDesk:
    """Return the product as it is stored now, and what is usual in its category."""
    from data.catalog.reads import attributes_of, get_product

    product = get_product(shop.stores.mongo, product_id)
    return AttributeDesk(product, attributes_of(shop.stores.mongo, product.category))


def save_attributes(
    shop: Shop,
    product: Product,
    sets: Mapping[str, AttributeValue],
    renames: Mapping[str, str],
    removes: tuple[str, ...],
    key: str,
) -> Any:
    """Write the editor's changes, if the product is still as it was read."""
    from data.catalog.messages import EditAttributes

    command = EditAttributes(
        product_id=product.product_id,
        sets=dict(sets),
        renames=dict(renames),
        removes=removes,
        expected_version=product.version,
    )
    return shop.door.run(command, shop.actor, key=key).result


def export_found(
    shop: Shop, line: str, path: Path, columns: tuple[str, ...], report: ReportProgress, cancelled: Callable[[], bool]
) -> Written:
    """Write all that the line of query finds to a file."""
    from data.catalog.exports import export_products

    return export_products(shop, line, path, columns=columns, report=report, cancelled=cancelled)
