"""How a new order's lines, suggestions and totals are laid out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from screens.new_order.basket import Basket
from widgets.cells import Cell, Column, Runs
from widgets.line import OneLine, Piece, spread
from widgets.sheet import SheetLine, table_row

if TYPE_CHECKING:
    from data.customers.reads import CustomerRow
    from data.orders.drafts.commands import DraftRow
    from data.orders.offers import Offer
    from data.orders.rules import Totals

LINE = (
    Column("sku", "SKU", 10),
    Column("title", "Title", 20, flex=4),
    Column("quantity", "Qty", 5, right=True),
    Column("price", "Price", 8, right=True),
    Column("total", "Total", 10, right=True),
    Column("stock", "Stock", 15, flex=1),
)
OFFER = (
    Column("sku", "SKU", 10),
    Column("title", "Title", 20, flex=4),
    Column("price", "Price", 8, right=True),
    Column("stock", "Stock", 15, flex=1),
)
DRAFT = (
    Column("until", "Until", 19),
    Column("customer", "Customer", 20, flex=3),
    Column("units", "Units", 9, right=True),
    Column("owner", "By", 16, flex=2),
)
CUSTOMER = (
    Column("name", "Name", 16, flex=2),
    Column("email", "E-mail", 20, flex=3),
    Column("place", "Town", 12, flex=1),
    Column("orders", "Orders", 6, right=True),
)


def stock_text(offer: Offer, warehouse_id: str = "") -> Cell:
    """Return ``WH1 16 · WH2 4``; nothing anywhere is ``▲ none``."""
    held = [(name, units) for name, units in offer.stock if units > 0 and warehouse_id in ("", name)]
    if not held:
        return Runs((("▲ none", "bad"),))
    return " · ".join(f"{name} {units:,}" for name, units in held)


def basket_lines(basket: Basket, width: int) -> list[SheetLine]:
    """Return one line per product; a line that can't be served says so in place of its stock."""
    rows = []
    for place, line in enumerate(basket.lines):
        price = line.offer.unit_price
        stock: Cell = (
            Runs(((f"▲ {line.offer.why_not or f'only {line.available:,} left'}", "bad"),))
            if line.problem
            else stock_text(line.offer, line.warehouse_id)
        )
        if line.warehouse_id and not line.problem:
            stock = Runs(((f"only {line.warehouse_id}: {line.available:,}", "plain"),))
        cells = (
            line.offer.sku,
            line.offer.title,
            f"{line.quantity:,} ×",
            price,
            price * line.quantity if price is not None else None,
            stock,
        )
        rows.append(table_row(LINE, cells, width, line.offer.product_id, place))
    return rows


def offer_lines(offers: Sequence[Offer], width: int) -> list[SheetLine]:
    """Return what the entry may mean, one product a line."""
    return [
        table_row(
            OFFER,
            (
                offer.sku,
                offer.title,
                offer.unit_price,
                Runs(((f"▲ {offer.why_not}", "bad"),)) if offer.why_not else stock_text(offer),
            ),
            width,
            offer.product_id,
            offer,
        )
        for offer in offers
    ]


def customer_lines(rows: Sequence[CustomerRow], width: int) -> list[SheetLine]:
    """Return the customers the words fit, one a line."""
    return [
        table_row(
            CUSTOMER,
            (row.name, row.email, ", ".join(part for part in (row.city, row.country) if part), row.order_count),
            width,
            str(row.user_id),
            row,
        )
        for row in rows
    ]


def draft_lines(rows: Sequence[DraftRow], width: int) -> list[SheetLine]:
    """Return the held drafts, one a line."""
    return [
        table_row(
            DRAFT,
            (
                Runs((("▲ hold over", "warn"),)) if row.is_due else f"held to {row.held_until:%m-%d %H:%M}",
                row.customer or "no customer yet",
                f"{row.units:,} unit{'' if row.units == 1 else 's'}",
                f"by {row.owner}",
            ),
            width,
            str(row.draft_id),
            row,
        )
        for row in rows
    ]


class TotalsLine(OneLine):
    """``Items 159.90   Shipping 4.90   Tax incl. 26.31   Total 164.80     all in stock``."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._totals: Totals | None = None
        self._note = ("", "muted")

    def show(self, totals: Totals | None, note: str, tone: str = "muted") -> None:
        """Show ``totals`` and, at the right, what stands in the way (or that nothing does)."""
        self._totals, self._note = totals, (note, tone)
        self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """Amounts left, note right; where both do not fit, the amounts come first and a good note stays away."""
        left = [Piece("  ")]
        if self._totals is not None:
            totals = self._totals
            gap = " " * (2 if width < 100 else 3)
            tax = "Tax incl." if totals.tax_included_amount else "Tax"
            shipping = "Ship" if totals.discount_amount and width < 100 else "Shipping"
            off = f"Off {totals.discount_amount:,.2f}{gap}" if totals.discount_amount else ""
            left += [
                Piece(f"Items {totals.subtotal:,.2f}{gap}{off}{shipping} {totals.shipping_amount:,.2f}{gap}"),
                Piece(f"{tax} {totals.tax_amount:,.2f}{gap}"),
                Piece(f"Total {totals.total_amount:,.2f} {totals.currency}", "strong"),
            ]
        text, tone = self._note
        if tone == "good" and sum(len(piece.text) for piece in left) + len(text) >= width:
            text = ""
        return spread(left, [Piece(text, tone)], width)
