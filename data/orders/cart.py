"""From what was asked for to what it costs: a cart checked, folded, and priced by the catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data.catalog.prices import Ref
from data.catalog.types import Product
from data.errors import Invalid
from data.orders.messages import OrderLineInput
from data.orders.rules import PricedLine

__all__ = ["MAX_QUANTITY", "price_lines", "refs_of"]

#: Units of one line; beyond it somebody's scanner fell into the quantity field.
MAX_QUANTITY = 1_000_000
#: order_items.product_name
_MAX_NAME = 255


def refs_of(lines: Sequence[OrderLineInput]) -> list[Ref]:
    """Return how each line names its product. Raises ``Invalid`` naming every line that is not well formed."""
    refs: list[Ref] = []
    refused: dict[str, str] = {}
    for index, line in enumerate(lines):
        sku, product_id = line.sku.strip(), line.product_id.strip()
        if bool(sku) == bool(product_id):
            refused[f"lines[{index}].sku"] = "name the product by its SKU or by its product_id"
        if not 1 <= line.quantity <= MAX_QUANTITY:
            refused[f"lines[{index}].quantity"] = f"must be between 1 and {MAX_QUANTITY:,}"
        refs.append(("sku", sku) if sku else ("product_id", product_id))
    if not lines:
        refused["lines"] = "an order has at least one"
    if refused:
        raise Invalid(refused)
    return refs


def price_lines(
    lines: Sequence[OrderLineInput], refs: Sequence[Ref], products: Mapping[Ref, Product]
) -> tuple[PricedLine, ...]:
    """Return the lines with name and price of the catalog, equal ones (product and warehouse) added up.

    Folding comes first, so that tax is rounded on what the order will show as a line. Raises ``Invalid`` naming every
    line whose product is unknown, has no price, or is not for sale.
    """
    quantities: dict[tuple[str, str | None], int] = {}
    found: dict[str, Product] = {}
    refused: dict[str, str] = {}
    for index, (line, ref) in enumerate(zip(lines, refs, strict=True)):
        product = products.get(ref)
        why_not = _why_not(product, ref)
        if product is None or why_not:
            refused[f"lines[{index}].{ref[0]}"] = why_not
            continue
        found[product.product_id] = product
        key = product.product_id, line.warehouse_id or None
        quantities[key] = quantities.get(key, 0) + line.quantity
    for (product_id, _), quantity in quantities.items():
        if quantity > MAX_QUANTITY:
            refused["lines"] = (
                f"come to {quantity:,} units of {found[product_id].sku}, at most {MAX_QUANTITY:,} are sold"
            )
    if refused:
        raise Invalid(refused)
    return tuple(_priced(found[key[0]], key[1], quantity) for key, quantity in quantities.items())


def _why_not(product: Product | None, ref: Ref) -> str:
    if product is None:
        return f"there is no product {ref[1]!r}"
    if product.status != "active":
        return f"{product.sku} is {product.status}, only active products are sold"
    if product.pricing.final_price is None:
        return f"{product.sku} has no price"
    return ""


def _priced(product: Product, warehouse_id: str | None, quantity: int) -> PricedLine:
    price = product.pricing.final_price
    assert price is not None
    return PricedLine(
        product_id=product.product_id,
        sku=product.sku,
        title=product.title[:_MAX_NAME],
        unit_price=price,
        quantity=quantity,
        currency=product.pricing.currency,
        tax_inclusive=product.pricing.tax_inclusive,
        warehouse_id=warehouse_id,
        attributes=product.attributes,
        category=product.category.names,
    )
