"""Copying a product: the same content under a SKU of its own."""

from __future__ import annotations

from data.catalog.documents import object_id
from data.catalog.messages import DuplicateProduct, ProductInput, ProductPut
from data.catalog.puts import create
from data.catalog.reads import by_skus, get_products
from data.catalog.types import Product
from data.door import UnitOfWork, handles
from data.errors import NotFound


@handles(DuplicateProduct)
def duplicate_product(command: DuplicateProduct, uow: UnitOfWork) -> ProductPut:
    """Create the copy, a draft: it is sold when somebody has looked at it. Raises ``NotFound`` and ``Invalid``."""
    mongo, ref = uow.stores.mongo, command.product_id
    found = get_products(mongo, [ref]) if object_id(ref) else by_skus(mongo, [ref])
    original = found.get(ref)
    if original is None:
        raise NotFound("product", ref)
    return create(copy_of(original, command.sku, command.title), uow)


def copy_of(original: Product, sku: str, title: str = "") -> ProductInput:
    """Return ``original`` as the input of a new draft; barcode and stock belong to the original alone."""
    pricing, media, seo = original.pricing, original.media, original.seo
    return ProductInput(
        sku=sku,
        title=title or original.title,
        description=original.description,
        brand=original.brand,
        category=original.category.names,
        attributes=dict(original.attributes),
        base_price=pricing.base_price,
        currency=pricing.currency,
        discount_percentage=pricing.discount_percentage,
        tax_inclusive=pricing.tax_inclusive,
        status="draft",
        supplier_id=original.inventory.supplier_id,
        primary_image=media.primary_image,
        additional_images=media.additional_images,
        videos=media.videos,
        meta_title=seo.meta_title,
        meta_description=seo.meta_description,
        keywords=seo.keywords,
    )
