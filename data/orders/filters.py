"""What a query line asks of the orders ``o``, as SQL: conditions, their values, and a line of the SKU asked for.

Everything that PostgreSQL cannot estimate is looked up first, so that its planner chooses between walking the newest
orders and going out from few customers, one product or one state by figures that are true:

- words become one ``tsquery``, and a handful of customers whom they fit are told by their ids. Beyond it no plan is
  left to the planner, whose guess of words is often wrong by a hundred: the orders are walked in the list's order, each
  asked whether its customer is one of the few (read once, into a hash) or fits (where even reading them all is dear).
  A page is soon full so, but for customers who hardly order: ``Filter.going_out`` asks the same the other way round,
  customer by customer, and ``data.orders.listing`` changes to it when the walk takes too long;
- a SKU becomes its product, whose lines ``idx_order_items_product_id`` keeps in the list's order. They are joined and
  not asked for by EXISTS: only so can the plan walk them and stop after a page.

Rejected: going out from the customers at first, whoever they are (the newest orders of 1,111 of them, merged, take
twenty times as long as the walk); and a bound on the walk in orders, as a LIMIT of a subquery: the planner then
prepares for all of that many, and every other condition is asked before the customer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from data.ids import normal_order_number
from data.orders.customers_meant import meant_by

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from data.orders.query import OrderQuery

__all__ = ["COUNTED", "HANDFUL", "HELD", "PAID", "UNPAID", "Filter", "read_filter"]

#: Held back from shipping now: a hold whose time has come is none, whether or not a job ran.
HELD = "(o.hold_reason IS NOT NULL AND (o.on_hold_until IS NULL OR o.on_hold_until > now()))"
#: Less came in than is to be paid: what was credited (cancelled, returned, goodwill) nobody has to pay. In these words,
#: because they are the condition of ``idx_orders_unpaid``.
UNPAID = "o.paid_amount < o.total_amount - o.credited_amount"
#: Somebody paid all that is to be paid, or there never was anything. An order cancelled before it was paid is neither.
PAID = "(o.paid_amount >= o.total_amount - o.credited_amount AND (o.paid_amount > 0 OR o.credited_amount = 0))"
#: Customers up to here are told one by one: for a page, and for a count, which goes out from them.
HANDFUL, COUNTED = 300, 2_000
#: Of colleagues so many at most.
_STAFF_AT_MOST = 500
_LONGEST = 200


@dataclass(frozen=True)
class _Condition:
    """One condition. Where the planner cannot guess it: ``guess`` is what to ask it instead.

    ``customers`` is then the FROM and WHERE of the customers ``u`` who fit, and ``among`` the condition once more, with
    ``{0}`` in place of "the order is one of theirs".
    """

    said: str
    guess: str = ""
    customers: str = ""
    among: str = "{0}"


@dataclass
class Filter:
    """Conditions on ``o``, and on its lines ``i`` where ``of_lines``; all hold. ``values`` are their parameters.

    ``times`` is how many times as many rows there are as ``select(guessed=True)`` is guessed to give.
    """

    conditions: list[_Condition] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    of_lines: bool = False
    times: float = 1.0

    def add(self, condition: str, **values: Any) -> None:
        """Demand ``condition``, too."""
        self.conditions.append(_Condition(condition))
        self.values.update(values)

    def add_moment(self, condition: str, **values: Any) -> None:
        """Demand ``condition``, which speaks of ``{0}.created_at`` and ``{0}.order_id``.

        A line has both of its order (a foreign key), so that either index can begin there.
        """
        for table in ("o", "i") if self.of_lines else ("o",):
            self.add(condition.format(table), **values)

    @property
    def may_be_long(self) -> bool:
        """Whether ``select`` may walk the whole list for a page, where ``going_out`` does not."""
        return any(condition.customers for condition in self.conditions)

    def select(self, *, guessed: bool = False) -> str:
        """Return the SELECT of whole rows of ``orders o``, which ORDER BY and LIMIT may follow.

        ``guessed``: the one whose number of rows the planner can guess, which may find some other rows.
        """
        told = ((condition.guess if guessed else "") or condition.said for condition in self.conditions)
        return self._select("o.*", told)

    def going_out(self, order: str) -> str:
        """Return the SELECT of the first rows of ``select`` in this ``order`` (with its LIMIT), which may follow it.

        It reads no more than the first orders of each customer who fits, whichever order they are in.
        """
        place, people = next((at, one) for at, one in enumerate(self.conditions) if one.customers)
        others = [one.said for at, one in enumerate(self.conditions) if at != place]
        theirs = self._select("o.order_id, o.created_at", [*others, "o.user_id = u.user_id"])
        first = f"SELECT o.order_id {people.customers.format(f'CROSS JOIN LATERAL ({theirs} {order}) AS o')} {order}"
        return self._select("o.*", [*others, people.among.format(f"o.order_id = ANY(ARRAY({first}))")])

    def _select(self, what: str, conditions: Iterable[str]) -> str:
        where = " AND ".join(conditions)
        rows = _WITH_LINES.format(what) if self.of_lines else f"SELECT {what} FROM orders o"
        return f"{rows} WHERE {where}" if where else rows


#: An order with two such lines, or with one that two warehouses serve, is one row.
_WITH_LINES = """
    SELECT DISTINCT ON (o.created_at, o.order_id) {0}
      FROM orders o JOIN order_items i ON i.order_id = o.order_id AND i.created_at = o.created_at
"""


def read_filter(connection: Connection, query: OrderQuery, handful: int = HANDFUL) -> Filter:
    """Return what ``query`` asks for; looks up what its words mean, and up to a ``handful`` of customers they fit."""
    asked = Filter()
    if query.sku:
        _add_sku(connection, _storable(query.sku), asked)
    _add_plain(query, asked)
    _add_handling(connection, query, asked)
    if query.customer:
        asked.conditions.append(_customers(connection, query.customer, "customer", asked, handful))
    if query.words:
        _add_words(connection, query.words, asked, handful)
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


def _add_words(connection: Connection, words: tuple[str, ...], asked: Filter, handful: int) -> None:
    """Add "the words are the customer's, or the order's number, or its beginning"."""
    line = " ".join(words)
    some = _customers(connection, line, "words", asked, handful)
    begins = _storable(line.upper().replace(" ", ""))
    asked.values |= {
        "numbers": [number for word in (*words, line) if (number := normal_order_number(word))],
        "begins": begins or "~",
        "ends": f"{begins}~",
    }
    either = "({0} OR o.order_number = ANY(:numbers) OR (o.order_number >= :begins AND o.order_number < :ends))"
    said, among = either.format(some.said), either
    asked.conditions.append(_Condition(said, some.guess, some.customers, among))


def _customers(connection: Connection, words: str, name: str, asked: Filter, handful: int) -> _Condition:
    """Return the condition "``words`` fit the order's customer"; the parameters ``name…`` are its values."""
    meant = meant_by(connection, _storable(words)[:_LONGEST], handful)
    if meant.ids is not None:
        asked.values[name] = meant.ids
        return _Condition(f"o.user_id = ANY(CAST(:{name} AS uuid[]))")
    asked.values[name] = meant.question
    fits = f"u.search_words @@ CAST(:{name} AS tsquery)"
    customers = f"FROM users u {{0}} WHERE {fits}"
    theirs = f"SELECT u.user_id FROM users u WHERE {fits}"
    if meant.many:
        # Where lines are asked for, too, the customer comes last: hardly an order has such a line.
        last = " AND i.order_id = o.order_id" if asked.of_lines else ""
        said = f"(SELECT {fits} FROM users u WHERE u.user_id = o.user_id{last})"
        return _Condition(said, f"o.user_id IN ({theirs})", customers)
    asked.values[f"some_{name}"] = meant.sample
    asked.times *= meant.times
    # IS TRUE keeps it from being turned into a join.
    said = f"(o.user_id IN ({theirs})) IS TRUE"
    return _Condition(said, f"o.user_id = ANY(CAST(:some_{name} AS uuid[]))", customers)


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
