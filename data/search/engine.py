"""The interface of a search engine, and what goes in and comes out of it.

Two engines stand behind it: the local tantivy index and an Elasticsearch cluster (``data.search.urls`` picks). Neither
analyses text: tokens come from ``data.search.analysis``, and what a query means is worked out once in
``data.search.plan``, so an engine only has to store terms and to evaluate a small tree of conditions. Rejected: each
engine's own analysers and query parsers, which never agree on an edge case and cannot be tested against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from data.types import Facet, Health, ReportProgress

if TYPE_CHECKING:
    from data.search.query import SearchQuery

__all__ = [
    "STORE",
    "WINDOW",
    "AttributeScalar",
    "Check",
    "Hit",
    "IndexVersion",
    "SearchDocument",
    "SearchEngine",
    "SearchResult",
    "Successor",
    "Suggestion",
    "Unheard",
]

#: The store's name in ``data.stores.NAMES``, as errors carry it.
STORE = "search"
#: How many hits can be paged through by best match. By any other order there is no bound (see ``tantivy.engine``).
WINDOW = 10_000

AttributeScalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """One product as the index knows it. Make it with ``data.search.documents``.

    ``revision`` is the product's write counter: a document never replaces one of a higher revision. ``category`` is the
    path, outermost first, at most three names. ``codes`` are what a scanner or a part list may say besides the SKU
    (barcode, maker's number). ``attributes`` maps a dotted name to one value or to a list; a list of numbers is one
    value of several parts (``[2, 16]`` shows as ``2×16``), a list of texts is several values. ``price`` is in
    ``currency``; stock is in units; ``popularity`` is units sold, of any period, as long as it is the same for all.
    """

    product_id: str
    revision: int
    sku: str
    title: str
    brand: str = ""
    category: tuple[str, ...] = ()
    description: str = ""
    codes: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeScalar | Sequence[AttributeScalar]] = field(default_factory=dict)
    price: Decimal | None = None
    currency: str = "USD"
    available_stock: int = 0
    reorder_level: int = 0
    status: str = "active"
    created_at: datetime | None = None
    popularity: float = 0.0


@dataclass(frozen=True, slots=True)
class Hit:
    """One product found, as the index knew it at ``revision``: stock and price may lag behind their stores.

    ``stock_state`` is ``in``, ``low`` or ``out``. ``score`` is comparable within one search only, and 0 where the hits
    are sorted by a field.
    """

    product_id: str
    revision: int
    sku: str
    title: str
    brand: str
    category: tuple[str, ...]
    price: Decimal | None
    currency: str
    available_stock: int
    stock_state: str
    status: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Unheard:
    """A value that a filter asks for and no product has, with the nearest that some have, ``""`` where none is near."""

    field: str
    value: str
    meant: str = ""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What one search found.

    ``total`` counts every match exactly. ``after`` and ``before`` are cursors for the neighbouring pages, ``None``
    where there is none. ``notes`` are sentences for the person who asked (``"vengence" read as "vengeance"``).
    ``terms`` are the words that were looked for, corrections included, and ``prefix`` the beginning of the last one:
    ``analysis.spans`` highlights them. ``generation`` names the state of the index this was read from. ``facets`` is
    empty unless asked for. ``unheard`` says, where nothing was found, which values no product has; so do the notes.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    took_ms: float
    notes: tuple[str, ...] = ()
    after: str | None = None
    before: str | None = None
    terms: tuple[str, ...] = ()
    prefix: str = ""
    generation: int = 0
    unheard: tuple[Unheard, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One completion while typing. ``kind`` is ``product``, ``brand``, ``category`` or ``attribute``.

    ``query`` is the line that finds it; ``count`` is how many products that line would find (1 for a product).
    """

    kind: str
    text: str
    query: str
    count: int = 1
    product_id: str = ""


@dataclass(frozen=True, slots=True)
class IndexVersion:
    """One index that is kept: the one in use (``is_current``), or the one before it, that can take its place again."""

    name: str
    products: int
    made_at: datetime
    is_current: bool


class Successor(Protocol):
    """An index that is about to become the one in use: what may be asked of it, and written to it, before it does."""

    def search(self, query: SearchQuery, *, limit: int = 50) -> SearchResult:
        """Return hits and total, no facets, as of its last commit."""
        ...

    def versions(self, ids: Iterable[str]) -> dict[str, int]:
        """Return the committed revision by product id, of live products only."""
        ...

    def count(self) -> int:
        """Return how many live products it holds, as of its last commit."""
        ...

    def put_many(self, documents: Iterable[SearchDocument]) -> int:
        """Write what is newer than it holds; return how many were."""
        ...

    def delete_many(self, deleted: Iterable[tuple[str, int]]) -> int:
        """Put tombstones; return how many were news."""
        ...

    def commit(self) -> None:
        """Show what was written to ``search``, ``versions`` and ``count``."""
        ...


#: Looks at an index before it is put into use, mends what is behind, and raises where it must not be.
Check = Callable[[Successor], None]


class SearchEngine(Protocol):
    """A search index. Every method may block, may be called from any thread, and raises ``Unavailable("search", …)``.

    Writing is for one process at a time, the relay. The local index refuses a second writer with ``Unavailable``; a
    cluster orders any number by their documents' revisions.
    """

    #: changes with every commit, in every process alike: part of the key of a cached search
    @property
    def generation(self) -> int:
        """The state of the index a search started now would read."""
        ...

    def search(
        self,
        query: SearchQuery,
        *,
        limit: int = 50,
        after: str | None = None,
        before: str | None = None,
        facets: bool = True,
    ) -> SearchResult:
        """Return a page of at most ``limit`` hits (1 to 500) with counts. ``before=""`` asks for the last page.

        Raises ``Invalid`` for a cursor of another query. A query's ``problems`` are the caller's to show; filters that
        could not be read are not in it.
        """
        ...

    def facet(self, query: SearchQuery, name: str, *, contains: str = "", limit: int = 200) -> Facet:
        """Return one facet of ``query`` in full, or those of its values that have ``contains`` in them."""
        ...

    def suggest(self, text: str, *, limit: int = 8) -> tuple[Suggestion, ...]:
        """Return completions for what is being typed: products, brands, categories, best first."""
        ...

    def alike(self, document: SearchDocument, *, limit: int = 8) -> tuple[Hit, ...]:
        """Return the products most like ``document``: of its category, with telling values in common."""
        ...

    def attribute_names(self) -> tuple[str, ...]:
        """Return the query names of the attributes that any product has, commonest first."""
        ...

    def put_many(self, documents: Iterable[SearchDocument]) -> int:
        """Write those documents that are newer than what is indexed or tombstoned; return how many were.

        Visible to searches after ``commit``.
        """
        ...

    def delete_many(self, deleted: Iterable[tuple[str, int]]) -> int:
        """Remove products, given as ``(product_id, revision)``, and remember the revision against late writes.

        Return how many were newer than what is indexed. Visible after ``commit``.
        """
        ...

    def commit(self) -> int:
        """Make everything written so far durable and visible to every process; return the new generation."""
        ...

    def versions(self, ids: Iterable[str]) -> dict[str, int]:
        """Return the committed revision by product id, of live products only; an id that is not indexed is left out."""
        ...

    def count(self) -> int:
        """Return how many products are indexed, archived ones included, tombstones not."""
        ...

    def rebuild(
        self,
        documents: Iterable[SearchDocument],
        *,
        check: Check | None = None,
        total: int = 0,
        report: ReportProgress | None = None,
    ) -> int:
        """Build the index anew from ``documents`` beside the old one, then swap at once; return how many went in.

        Searches go on with the old index meanwhile; writes made meanwhile by this process go into both. ``check`` sees
        the new index when all is written: what it raises leaves the old one in use. The old one is kept, see
        ``roll_back``. ``total`` is how many documents will come, for ``report``.
        """
        ...

    def versions_kept(self) -> tuple[IndexVersion, ...]:
        """Return the index in use and the one before it, as far as there are any; the one in use first."""
        ...

    def roll_back(self, *, check: Check | None = None) -> IndexVersion:
        """Put the index before the one in use into its place, and keep that one; return what is in use now.

        It was not written to since: ``check`` has to bring it up to date. Writes made meanwhile go into both. Raises
        ``NotFound`` where no earlier index is kept.
        """
        ...

    def health(self) -> Health:
        """Say whether the index can be read. Never raises."""
        ...

    def close(self) -> None:
        """Commit what is written, give the writer's place free, and let go of all files."""
        ...
