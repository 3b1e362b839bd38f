"""Importing orders from files. ``import_orders`` is the whole offer; ``load_order_mapping`` reads its mapping."""

from data.orders.imports.mapping import OrderMapping, load_order_mapping
from data.orders.imports.pipeline import OrderImportReport, import_orders

__all__ = ["OrderImportReport", "OrderMapping", "import_orders", "load_order_mapping"]
