"""The few types that every room, and every widget, may use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

#: Pages are read-only, so a page of orders is a page of anything an order is.
Row = TypeVar("Row", covariant=True)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One keyset page.

    ``after`` and ``before`` are opaque cursors for the following and the preceding page; ``None`` means there is no
    such page. ``estimate`` is the planner's guess of how many rows match, ``None`` where nobody asked; ``exact`` says
    the guess is a count. A page never pretends to be a total.
    """

    rows: tuple[Row, ...]
    after: str | None = None
    before: str | None = None
    estimate: int | None = None
    exact: bool = False


class PageSource(Protocol[Row]):
    """Where a grid gets its rows: called from a worker thread, may block, raises ``StorekeeperError``."""

    def __call__(self, *, after: str | None, before: str | None, limit: int) -> Page[Row]:
        """Return the page that follows ``after`` (or the first page), or the one that precedes ``before``.

        ``before=""`` asks for the last page.
        """
        ...


@dataclass(frozen=True)
class Health:
    """What one store says of itself. ``detail`` is the reason where ``ok`` is false."""

    store: str
    engine: str
    version: str
    ok: bool
    latency_ms: float
    detail: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a long job is: ``done`` of ``total`` units (0 = unknown), and what it is doing.

    ``share`` says that only their ratio tells a person anything: bytes of a file.
    """

    done: int
    total: int
    what: str = ""
    share: bool = False


ReportProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class StatusMark:
    """State shown three ways at once, so that colour is never the only sign: glyph, word, and a tone for the theme.

    ``tone`` is one of ``good``, ``warn``, ``bad``, ``muted``, ``plain``.
    """

    glyph: str
    word: str
    tone: str = "plain"

    def __str__(self) -> str:
        """Glyph and word, as a grid cell shows them."""
        return f"{self.glyph} {self.word}"


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet with the number of hits it would give, and whether it is chosen."""

    value: str
    count: int
    chosen: bool = False


@dataclass(frozen=True)
class Histogram:
    """How the numbers of a facet are spread: ``counts[n]`` hits from ``bounds[n]`` to below ``bounds[n + 1]``.

    One bound more than counts. ``open_end``: the last bar has no upper end, its bound is only where it is drawn to.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    open_end: bool = False


@dataclass(frozen=True)
class Facet:
    """One facet as the panel shows it. ``name`` is the query's field name (``brand``, ``memory.speed``)."""

    name: str
    label: str
    values: Sequence[FacetValue] = field(default_factory=tuple)
    #: how many further values exist beyond those listed
    more: int = 0
    #: only where the values are numbers and there are many of them
    histogram: Histogram | None = None
