"""Importing orders: read, map, look up in sets, place what is new, report row by row.

An order is known by its reference: it is placed under the idempotency key ``orders-import:<reference>``, so it is
placed once, whoever runs the file how often, and a run that was interrupted is simply run again. What is known already
is found by one query for each batch, customers by another; the rest is placed by ``PlaceOrder`` from several threads,
whose placements the database gets together (``data.orders.placement``). Rejected: inserting rows directly, which would
be a second way into stock, tax and totals. One import runs at a time, held by a lock in the database, because keys
belong to a person and two people could bring in one file at once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from data.catalog.imports.errorfile import ErrorFile
from data.catalog.imports.files import RawRow, Source, find_sources, read_rows
from data.command import checked, content_hash
from data.customers.messages import SaveCustomer
from data.errors import Conflict, Denied, Invalid, StorekeeperError, Unavailable
from data.orders.imports.mapping import OrderMapping, load_order_mapping
from data.orders.imports.rows import MappedOrder, OrderMapper, RefusedRows
from data.types import Progress, ReportProgress

if TYPE_CHECKING:
    from data.shop import Shop

__all__ = ["OrderImportReport", "import_orders"]

BATCH = 500
_HANDS = 8
_PERMISSION = "orders.import"
_KEY = "orders-import:"


@dataclass(frozen=True)
class OrderImportReport:
    """What an import did: ``placed + unchanged + refused == orders``; ``errors`` counts refused rows of the file.

    ``customers`` were made for e-mails nobody had. In a dry run nothing was written and the counts say what would have
    been, as far as it shows without placing (stock, prices and limits show only then).
    """

    rows: int
    orders: int
    placed: int
    unchanged: int
    refused: int
    customers: int
    errors: int
    seconds: float
    dry_run: bool = False
    cancelled: bool = False
    errors_path: str | None = None
    first_errors: tuple[str, ...] = ()


def import_orders(
    shop: Shop,
    paths: Sequence[Path],
    mapping: OrderMapping | None = None,
    *,
    dry_run: bool = False,
    errors_path: Path | None = None,
    report: ReportProgress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> OrderImportReport:
    """Place every order of the CSV and JSONL files that ``paths`` name; say what became of them.

    ``errors_path`` gets one JSON line for each refused row, which can be corrected and imported like any other file.
    ``cancelled`` is asked between batches. Raises ``Denied``, ``NotFound`` (a path), ``Invalid`` (the mapping, a file
    that cannot be read at all), ``Conflict`` (another import is at work), ``Unavailable``.
    """
    if not shop.actor.may(_PERMISSION):
        raise Denied(shop.actor.email, _PERMISSION)
    started, sources = time.monotonic(), find_sources(paths)
    mapper = OrderMapper(mapping if mapping is not None else load_order_mapping())
    with _alone(shop), ErrorFile(errors_path) as refused, ThreadPoolExecutor(_HANDS, "orders-import") as hands:
        run = _Import(shop, refused, hands, dry_run)
        stopped = run.go(sources, mapper, report or (lambda _: None), cancelled)
    return OrderImportReport(
        rows=run.rows,
        orders=run.counts["placed"] + run.counts["unchanged"] + run.counts["refused"],
        placed=run.counts["placed"],
        unchanged=run.counts["unchanged"],
        refused=run.counts["refused"],
        customers=run.counts["customers"],
        errors=refused.count,
        seconds=round(time.monotonic() - started, 3),
        dry_run=dry_run,
        cancelled=stopped,
        errors_path=refused.written_to,
        first_errors=refused.first,
    )


@contextmanager
def _alone(shop: Shop) -> Iterator[None]:
    """Hold the lock of imports; it goes with the connection, so nothing stays locked behind a program that died."""
    with shop.stores.postgres.reading() as connection:
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        free = connection.execute(text("SELECT pg_try_advisory_xact_lock(hashtext('storekeeper orders import'))"))
        if not free.scalar_one():
            raise Conflict("Another import of orders is at work; try again when it is done.")
        yield


class _Import:
    """One run; all its counts are touched by the calling thread only."""

    def __init__(self, shop: Shop, refused: ErrorFile, hands: ThreadPoolExecutor, dry_run: bool) -> None:
        self.counts: Counter[str] = Counter()
        self.rows = 0
        self._shop = shop
        self._refused = refused
        self._hands = hands
        self._dry_run = dry_run
        self._end = 0

    def go(
        self, sources: Sequence[Source], mapper: OrderMapper, report: ReportProgress, cancelled: Callable[[], bool]
    ) -> bool:
        """Import ``sources`` batch by batch. Return whether it was stopped."""
        before, size = 0, sum(source.size for source in sources)
        for source in sources:
            batch: list[MappedOrder] = []
            for order in mapper.orders(self._counted(source)):
                if isinstance(order, RefusedRows):
                    self._refuse(order.raws, order.reason)
                    continue
                batch.append(order)
                if len(batch) == BATCH:
                    self._place(batch)
                    batch = []
                    what = f"{self.counts['placed']:,} placed · {source.name}"
                    report(Progress(before + self._end, size, what, share=True))
                    if cancelled():
                        return True
            self._place(batch)
            before += source.size
            if cancelled():
                return True
        report(Progress(size, size, f"{self.counts['placed']:,} placed", share=True))
        return False

    def _counted(self, source: Source) -> Iterator[RawRow]:
        for raw in read_rows(source):
            self.rows += 1
            self._end = raw.end
            yield raw

    def _refuse(self, raws: Sequence[RawRow], reason: str) -> None:
        self.counts["refused"] += 1
        for raw in raws:
            self._refused.add(raw, reason)

    def _place(self, batch: Sequence[MappedOrder]) -> None:
        """Bring one batch in: drop what is known or said twice, make customers, place."""
        known = self._known([order.reference for order in batch])
        users = self._users({order.email for order in batch})
        fresh: dict[str, MappedOrder] = {}
        for order in batch:
            if order.reference in fresh:
                self._refuse(order.raws, f"reference: {order.reference} stands in the file twice, not in one piece")
            elif order.reference in known:
                self._compare(order, known[order.reference], users.get(order.email))
            else:
                fresh[order.reference] = order
        if self._dry_run:
            self.counts["placed"] += len(fresh)
            self.counts["customers"] += len({order.email for order in fresh.values()} - users.keys())
            return
        ready = self._with_customers(list(fresh.values()), users)
        for order, reason in self._hands.map(lambda one: self._placed(one, users[one.email]), ready):
            if reason:
                self._refuse(order.raws, reason)
            else:
                self.counts["placed"] += 1

    def _compare(self, order: MappedOrder, stored: bytes, user_id: UUID | None) -> None:
        try:
            same = user_id is not None and content_hash(checked(order.command(user_id))) == stored
        except Invalid as error:
            self._refuse(order.raws, str(error))
            return
        if same:
            self.counts["unchanged"] += 1
        else:
            self._refuse(order.raws, f"reference: {order.reference} was imported before with other content")

    def _with_customers(self, orders: Sequence[MappedOrder], users: dict[str, UUID]) -> list[MappedOrder]:
        """Make the customers nobody has; return the orders whose customer is there."""
        ready: list[MappedOrder] = []
        for order in orders:
            if order.email not in users:
                command = _customer(order)
                try:
                    users[order.email] = self._shop.door.run(command, self._shop.actor).result.user_id
                except Unavailable:
                    raise
                except StorekeeperError as error:
                    self._refuse(order.raws, f"customer: {error}")
                    continue
                self.counts["customers"] += 1
            ready.append(order)
        return ready

    def _placed(self, order: MappedOrder, user_id: UUID) -> tuple[MappedOrder, str]:
        """Place one order; runs in a thread. Return why it was refused, ``""`` where it was not."""
        try:
            self._shop.door.run(order.command(user_id), self._shop.actor, key=_KEY + order.reference)
        except Unavailable:
            raise
        except StorekeeperError as error:
            return order, str(error)
        return order, ""

    def _known(self, references: Sequence[str]) -> dict[str, bytes]:
        """Return the content hashes of orders that any member of staff imported under these references."""
        keys = [_KEY + reference for reference in references]
        with self._shop.stores.postgres.reading() as connection:
            found = connection.execute(_KNOWN, {"keys": keys})
            return {row.key.removeprefix(_KEY): bytes(row.content_hash) for row in found}

    def _users(self, emails: set[str]) -> dict[str, UUID]:
        with self._shop.stores.postgres.reading() as connection:
            return {row.email: row.user_id for row in connection.execute(_USERS, {"emails": sorted(emails)})}


def _customer(order: MappedOrder) -> SaveCustomer:
    person = order.person
    return SaveCustomer(
        email=order.email, first_name=person["first_name"], last_name=person["last_name"], phone=person["phone"]
    )


#: By actor and key, as the primary key has them: staff are few.
_KNOWN = text(
    """
    SELECT k.key, k.content_hash
      FROM (SELECT user_id FROM users WHERE is_staff) AS s
      JOIN idempotency_keys k ON k.actor_id = s.user_id AND k.key = ANY(:keys)
     WHERE k.command = 'orders.place'
    """
)
_USERS = text("SELECT lower(email) AS email, user_id FROM users WHERE lower(email) = ANY(:emails)")
