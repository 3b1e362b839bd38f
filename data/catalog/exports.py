"""Handing products out: all that a query finds, as CSV or JSON lines, streamed, with the columns somebody chose.

Read in pages of 500 by the search engine's cursor, each completed from MongoDB, so memory does not grow with the result
and a price is the catalog's own. A file appears under its name only when it is whole: it is written beside it and then
renamed. In CSV a text that a spreadsheet would run (``=``, ``+``, ``-``, ``@``, tab, carriage return first) gets an
apostrophe in front; the import takes it away again. Numbers stay numbers. Rejected: a column that marks such texts,
which helps nobody who double-clicks the file.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from data.catalog.bulk_targets import found
from data.catalog.documents import HIDDEN_FIELDS, Document, amount, category_names, from_bson, leaf, object_id
from data.catalog.formulas import defused
from data.catalog.rules import flatten
from data.catalog.types import PATH_SEPARATOR
from data.errors import Invalid
from data.search.language import parse_query
from data.stores.mongo import translate_errors
from data.types import Progress, ReportProgress

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["COLUMNS", "FORMATS", "ExportReport", "check_export", "export_products", "write_products"]

FORMATS = ("csv", "jsonl")
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


@dataclass(frozen=True)
class ExportReport:
    """How many rows were written, to which file (``None``: a stream), and whether it was cancelled before the end."""

    rows: int
    path: str | None
    cancelled: bool = False


def export_products(
    shop: Shop,
    line: str,
    path: Path,
    *,
    file_format: str = "",
    columns: Sequence[str] = (),
    report: ReportProgress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ExportReport:
    """Write all that the line of query finds to ``path``; its ending says the format where ``file_format`` does not.

    ``columns`` are names of ``COLUMNS``, ``attributes.<name>``, or ``attributes`` for all of them. A cancelled export
    leaves no file, and the file that was there as it was. Raises ``Invalid`` (line, format, column, a file that cannot
    be written), ``Unavailable``.
    """
    file_format = file_format or path.suffix.removeprefix(".").lower()
    check_export(file_format, columns)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    except OSError as error:
        raise Invalid({"path": f"{path} cannot be written: {error.strerror}"}) from None
    try:
        with os.fdopen(handle, "wb") as stream:
            told = write_products(shop, line, stream, file_format, columns, report=report, cancelled=cancelled)
        if told.cancelled:
            return told
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        raise Invalid({"path": f"{path} cannot be written: {error.strerror}"}) from None
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
    return ExportReport(told.rows, str(path))


def write_products(
    shop: Shop,
    line: str,
    stream: IO[bytes],
    file_format: str,
    columns: Sequence[str] = (),
    *,
    report: ReportProgress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ExportReport:
    """Write all that the line of query finds to ``stream``; see ``export_products``."""
    check_export(file_format, columns)
    chosen = tuple(dict.fromkeys(columns)) or (*USUAL, _ALL)
    write = _csv_writer(stream, chosen) if file_format == "csv" else _json_writer(stream, chosen)
    rows = 0
    query = parse_query(line).checked("filter")
    for documents in _documents(shop, (hit.product_id for hit in found(shop, query))):
        for document in documents:
            write(document)
        rows += len(documents)
        if report is not None:
            report(Progress(rows, 0, "writing"))
        if cancelled():
            return ExportReport(rows, None, cancelled=True)
    return ExportReport(rows, None)


def check_export(file_format: str, columns: Sequence[str]) -> None:
    """Raise ``Invalid`` for a format or a column that is none."""
    if file_format not in FORMATS:
        raise Invalid({"format": f"must be one of {', '.join(FORMATS)}"})
    for name in columns:
        if name not in COLUMNS and name != _ALL and not name.startswith(_ATTRIBUTE):
            raise Invalid({"columns": f"no column is called {name}; an attribute is attributes.{name}"})


def _documents(shop: Shop, ids: Iterable[str]) -> Iterator[list[Document]]:
    """Yield the stored products in pages, in the order of ``ids``; what was deleted meanwhile is left out."""
    page: list[str] = []
    for one in ids:
        page.append(one)
        if len(page) == _PAGE:
            yield _read(shop, page)
            page = []
    if page:
        yield _read(shop, page)


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


def _json_writer(stream: IO[bytes], columns: Sequence[str]) -> Callable[[Document], None]:
    # Amounts as numbers: the import reads numbers exactly as they are spelled.
    encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=str)

    def write(document: Document) -> None:
        stream.write(encoder.encode({name: _value(document, name) for name in columns}) + b"\n")

    return write


def _csv_writer(stream: IO[bytes], columns: Sequence[str]) -> Callable[[Document], None]:
    text = io.StringIO(newline="")
    rows = csv.writer(text)

    def put(cells: Iterable[str]) -> None:
        rows.writerow(list(cells))
        stream.write(text.getvalue().encode())
        text.seek(0)
        text.truncate()

    put(defused(name) for name in columns)

    def write(document: Document) -> None:
        put(_cell(_value(document, name)) for name in columns)

    return write


def _cell(value: Any) -> str:
    """Return ``value`` as a spreadsheet may safely open it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value)
        case list() | tuple() | dict():
            return defused(msgspec.json.encode(value, enc_hook=str).decode()) if value else ""
    return defused(str(value))
