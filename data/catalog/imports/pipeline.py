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
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from data.catalog.changes import Change
from data.catalog.imports.errorfile import DiffFile, ErrorFile
from data.catalog.imports.files import RawRow, Source, find_sources, read_rows
from data.catalog.imports.mapping import ProductMapping, load_mapping
from data.catalog.imports.rows import MappedRow, RowError, RowMapper
from data.catalog.imports.stocking import StockRule
from data.catalog.messages import ProductInput, ProductsPut, PutProducts, SaveCategory
from data.catalog.puts import preview_puts, stored_alike
from data.catalog.reads import category_tree
from data.catalog.types import PATH_SEPARATOR
from data.errors import Invalid
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
    nothing was written and the counts say what would have been; ``examples`` are then (SKU, what would change) of the
    first, ``diff_path`` the file that holds all of them. ``first_errors`` are up to ten reasons to show.
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
    diff_path: str | None = None
    examples: tuple[tuple[str, str], ...] = ()


def import_products(
    shop: Shop,
    paths: Sequence[Path],
    mapping: ProductMapping | None = None,
    *,
    dry_run: bool = False,
    stock: Mapping[str, int] | None = None,
    errors_path: Path | None = None,
    diff_path: Path | None = None,
    report: ReportProgress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ImportReport:
    """Import every row of the JSONL and CSV files that ``paths`` name (files, folders, zips); say what became of them.

    ``stock`` maps a warehouse id to the units that every imported product without a stock level there is given.
    ``errors_path`` gets one JSON line for each refused row: file, line, reason, row; corrected, it can be imported like
    any other. ``diff_path`` gets, in a dry run, one for each product that would be created or changed. ``report`` hears
    the bytes read of all there are. ``cancelled`` is asked between rows; what was read until then is still written.

    Raises ``NotFound`` (a path, a warehouse), ``Invalid`` (the mapping, the stock, a file that cannot be read at all),
    ``Denied``, ``Unavailable``.
    """
    started = time.monotonic()
    sources = find_sources(paths)
    mapper = RowMapper(mapping if mapping is not None else load_mapping(None))
    stocking = StockRule.checked(shop, stock or {}, dry_run=dry_run)
    _refuse_own_input(sources, errors=errors_path, diff=diff_path)
    with ErrorFile(errors_path) as refused, DiffFile(diff_path if dry_run else None) as diff:
        run = _Import(shop, mapper, stocking, refused, diff, dry_run, report or (lambda _: None), cancelled)
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
        diff_path=diff.written_to,
        examples=diff.first,
    )


def _refuse_own_input(sources: Sequence[Source], **written: Path | None) -> None:
    """Refuse to write over what is to be read: an error file that is imported again."""
    read = {source.path.resolve() for source in sources}
    for name, path in written.items():
        if path is not None and path.resolve() in read:
            raise Invalid({name: f"{path} is what is to be imported; name another file"})


@dataclass(frozen=True)
class _Batch:
    number: int
    rows: tuple[tuple[RawRow, MappedRow], ...]


@dataclass(frozen=True)
class _Delivered:
    actions: Counter[str]
    refused: tuple[tuple[RawRow, str], ...]
    #: in a dry run: (SKU, action, what would change)
    diffs: tuple[tuple[str, str, Change], ...] = ()


class _Import:
    """One run. All its counts are touched by the calling thread only; the writers hand theirs back."""

    def __init__(
        self,
        shop: Shop,
        mapper: RowMapper,
        stocking: StockRule,
        refused: ErrorFile,
        diff: DiffFile,
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
        self._diff = diff
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
        for sku, action, change in delivered.diffs:
            self._diff.add(sku, action, change)

    def _batches(self, sources: Sequence[Source]) -> Iterator[_Batch]:
        number, rows = 0, []
        for row in self._mapped(sources):
            rows.append(row)
            if len(rows) == BATCH:
                yield _Batch(number, tuple(rows))
                number, rows = number + 1, []
        if rows:
            yield _Batch(number, tuple(rows))

    def _mapped(self, sources: Sequence[Source]) -> Iterator[tuple[RawRow, MappedRow]]:
        before, size = 0, sum(source.size for source in sources)
        for source in sources:
            for raw in read_rows(source):
                self.stopped = self._cancelled()
                if self.stopped:
                    return
                self.rows += 1
                try:
                    yield raw, self._mapper.map(raw)
                except RowError as error:
                    self._refused.add(raw, str(error))
                if self.rows % _REPORTED == 0:
                    what = f"{self.rows:,} rows · {Path(source.name).name}"
                    self._report(Progress(before + raw.end, size, what, share=True))
            before += source.size
        self._report(Progress(size, size, f"{self.rows:,} rows", share=True))

    def _deliver(self, batch: _Batch) -> _Delivered:
        """Bring one batch into the catalog and the warehouses; runs in a writer's thread."""
        patches = [mapped.patch for _, mapped in batch.rows]
        if self._dry_run:
            put, changes = preview_puts(self._shop.stores.mongo, patches, now=datetime.now(UTC))
            made = [(p["sku"], "created", Change(sets=p)) for p in patches if p["sku"] in put.skus("created")]
            made += [(patches[index]["sku"], "updated", change) for index, change in changes.items()]
            delivered = _delivered(put, [raw for raw, _ in batch.rows], Counter())
            return replace(delivered, diffs=tuple(made))
        alike = stored_alike(self._shop.stores.mongo, patches)
        differing = [row for index, row in enumerate(batch.rows) if index not in alike]
        put = self._put([mapped.product for _, mapped in differing], f"{self._key}:{batch.number}")
        items = [(item.product_id, item.sku) for item in (*alike.values(), *put.items)]
        stocked = self._stocking.apply(self._shop, items, key=f"{self._key}:{batch.number}:stock")
        return _delivered(put, [raw for raw, _ in differing], Counter(unchanged=len(alike), stocked=stocked))

    def _put(self, products: Sequence[ProductInput], key: str) -> ProductsPut:
        if not products:
            return ProductsPut(())
        done: ProductsPut = self._shop.door.run(PutProducts(products=tuple(products)), self._shop.actor, key=key).result
        return done

    def _save_definitions(self, table: str) -> None:
        """Tell the table's category how its attributes are called and measured, unless it knows."""
        path, definitions = self._mapper.definitions(table)
        stored = {category.path: category for category in category_tree(self._shop.stores.mongo)}
        known = stored.get(PATH_SEPARATOR.join(path))
        if path and definitions and known is not None and known.attributes != definitions:
            self._shop.door.run(SaveCategory(path=path, attributes=definitions), self._shop.actor)


def _delivered(put: ProductsPut, rows: Sequence[RawRow], more: Counter[str]) -> _Delivered:
    """Return what became of ``rows``, which ``put`` counts by their place, and ``more`` that was counted before."""
    refused = tuple(
        (rows[error.index], "; ".join(f"{name}: {why}" for name, why in error.fields.items())) for error in put.errors
    )
    return _Delivered(more + Counter(item.action for item in put.items), refused)
