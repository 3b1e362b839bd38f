"""Orders, their lines and their status history: the seed's tables, plus version, channel and line amounts.

The lists of states in the checks are one array literal each, not IN: PostgreSQL reads a check from its text and folds
its constants anew in every statement that writes a row, and an IN over a varchar column costs it a cast per value.

The seed's single-column indexes keep their names and lead with their column, but carry the list's sort as further key
columns, so that the same index also serves the page ``ORDER BY created_at DESC, order_id DESC``.

Amounts: ``subtotal`` is the sum of the lines' ``total_price`` (quantity × unit price as the catalog states it, before
discounts); ``tax_amount`` is all tax of the order. Where a product's price already contains its tax
(``pricing.tax_inclusive``), that part of ``tax_amount`` also stands in ``tax_included_amount`` and is not charged
again::

    total_amount = subtotal + (tax_amount - tax_included_amount) + shipping_amount - discount_amount

For prices without tax, ``tax_included_amount`` is 0 and this is the seed's plain sum.

``credited_amount`` is the part of the total that the customer need not pay any more: cancelled and returned units,
goodwill. What is owed is ``total_amount - credited_amount - captured + refunded`` (``data.orders.worth.owed``), always
from the payments themselves. ``paid_amount`` is captured less refunded as the database adds it up (a trigger on
``payments``), for lists alone: an index tells by it what is unpaid. ``reconcile`` compares it with the payments.

The units of a line's share: ``quantity`` is what was ordered, ``shipped_quantity`` and ``cancelled_quantity`` what left
it, ``allocated_quantity`` (generated) the rest, which holds reserved stock; ``returned_quantity`` came back of the
shipped ones, and ``credited_quantity`` is how many units were taken off what the customer owes.

How the desk handles an order (``data.orders.handling``) is no content of it and leaves ``version`` alone: ``tags``, the
member of staff it is ``assigned_to``, and ``hold_reason`` with, perhaps, ``on_hold_until``. They are columns and no
tables beside it, because the list filters by them in its own order of rows.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnClause, Computed, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from data.schema_base import (
    Base,
    CreatedAt,
    Currency,
    Json,
    Key,
    Money,
    Str20,
    Str50,
    Str100,
    Str255,
    UpdatedAt,
    column,
)

__all__ = ["Order", "OrderItem", "OrderStatusHistory"]

_ZERO = text("0")


class Order(Base):
    """One order. ``version`` starts at 1 and rises with every change; ``channel`` says where it was taken."""

    __tablename__ = "orders"

    order_id: ColumnClause[Key]
    order_number: ColumnClause[Str50] = column(unique=True)
    user_id: ColumnClause[UUID | None] = column(ForeignKey("users.user_id"))
    order_status: ColumnClause[Str20] = column(server_default=text("'pending'"))
    subtotal: ColumnClause[Money]
    tax_amount: ColumnClause[Money] = column(server_default=_ZERO)
    tax_included_amount: ColumnClause[Money] = column(server_default=_ZERO)
    shipping_amount: ColumnClause[Money] = column(server_default=_ZERO)
    discount_amount: ColumnClause[Money] = column(server_default=_ZERO)
    total_amount: ColumnClause[Money]
    credited_amount: ColumnClause[Money] = column(server_default=_ZERO)
    paid_amount: ColumnClause[Money] = column(server_default=_ZERO)
    currency: ColumnClause[Currency]
    shipping_address: ColumnClause[Json]
    billing_address: ColumnClause[Json]
    created_at: ColumnClause[CreatedAt]
    updated_at: ColumnClause[UpdatedAt]
    confirmed_at: ColumnClause[datetime | None]
    shipped_at: ColumnClause[datetime | None]
    delivered_at: ColumnClause[datetime | None]
    cancelled_at: ColumnClause[datetime | None]
    payment_method: ColumnClause[Str50 | None]
    shipping_method: ColumnClause[Str50 | None]
    notes: ColumnClause[str | None]
    channel: ColumnClause[Str20] = column(server_default=text("'backoffice'"))
    version: ColumnClause[int] = column(server_default=text("1"))
    tags: ColumnClause[list[str]] = column(ARRAY(Text()), server_default=text("'{}'::text[]"))
    assigned_to: ColumnClause[UUID | None] = column(ForeignKey("users.user_id"))
    hold_reason: ColumnClause[str | None]
    on_hold_until: ColumnClause[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "order_status = ANY ('{pending,confirmed,processing,shipped,delivered,cancelled,refunded}'::text[])",
            name="order_status",
        ),
        CheckConstraint(
            "least(subtotal, tax_amount - tax_included_amount, tax_included_amount, shipping_amount, discount_amount,"
            " total_amount) >= '0'::numeric",
            name="amounts",
        ),
        CheckConstraint(
            "total_amount = subtotal + tax_amount - tax_included_amount + shipping_amount - discount_amount",
            name="total_amount",
        ),
        CheckConstraint("credited_amount >= 0 AND credited_amount <= total_amount", name="credited_amount"),
        CheckConstraint("hold_reason IS NOT NULL OR on_hold_until IS NULL", name="hold"),
        # list_orders, no filter: newest first, keyset (created_at, order_id), walked backwards, because an index that
        # grows at its end stays dense; unique for the lines' foreign key
        Index("idx_orders_created_at", "created_at", "order_id", unique=True),
        # list_orders status:…, count_by_status
        Index("idx_orders_status", "order_status", text("created_at DESC"), text("order_id DESC")),
        # list_orders total:… where few orders are that cheap or dear; walking the newest would read them all
        Index("idx_orders_total_amount", "total_amount", text("created_at DESC"), text("order_id DESC")),
        # list_orders unpaid status:…: the few of many years that were shipped and are still to be paid
        Index(
            "idx_orders_unpaid",
            text("created_at DESC"),
            text("order_id DESC"),
            "order_status",
            postgresql_where=text("paid_amount < total_amount - credited_amount"),
        ),
        # orders_of a customer, customer:… (and the foreign key's index)
        Index("idx_orders_user_id", "user_id", text("created_at DESC"), text("order_id DESC")),
        # open work oldest first: late orders, the dashboard's open orders; small however long the shop has run
        Index(
            "idx_orders_open",
            "created_at",
            "order_status",
            postgresql_where=text("order_status IN ('pending', 'confirmed', 'processing')"),
        ),
        # list_orders tag:…; partial, so that placing an order, which has none, does not touch it
        Index("idx_orders_tags", "tags", postgresql_using="gin", postgresql_where=text("tags <> '{}'::text[]")),
        # list_orders assigned:…, newest first (and the foreign key's index)
        Index(
            "idx_orders_assigned_to",
            "assigned_to",
            text("created_at DESC"),
            text("order_id DESC"),
            postgresql_where=text("assigned_to IS NOT NULL"),
        ),
        # list_orders held, newest first
        Index(
            "idx_orders_held",
            text("created_at DESC"),
            text("order_id DESC"),
            postgresql_where=text("hold_reason IS NOT NULL"),
        ),
    )


class OrderItem(Base):
    """What one warehouse serves of one cart line. A line served by two warehouses is two rows with one ``line_no``.

    ``created_at`` is the order's, also of a line that an edit added: so the index of a product is in the list's order.
    """

    __tablename__ = "order_items"

    order_item_id: ColumnClause[Key]
    order_id: ColumnClause[UUID]
    line_no: ColumnClause[int]
    product_id: ColumnClause[Str100]
    sku: ColumnClause[Str100]
    product_name: ColumnClause[Str255]
    product_attributes: ColumnClause[dict[str, Any] | None] = column(JSONB())
    unit_price: ColumnClause[Money]
    quantity: ColumnClause[int]
    shipped_quantity: ColumnClause[int] = column(server_default=_ZERO)
    cancelled_quantity: ColumnClause[int] = column(server_default=_ZERO)
    returned_quantity: ColumnClause[int] = column(server_default=_ZERO)
    credited_quantity: ColumnClause[int] = column(server_default=_ZERO)
    allocated_quantity: ColumnClause[int | None] = column(
        Computed("quantity - shipped_quantity - cancelled_quantity", persisted=True)
    )
    total_price: ColumnClause[Money]
    tax_amount: ColumnClause[Money] = column(server_default=_ZERO)
    discount_amount: ColumnClause[Money] = column(server_default=_ZERO)
    fulfillment_status: ColumnClause[Str20] = column(server_default=text("'pending'"))
    warehouse_id: ColumnClause[Str50 | None]
    tracking_number: ColumnClause[Str100 | None]
    created_at: ColumnClause[CreatedAt]

    __table_args__ = (
        ForeignKeyConstraint(
            ["order_id", "created_at"],
            ["orders.order_id", "orders.created_at"],
            name="order_items_order_id_fkey",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        CheckConstraint("quantity > 0", name="quantity"),
        # One check and not five, as in ``inventory``: each is parsed anew by every statement that writes a row.
        CheckConstraint(
            "least(shipped_quantity, cancelled_quantity, returned_quantity,"
            " quantity - shipped_quantity - cancelled_quantity, shipped_quantity - returned_quantity,"
            " quantity - credited_quantity, credited_quantity - cancelled_quantity - returned_quantity) >= 0",
            name="units",
        ),
        CheckConstraint(
            "least(unit_price, tax_amount, discount_amount) >= '0'::numeric AND total_price = unit_price * quantity",
            name="amounts",
        ),
        CheckConstraint(
            "fulfillment_status = ANY ('{pending,allocated,picked,packed,shipped,delivered}'::text[])",
            name="fulfillment_status",
        ),
        # get_order: the lines in order; the foreign key's index
        Index("idx_order_items_order_id", "order_id", "line_no"),
        # list_orders sku:…, newest first, walked backwards; whether a product was ever ordered
        Index("idx_order_items_product_id", "product_id", "created_at", "order_id"),
        # the palette and the list find an order by its parcel's number
        Index(
            "idx_order_items_tracking_number",
            "tracking_number",
            postgresql_where=text("tracking_number IS NOT NULL"),
        ),
    )


class OrderStatusHistory(Base):
    """One step of an order's life. Append-only; ``order_version`` is the order's version after it, and its sort."""

    __tablename__ = "order_status_history"

    history_id: ColumnClause[Key]
    order_id: ColumnClause[UUID] = column(ForeignKey("orders.order_id", ondelete="CASCADE"))
    order_version: ColumnClause[int] = column(server_default=text("1"))
    previous_status: ColumnClause[Str20 | None]
    new_status: ColumnClause[Str20]
    changed_by: ColumnClause[UUID | None] = column(ForeignKey("users.user_id"))
    change_reason: ColumnClause[str | None]
    created_at: ColumnClause[CreatedAt]

    __table_args__ = (
        # get_order: the order's history in order; the foreign key's index
        Index("idx_order_status_history_order_id", "order_id", "order_version"),
        # what one member of staff did (and the foreign key's index)
        Index("idx_order_status_history_changed_by", "changed_by", postgresql_where=text("changed_by IS NOT NULL")),
    )
