"""How one product is laid out in lines. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from screens.catalog.related_sheet import history_lines, related_lines
from screens.shown import by_name, exact, order_mark, product_mark, stock_mark, when
from screens.shown import shown_value as shown_value
from widgets.cells import Column
from widgets.line import Piece
from widgets.sheet import SheetLine, facts, heading, table_heading, table_row
from widgets.spark import spark
from widgets.text import visible, wrapped

if TYPE_CHECKING:
    from data.catalog.types import Product
    from screens.catalog.data import ProductView

STOCK = (
    Column("warehouse_id", "Where", 8),
    Column("available_stock", "Available", 9, right=True),
    Column("reserved_stock", "Reserved", 8, right=True),
    Column("damaged_stock", "Damaged", 7, right=True),
    Column("total_stock", "Total", 7, right=True),
    Column("reorder_level", "Low at", 6, right=True),
)
ORDERS = (
    Column("order_number", "Order", 9),
    Column("created_at", "Placed", 9),
    Column("customer_name", "Customer", 12, flex=1),
    Column("order_status", "Status", 12),
)
#: How much of a description the page shows at most, in full lines.
_DESCRIPTION_LINES = 40
ATTRIBUTE = "attribute:"
#: the attributes' part of a document, and what a person calls its other paths; ``""`` follows from another
ATTRIBUTES = "attributes."
_CALLED = {"pricing.base_price": "price", "pricing.final_price": "", "pricing.discount_percentage": "discount"}


def product_state(product: Product) -> tuple[list[Piece], list[Piece]]:
    """Return the two ends of row 2: whether it is sold, since when it is as it is; the version."""
    mark = product_mark(product.status)
    changed = f" · changed {exact(product.updated_at)}" if product.updated_at else ""
    return [Piece(str(mark), mark.tone), Piece(changed)], [Piece(f"v{product.version}", "muted")]


def product_page(view: ProductView, width: int) -> list[SheetLine]:
    """Return the product: price, stock per warehouse, attributes, sales, orders, texts, media."""
    product = view.product
    return [
        heading("Product", width, product.sku),
        *_top(product, width),
        heading("Stock", width),
        *_stock(view, width),
        heading("Attributes", width, f"{len(product.attributes)}"),
        *_attributes(product),
        heading("Sales", width, "30 days"),
        *_sales(view),
        *_orders(view, width),
        *_around(view, width),
        *_texts(product, width),
    ]


def _around(view: ProductView, width: int) -> list[SheetLine]:
    if view.around is None:
        return []
    product = view.product
    created = ""
    if product.created_at is not None:
        created = f"Added {exact(product.created_at)}" + (f" by {product.created_by}" if product.created_by else "")
    return [
        *related_lines(view.around, width),
        *history_lines(view.around.history, visible(created), width),
    ]


def what_changed(paths: Sequence[str]) -> str:
    """Return a document's changed paths as a person calls them: ``price, color changed``."""
    words = [_CALLED.get(path, path.removeprefix(ATTRIBUTES)) for path in paths]
    return f"{', '.join(dict.fromkeys(word for word in words if word)) or 'nothing'} changed"


def _top(product: Product, width: int) -> list[SheetLine]:
    pricing = product.pricing
    price = "no price yet" if pricing.final_price is None else f"{pricing.final_price:,.2f} {pricing.currency}"
    if pricing.discount_percentage:
        price += f"  ({pricing.base_price:,.2f} less {pricing.discount_percentage.normalize():f} %)"
    price += "  tax included" if pricing.tax_inclusive else ""
    return facts(
        [
            ("Title", product.title),
            ("Price", price),
            ("Brand", product.brand),
            ("Category", str(product.category)),
            ("Barcode", product.barcode),
            ("Supplier", product.inventory.supplier_id),
        ],
        width=width,
    )


def _stock(view: ProductView, width: int) -> list[SheetLine]:
    if view.levels is None:
        return [SheetLine((Piece("PostgreSQL is away: the stock is not known now.", "bad"),))]
    if not view.levels:
        return [SheetLine((Piece("None in any warehouse; R in the warehouse screen receives.", "muted"),))]
    rows = [table_heading(STOCK, width)]
    rows += [
        table_row(
            STOCK,
            (
                level.warehouse_id,
                stock_mark(level.available_stock, level.reorder_level),
                level.reserved_stock,
                level.damaged_stock,
                level.total_stock,
                level.reorder_level,
            ),
            width,
            f"stock:{level.warehouse_id}",
            level,
        )
        for level in view.levels
    ]
    return rows


def _attributes(product: Product) -> list[SheetLine]:
    if not product.attributes:
        return [SheetLine((Piece("None; A adds one.", "muted"),))]
    width = min(max(len(visible(name)) for name in product.attributes) + 2, 28)
    return [
        SheetLine(
            (Piece(f"{visible(name):<{width}}", "muted"), Piece(visible(shown_value(value)))),
            f"{ATTRIBUTE}{name}",
            name,
        )
        for name, value in sorted(product.attributes.items(), key=by_name)
    ]


def _sales(view: ProductView) -> list[SheetLine]:
    sales = view.sales
    if sales is None:
        return [SheetLine((Piece("ClickHouse is away: no figures.", "muted"),))]
    if not sales.units:
        last = f"; last sold {when(sales.last_sold_at)}" if sales.last_sold_at else ""
        return [SheetLine((Piece(f"Nothing sold in 30 days{last}.", "muted"),))]
    text = f"{sales.units:,} units in {sales.orders:,} orders, {sales.revenue:,.2f}  "
    return [SheetLine((Piece(text), Piece(spark([day.units for day in sales.days]), "key")))]


def _orders(view: ProductView, width: int) -> list[SheetLine]:
    if not view.orders:
        return []
    rows = [heading("Newest orders", width)]
    rows += [
        table_row(
            ORDERS,
            (row.order_number, when(row.created_at), row.customer_name, order_mark(row.order_status)),
            width,
            f"order:{row.order_number}",
            row,
        )
        for row in view.orders
    ]
    return rows


def _texts(product: Product, width: int) -> list[SheetLine]:
    lines: list[SheetLine] = []
    if product.description:
        lines.append(heading("Description", width))
        lines += _description(product.description, width)
    media = [product.media.primary_image, *product.media.additional_images, *product.media.videos]
    if any(media):
        lines.append(heading("Media", width))
        lines += [
            SheetLine((Piece(visible(address), "plain", address),), f"media:{address}", address)
            for address in media
            if address
        ]
    pairs = [("Title", product.seo.meta_title), ("Text", product.seo.meta_description)]
    seo = facts([*pairs, ("Keywords", ", ".join(product.seo.keywords))], width=width)
    if seo:
        lines += [heading("Search engines see", width), *seo]
    return lines


def _description(text: str, width: int) -> list[SheetLine]:
    """Return the beginning of the text, and how much of it that is: all of it may be megabytes."""
    room = max(width, 20)
    shown = text[: _DESCRIPTION_LINES * room]
    lines = [SheetLine((Piece(part),)) for part in wrapped(shown, room)]
    if len(shown) < len(text):
        lines.append(SheetLine((Piece(f"… {len(text) - len(shown):,} more characters", "muted"),)))
    return lines
