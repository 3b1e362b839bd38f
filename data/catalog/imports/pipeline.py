"""Importing products: read, map, compare, write what differs, take stock in, report row by row.

Rows go through in batches of 1,000. One thread reads and maps; two more compare with what is stored and send only what
differs through the door, one idempotent command a batch, so that a second run of the same file runs no command at all.
A run that was interrupted is simply run again. Rejected: a job with a stored position, which has to be believed when
the file was changed in between.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from data.catalog.imports.errorfile import ErrorFile
from data.catalog.imports.files import RawRow, Source, find_sources, read_rows
from data.catalog.imports.mapping import ProductMapping, load_mapping
from data.catalog.imports.rows import RowError, RowMapper
from data.catalog.imports.stocking import StockRule
from data.catalog.messages import ProductInput, ProductPut, ProductsPut, PutProducts, SaveCategory
from data.catalog.puts import preview_puts
from data.catalog.reads import category_tree
from data.catalog.types import PATH_SEPARATOR
from data.ids import new_id
from data.types import Progress, ReportProgress

if TYPE_CHECKING:
    from data.shop import Shop

BATCH = 1_000
_WRITERS = 2
#: How many rows are read between two looks at the clock and the person.
_REPORTED = 500


@dataclass(frozen=True)
class ImportReport:
    """What an import did, in rows: ``created + updated + unchanged + errors == rows``; ``stocked`` is in stock levels.

    ``errors_path`` is the file of refused rows, ``None`` where none was asked for or none was refused. In a dry run
    nothing was written and the counts say what would have been. ``first_errors`` are up to ten reasons to show.
    """

    created: int
    updated: int
    unchanged: int
    errors: int
    rows: int
    stocked: int
    seconds: float
    dry_run: bool = False
    cancelled: bool = False
    errors_path: str | None = None
    first_errors: tuple[str, ...] = ()


def import_products(
    shop: Shop,
    paths: Sequence[Path],
    mapping: ProductMapping | None = None,
    *,
    dry_run: bool = False,
    stock: Mapping[str, int] | None = None,
    errors_path: Path | None = None,
    report: ReportProgress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ImportReport:
    """Import every row of the JSONL and CSV files that ``paths`` name (files, folders, zips); say what became of them.

    ``stock`` maps a warehouse id to the units that every imported product without a stock level there is given.
    ``errors_path`` gets one JSON line for each refused row: file, line, reason, row. ``report`` hears the bytes read of
    all there are. ``cancelled`` is asked between rows; what was read until then is still written.

    Raises ``NotFound`` (a path, a warehouse), ``Invalid`` (the mapping, the stock, a file that cannot be read at all),
    ``Denied``, ``Unavailable``.
    """
    started = time.monotonic()
    sources = find_sources(paths)
    mapper = RowMapper(mapping if mapping is not None else load_mapping(None))
    stocking = StockRule.checked(shop, stock or {}, dry_run=dry_run)
    with ErrorFile(errors_path) as refused:
        run = _Import(shop, mapper, stocking, refused, dry_run, report or (lambda _: None), cancelled)
        run.go(sources)
    return ImportReport(
        created=run.counts["created"],
        updated=run.counts["updated"],
        unchanged=run.counts["unchanged"],
        errors=refused.count,
        rows=run.rows,
        stocked=run.counts["stocked"],
        seconds=round(time.monotonic() - started, 3),
        dry_run=dry_run,
        cancelled=run.stopped,
        errors_path=refused.written_to,
        first_errors=refused.first,
    )


@dataclass(frozen=True)
class _Batch:
    number: int
    rows: tuple[tuple[RawRow, ProductInput], ...]


@dataclass(frozen=True)
class _Delivered:
    actions: Counter[str]
    refused: tuple[tuple[RawRow, str], ...]


class _Import:
    """One run. All its counts are touched by the calling thread only; the writers hand theirs back."""

    def __init__(
        self,
        shop: Shop,
        mapper: RowMapper,
        stocking: StockRule,
        refused: ErrorFile,
        dry_run: bool,
        report: ReportProgress,
        cancelled: Callable[[], bool],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.rows = 0
        self.stopped = False
        self._shop = shop
        self._mapper = mapper
        self._stocking = stocking
        self._refused = refused
        self._dry_run = dry_run
        self._report = report
        self._cancelled = cancelled
        # A key lives for one run: the same rows next month are another intention.
        self._key = f"import:{new_id()}"

    def go(self, sources: Sequence[Source]) -> None:
        """Import ``sources``; no more than a few batches are held at any time."""
        waiting: deque[Future[_Delivered]] = deque()
        with ThreadPoolExecutor(_WRITERS, thread_name_prefix="import") as writers:
            for batch in self._batches(sources):
                waiting.append(writers.submit(self._deliver, batch))
                if len(waiting) > _WRITERS:
                    self._settle(waiting.popleft().result())
            while waiting:
                self._settle(waiting.popleft().result())
        if not self._dry_run:
            for table in dict.fromkeys(source.table for source in sources):
                self._save_definitions(table)

    def _settle(self, delivered: _Delivered) -> None:
        self.counts += delivered.actions
        for raw, reason in delivered.refused:
            self._refused.add(raw, reason)

    def _batches(self, sources: Sequence[Source]) -> Iterator[_Batch]:
        number, rows = 0, []
        for row in self._mapped(sources):
            rows.append(row)
            if len(rows) == BATCH:
                yield _Batch(number, tuple(rows))
                number, rows = number + 1, []
        if rows:
            yield _Batch(number, tuple(rows))

    def _mapped(self, sources: Sequence[Source]) -> Iterator[tuple[RawRow, ProductInput]]:
        before, size = 0, sum(source.size for source in sources)
        for source in sources:
            for raw in read_rows(source):
                self.stopped = self._cancelled()
                if self.stopped:
                    return
                self.rows += 1
                try:
                    yield raw, self._mapper.product(raw)
                except RowError as error:
                    self._refused.add(raw, str(error))
                if self.rows % _REPORTED == 0:
                    self._report(Progress(before + raw.end, size, f"{self.rows:,} rows · {source.name}"))
            before += source.size
        self._report(Progress(size, size, f"{self.rows:,} rows"))

    def _deliver(self, batch: _Batch) -> _Delivered:
        """Bring one batch into the catalog and the warehouses; runs in a writer's thread."""
        mongo = self._shop.stores.mongo
        planned = preview_puts(mongo, [product for _, product in batch.rows], now=datetime.now(UTC))
        refused = [(batch.rows[error.index][0], error.fields) for error in planned.errors]
        items = list(planned.items)
        if not self._dry_run:
            rows_by_sku = {row[1].sku: row for row in batch.rows}
            differing = [rows_by_sku[item.sku] for item in items if item.action != "unchanged"]
            items = [item for item in items if item.action == "unchanged"]
            if differing:
                put = self._put([product for _, product in differing], batch.number)
                items += put.items
                refused += ((differing[error.index][0], error.fields) for error in put.errors)
        actions = Counter(item.action for item in items)
        actions["stocked"] = self._take_in(items, batch.number)
        return _Delivered(actions, tuple((raw, _sentence(fields)) for raw, fields in refused))

    def _put(self, products: Sequence[ProductInput], number: int) -> ProductsPut:
        command = PutProducts(products=tuple(products))
        done: ProductsPut = self._shop.door.run(command, self._shop.actor, key=f"{self._key}:{number}").result
        return done

    def _take_in(self, items: Sequence[ProductPut], number: int) -> int:
        products = [(item.product_id, item.sku) for item in items]
        return 0 if self._dry_run else self._stocking.apply(self._shop, products, key=f"{self._key}:{number}:stock")

    def _save_definitions(self, table: str) -> None:
        """Tell the table's category how its attributes are called and measured, unless it knows."""
        path, definitions = self._mapper.definitions(table)
        stored = {category.path: category for category in category_tree(self._shop.stores.mongo)}
        known = stored.get(PATH_SEPARATOR.join(path))
        if path and definitions and known is not None and known.attributes != definitions:
            self._shop.door.run(SaveCategory(path=path, attributes=definitions), self._shop.actor)


def _sentence(fields: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in fields.items())
