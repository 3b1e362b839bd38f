"""Handing products out: all that a query finds, as CSV or JSON lines, streamed, with the columns somebody chose.

Read in pages of 500 by the search engine's cursor, each completed from MongoDB, so memory does not grow with the result
and a price is the catalog's own. How rows become a file, and why no cell of it is a formula, stands in ``data.tables``;
a file keeps every character, because the import takes it in again. Rejected: a column that marks texts a spreadsheet
would run, which helps nobody who double-clicks the file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.catalog.bulk_targets import found
from data.catalog.documents import HIDDEN_FIELDS, Document, amount, category_names, from_bson, leaf, object_id
from data.catalog.rules import flatten
from data.catalog.types import PATH_SEPARATOR
from data.errors import Invalid
from data.search.language import parse_query
from data.stores.mongo import translate_errors
from data.tables import FORMATS, Written, write_table
from data.types import ReportProgress

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["COLUMNS", "check_export", "export_products"]

_PAGE = 500

#: Every column beside the attributes, with its path in the document; the names are those the import reads.
COLUMNS: Mapping[str, str] = {
    "sku": "sku",
    "title": "title",
    "brand": "brand",
    "category": "category",
    "base_price": "pricing.base_price",
    "currency": "pricing.currency",
    "discount_percentage": "pricing.discount_percentage",
    "final_price": "pricing.final_price",
    "tax_inclusive": "pricing.tax_inclusive",
    "status": "status",
    "barcode": "barcode",
    "description": "description",
    "supplier_id": "inventory.supplier_id",
    "available_stock": "inventory.available_stock",
    "primary_image": "media.primary_image",
    "additional_images": "media.additional_images",
    "videos": "media.videos",
    "meta_title": "seo.meta_title",
    "meta_description": "seo.meta_description",
    "keywords": "seo.keywords",
    "version": "version",
    "updated_at": "updated_at",
}
#: What is handed out where nobody chose: what the import takes in again.
USUAL = tuple(name for name in COLUMNS if name not in ("final_price", "available_stock", "version", "updated_at"))
_ATTRIBUTE = "attributes."
#: As one column: every attribute, in JSON lines as an object, in CSV as JSON text.
_ALL = "attributes"


def export_products(
    shop: Shop,
    line: str,
    path: Path | None,
    *,
    file_format: str = "",
    columns: Sequence[str] = (),
    report: ReportProgress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Written:
    """Write all that the line of query finds to ``path`` (``None``: standard output, by default as CSV).

    The file's ending says the format where ``file_format`` does not. ``columns`` are names of ``COLUMNS``,
    ``attributes.<name>``, or ``attributes`` for all of them. A cancelled export leaves no file, and the file that was
    there as it was. Raises ``Invalid`` (line, format, column, a file that cannot be written), ``Unavailable``.
    """
    file_format = file_format or ("csv" if path is None else path.suffix.removeprefix(".").lower())
    check_export(file_format, columns)
    chosen = tuple(dict.fromkeys(columns)) or (*USUAL, _ALL)
    query = parse_query(line).checked("filter")
    documents = _documents(shop, (hit.product_id for hit in found(shop, query)))
    return write_table(
        chosen,
        ([_value(document, name) for name in chosen] for document in documents),
        format=file_format,
        path=path,
        report=report,
        cancelled=cancelled,
        exact=path is not None or not sys.stdout.isatty(),
    )


def check_export(file_format: str, columns: Sequence[str]) -> None:
    """Raise ``Invalid`` for a format or a column that is none."""
    if file_format not in FORMATS:
        raise Invalid({"format": f"must be one of {', '.join(FORMATS)}"})
    for name in columns:
        if name not in COLUMNS and name != _ALL and not name.startswith(_ATTRIBUTE):
            raise Invalid({"columns": f"no column is called {name}; an attribute is attributes.{name}"})


def _documents(shop: Shop, ids: Iterable[str]) -> Iterator[Document]:
    """Yield the stored products, read in pages, in the order of ``ids``; what was deleted meanwhile is left out."""
    page: list[str] = []
    for one in ids:
        page.append(one)
        if len(page) == _PAGE:
            yield from _read(shop, page)
            page = []
    if page:
        yield from _read(shop, page)


def _read(shop: Shop, ids: Sequence[str]) -> list[Document]:
    wanted = [found for found in map(object_id, ids) if found]
    with translate_errors():
        stored = {
            str(document["_id"]): document
            for document in shop.stores.mongo.products.find({"_id": {"$in": wanted}}, HIDDEN_FIELDS, max_time_ms=10_000)
        }
    return [stored[one] for one in ids if one in stored]


def _value(document: Document, name: str) -> Any:
    """Return what stands in the column ``name``: amounts exact, the category as one path, attributes as they are."""
    if name == _ALL:
        return {key: _plain(value) for key, value in flatten(document.get("attributes") or {}).items()}
    if name.startswith(_ATTRIBUTE):
        return _plain(leaf(document, name))
    path = COLUMNS[name]
    if path == "category":
        return PATH_SEPARATOR.join(category_names(document))
    if path.endswith(("_price", "_percentage")):
        return amount(leaf(document, path))
    return leaf(document, path)


def _plain(value: Any) -> Any:
    clean = from_bson(value)
    return float(clean) if isinstance(clean, Decimal) else clean
