"""Importing products from files. ``import_products`` is the whole offer; ``load_mapping`` reads its mapping."""

from data.catalog.imports.mapping import ProductMapping, load_mapping
from data.catalog.imports.pipeline import ImportReport, import_products

__all__ = ["ImportReport", "ProductMapping", "import_products", "load_mapping"]
