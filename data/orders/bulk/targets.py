"""Which orders a bulk job is about: those named, those marked, or all that a line of query finds, as a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from data.batches import batches
from data.bulk.messages import TargetInput
from data.errors import NotFound
from data.ids import normal_order_number
from data.orders.listing import list_orders
from data.orders.query import OrderQuery, parse_order_query

if TYPE_CHECKING:
    from data.orders.rows import OrderRow
    from data.shop import Shop

__all__ = ["found", "marked", "named", "of_line", "rows_of"]

_PAGE = 500


def named(shop: Shop, refs: Sequence[str]) -> list[TargetInput]:
    """Return the orders with these numbers, as a person types them. Raises ``NotFound`` naming the first missing."""
    numbers = {ref: normal_order_number(ref) or ref for ref in refs}
    known = {row.order_number: row for row in rows_of(shop, numbers.values())}
    for ref, number in numbers.items():
        if number not in known:
            raise NotFound("order", ref)
    return [_target(known[number]) for number in dict.fromkeys(numbers.values())]


def marked(shop: Shop, numbers: Iterable[str]) -> Iterator[TargetInput]:
    """Yield the orders with these numbers; one that is no longer there is left out."""
    return map(_target, rows_of(shop, numbers))


def of_line(shop: Shop, line: str) -> Iterator[TargetInput]:
    """Yield every order that the line of query finds now. Raises ``Invalid`` where the line cannot be read."""
    return map(_target, found(shop, parse_order_query(line)))


def rows_of(shop: Shop, numbers: Iterable[str]) -> Iterator[OrderRow]:
    """Yield the orders with these numbers."""
    for part in batches(dict.fromkeys(numbers), _PAGE):
        yield from found(shop, OrderQuery(numbers=tuple(part)))


def found(shop: Shop, query: OrderQuery) -> Iterator[OrderRow]:
    """Yield every order that ``query`` finds, page by page, newest first; a page is held at a time."""
    asked, after = query.seen_by(shop.actor.user_id), None
    while True:
        page = list_orders(shop.stores.postgres, asked, after=after, limit=_PAGE)
        yield from page.rows
        after = page.after
        if after is None:
            return


def _target(row: OrderRow) -> TargetInput:
    return TargetInput(target_id=str(row.order_id), label=row.order_number)
