"""Papers of many orders in one file: a slip or invoice after another, or one pick list for all of them.

An order that has no such paper (nothing left to pack) is named with the reason and stops no other. The file appears
when it is whole. It is made in memory, page by page, so their number has a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from data.documents.content import KINDS, pick_list
from data.documents.make import make_paper
from data.documents.text import paper_text
from data.errors import Invalid, NotFound
from data.orders.reads import OrderDetail, get_order
from data.tables import write_file
from data.types import Progress

if TYPE_CHECKING:
    from data.documents.paper import Paper
    from data.shop import Shop
    from data.types import ReportProgress

__all__ = ["MOST", "ManyPapers", "save_papers"]

#: orders in one file
MOST = 1_000
_NEW_PAGE = "\f"


@dataclass(frozen=True)
class ManyPapers:
    """How many orders are in the file ``path`` (``None``: it was not kept), and which are not, with the reason."""

    path: str | None
    made: int
    refused: tuple[tuple[str, str], ...]
    cancelled: bool = False
    missing: tuple[str, ...] = ()


def save_papers(
    shop: Shop,
    numbers: Sequence[str],
    kind: str,
    path: Path,
    *,
    report: ReportProgress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ManyPapers:
    """Write the papers ``kind`` of the orders ``numbers`` to ``path``: a PDF where it is called so, else text.

    ``cancelled`` is asked for every order. Raises ``Invalid`` (kind, too many orders, none with such a paper, a file
    that cannot be written) and ``Unavailable``.
    """
    if kind not in KINDS:
        raise Invalid({"kind": f"{kind!r} is not one of {', '.join(KINDS)}"})
    if len(numbers) > MOST:
        raise Invalid({"orders": f"are {len(numbers):,}; one file takes {MOST:,}"})
    papers: list[Paper] = []
    orders: list[OrderDetail] = []
    refused: list[tuple[str, str]] = []
    for place, number in enumerate(numbers, start=1):
        if cancelled():
            return ManyPapers(None, 0, tuple(refused), cancelled=True)
        try:
            if kind == "pick-list":
                orders.append(_pickable(shop, number))
            else:
                papers.append(make_paper(shop, number, kind))
        except (Invalid, NotFound) as error:
            refused.append((number, "; ".join(error.fields.values()) if isinstance(error, Invalid) else str(error)))
        if report is not None:
            report(Progress(place, len(numbers), "laying out"))
    if orders:
        papers = [pick_list(orders, now=datetime.now(UTC))]
    if not papers:
        raise Invalid({"orders": f"none of {len(numbers):,} has one: {refused[0][1] if refused else 'say which'}"})
    content, missing = _laid_out(papers, path)
    write_file(path.expanduser(), [content])
    return ManyPapers(str(path), len(orders) or len(papers), tuple(refused), missing=missing)


def _pickable(shop: Shop, number: str) -> OrderDetail:
    """Return the order. Raises ``Invalid`` where nothing of it is to be picked: held back, or nothing left."""
    order = get_order(shop.stores.postgres, number)
    if order.hold_reason:
        raise Invalid({"order": f"is on hold: {order.hold_reason}"})
    pick_list([order], now=datetime.now(UTC))
    return order


def _laid_out(papers: Sequence[Paper], path: Path) -> tuple[bytes, tuple[str, ...]]:
    if path.suffix.lower() != ".pdf":
        return _NEW_PAGE.join(map(paper_text, papers)).encode("utf-8", "replace"), ()
    from data.documents.pdf import papers_pdf  # fonts and layout cost a second to load; text does without

    printed = papers_pdf(papers)
    return printed.content, printed.missing
