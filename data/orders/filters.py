"""What a query line asks of the orders ``o``, as SQL: conditions, their values, and a line of the SKU asked for.

Everything that PostgreSQL cannot estimate is looked up first, so that its planner chooses between walking the newest
orders and going out from few customers, one product or one state by figures that are true:

- words become one ``tsquery``, computed once, and the customers they fit, where those are few. Where they are many, the
  newest orders hold a page of them soon, and each is asked for its customer;
- a SKU becomes its product, whose lines ``idx_order_items_product_id`` keeps in the list's order. They are joined and
  not asked for by EXISTS: only so can the plan walk them and stop after a page.

Rejected: the newest orders of each customer merged (LATERAL). Few customers have few orders, which are as soon sorted;
a customer with many orders is dense enough for either plan of one index.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from data.ids import normal_order_number

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from data.orders.query import OrderQuery

__all__ = ["HELD", "PAID", "UNPAID", "Filter", "read_filter"]

#: Held back from shipping now: a hold whose time has come is none, whether or not a job ran.
HELD = "(o.hold_reason IS NOT NULL AND (o.on_hold_until IS NULL OR o.on_hold_until > now()))"
#: Less came in than is to be paid: what was credited (cancelled, returned, goodwill) nobody has to pay. In these words,
#: because they are the condition of ``idx_orders_unpaid``.
UNPAID = "o.paid_amount < o.total_amount - o.credited_amount"
#: Somebody paid all that is to be paid, or there never was anything. An order cancelled before it was paid is neither.
PAID = "(o.paid_amount >= o.total_amount - o.credited_amount AND (o.paid_amount > 0 OR o.credited_amount = 0))"
#: Customers up to here are few, and the plan is made with them in hand.
_FEW = 2_000
#: Of colleagues so many at most.
_STAFF_AT_MOST = 500
_LONGEST = 200


@dataclass
class Filter:
    """Conditions on ``o``, and on its lines ``i`` where ``of_lines``; all hold. ``values`` are their parameters.

    ``guess`` says for a condition that the planner cannot guess (its place in ``conditions``) what to ask it instead.
    """

    conditions: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    of_lines: bool = False
    guess: dict[int, str] = field(default_factory=dict)

    def add(self, condition: str, *, guess: str = "", **values: Any) -> None:
        """Demand ``condition``, too."""
        if guess:
            self.guess[len(self.conditions)] = guess
        self.conditions.append(condition)
        self.values.update(values)

    def add_moment(self, condition: str, **values: Any) -> None:
        """Demand ``condition``, which speaks of ``{0}.created_at`` and ``{0}.order_id``.

        A line has both of its order (a foreign key), so that either index can begin there.
        """
        for table in ("o", "i") if self.of_lines else ("o",):
            self.add(condition.format(table), **values)

    def select(self, *, guessed: bool = False) -> str:
        """Return the SELECT of whole rows of ``orders o``, which ORDER BY and LIMIT may follow.

        ``guessed``: the one whose number of rows the planner can guess, which may find some other rows.
        """
        told = enumerate(self.conditions)
        parts = [self.guess.get(place, condition) if guessed else condition for place, condition in told]
        where = f" WHERE {' AND '.join(parts)}" if parts else ""
        return f"{_WITH_LINES if self.of_lines else 'SELECT o.* FROM orders o'}{where}"


#: An order with two such lines, or with one that two warehouses serve, is one row.
_WITH_LINES = """
    SELECT DISTINCT ON (o.created_at, o.order_id) o.*
      FROM orders o JOIN order_items i ON i.order_id = o.order_id AND i.created_at = o.created_at
"""


def read_filter(connection: Connection, query: OrderQuery) -> Filter:
    """Return what ``query`` asks for; looks up what its words mean."""
    asked = Filter()
    if query.sku:
        _add_sku(connection, _storable(query.sku), asked)
    _add_plain(query, asked)
    _add_handling(connection, query, asked)
    if query.customer:
        some = _customers(connection, query.customer, "customer", asked)
        asked.add(some.condition, guess=some.guess)
    if query.words:
        _add_words(connection, query.words, asked)
    return asked


def _add_plain(query: OrderQuery, asked: Filter) -> None:
    """Add what the order itself says."""
    if len(query.statuses) == 1:  # told by itself: an index gives one state in the list's order, of several it does not
        asked.add("o.order_status = :status", status=query.statuses[0])
    elif query.statuses:
        asked.add("o.order_status = ANY(:statuses)", statuses=list(query.statuses))
    for name, sign in (("from", ">="), ("above", ">"), ("to", "<="), ("below", "<")):
        bound = getattr(query, f"total_{name}")
        if bound is not None:
            asked.add(f"o.total_amount {sign} :total_{name}", **{f"total_{name}": bound})
    if query.created_from is not None:
        asked.add_moment("{0}.created_at >= :created_from", created_from=query.created_from)
    if query.created_before is not None:
        asked.add_moment("{0}.created_at < :created_before", created_before=query.created_before)
    if query.channel:
        asked.add("o.channel = :channel", channel=_storable(query.channel))
    if query.warehouse_id:
        asked.add(
            "EXISTS (SELECT FROM order_items w WHERE w.order_id = o.order_id AND w.warehouse_id = :warehouse_id)",
            warehouse_id=_storable(query.warehouse_id),
        )
    if query.numbers:
        asked.add("o.order_number = ANY(:order_numbers)", order_numbers=list(query.numbers))
    if query.payment:
        asked.add(UNPAID if query.payment == "unpaid" else PAID)


def _add_handling(connection: Connection, query: OrderQuery, asked: Filter) -> None:
    """Add how the desk handles the order: its tags, whose it is, whether it is held."""
    for place, group in enumerate(query.tags):
        # The first half is what the partial index is made of; the planner does not see that the second implies it.
        asked.values[f"tags_{place}"] = _all_storable(group)
        asked.add(f"(o.tags <> '{{}}' AND o.tags && CAST(:tags_{place} AS text[]))")
    if query.without_tags:
        asked.add("NOT (o.tags && CAST(:no_tags AS text[]))", no_tags=_all_storable(query.without_tags))
    if query.assigned:
        asked.add(_of_staff(connection, query, query.assigned, "assigned", asked))
    if query.not_assigned:
        asked.add(f"({_of_staff(connection, query, query.not_assigned, 'not_assigned', asked)}) IS NOT TRUE")
    if query.held is not None:
        asked.add(HELD if query.held else f"{HELD} IS NOT TRUE")


def _add_sku(connection: Connection, sku: str, asked: Filter) -> None:
    """Add "a line of the order is of ``sku``".

    The CASE keeps the planner from taking SKU and product, of which one follows from the other, for two conditions
    that few lines fit by chance.
    """
    products = list(connection.execute(_PRODUCTS_OF, {"sku": sku}).scalars())
    asked.of_lines = True
    if len(products) == 1:  # told by itself: only of one product does the index give the lines in the list's order
        asked.add("i.product_id = :sku_product", sku_product=products[0])
    else:
        asked.add("i.product_id = ANY(CAST(:sku_products AS text[]))", sku_products=products)
    asked.add("CASE WHEN i.sku = :sku THEN true END", sku=sku)


_PRODUCTS_OF = text("SELECT DISTINCT v.product_id FROM inventory v WHERE v.sku = :sku")


def _add_words(connection: Connection, words: tuple[str, ...], asked: Filter) -> None:
    """Add "the words are the customer's, or the order's number, or its beginning"."""
    line = " ".join(words)
    some = _customers(connection, line, "words", asked)
    begins = _storable(line.upper().replace(" ", ""))
    asked.add(
        f"({some.condition} OR o.order_number = ANY(:numbers)"
        " OR (o.order_number >= :begins AND o.order_number < :ends))",
        guess=some.guess,
        numbers=[number for word in (*words, line) if (number := normal_order_number(word))],
        begins=begins or "~",
        ends=f"{begins}~",
    )


@dataclass(frozen=True)
class _Customers:
    """The condition that the order's customer is one of some, and what the planner can guess instead, if it cannot."""

    condition: str
    guess: str = ""


def _customers(connection: Connection, words: str, name: str, asked: Filter) -> _Customers:
    """Return the customers whom ``words`` fit; the parameter ``name`` is theirs."""
    words = _storable(words)[:_LONGEST]
    question, until = _MANY.get(words, ("", 0.0))
    if until < time.monotonic():
        found = connection.execute(_FITTING, {"words": words}).one()
        question = found.question
        if found.few is not None:
            asked.values[name] = found.few
            return _Customers(f"o.user_id = ANY(CAST(:{name} AS uuid[]))")
        if len(_MANY) >= _REMEMBERED:
            _MANY.clear()
        _MANY[words] = question, time.monotonic() + _REMEMBERED_SECONDS
    asked.values[name] = question
    fits = f"SELECT u.user_id FROM users u WHERE u.search_words @@ CAST(:{name} AS tsquery)"
    return _Customers(
        f"(SELECT u.search_words @@ CAST(:{name} AS tsquery) FROM users u WHERE u.user_id = o.user_id)",
        guess=f"o.user_id IN ({fits})",
    )


#: Words that fit many customers, with their ``tsquery`` and until when that is believed: the next page and the next
#: look for news ask for neither again. Nothing but time depends on it: where many became few, the walk is long.
_MANY: dict[str, tuple[str, float]] = {}
_REMEMBERED, _REMEMBERED_SECONDS = 500, 300.0
#: The words as a ``tsquery``, since a statement that calls ``user_query`` itself folds and splits them anew as it is
#: planned; and the customers they fit, NULL where those are many. Both stay text: nobody here reads them. The LIMIT
#: stands apart: the planner would find it cheap to read the whole table where many seem to fit, and none may.
_FITTING = text(
    f"""
    WITH fitting AS MATERIALIZED (SELECT u.user_id FROM users u WHERE u.search_words @@ user_query(:words))
    SELECT user_query(:words)::text AS question,
           CASE WHEN count(*) <= {_FEW} THEN coalesce(array_agg(user_id), '{{}}')::text END AS few
      FROM (SELECT user_id FROM fitting LIMIT {_FEW + 1}) AS first
    """
)


def _of_staff(connection: Connection, query: OrderQuery, words: str, name: str, asked: Filter) -> str:
    """Return the condition "the order is assigned to whom ``words`` mean"; its value goes into ``asked``."""
    if words.lower() == "none":
        return "o.assigned_to IS NULL"
    if words.lower() == "me" and query.me is not None:
        asked.values[name] = [query.me]
    else:
        found = connection.execute(_STAFF, {"asked": _storable(words)[:_LONGEST], "most": _STAFF_AT_MOST}).scalars()
        asked.values[name] = list(found)
    return f"o.assigned_to = ANY(CAST(:{name} AS uuid[]))"


_STAFF = text(
    """
    SELECT u.user_id FROM users u
     WHERE u.is_staff AND (lower(u.email) = lower(:asked) OR u.search_words @@ user_query(:asked)) LIMIT :most
    """
)


def _all_storable(words: Iterable[str]) -> list[str]:
    return [_storable(word) for word in words]


def _storable(words: str) -> str:
    """Return ``words`` without what no stored text can hold, so that the driver can ask for it."""
    return words.replace("\0", "").encode("utf-8", "ignore").decode()
