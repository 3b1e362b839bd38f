"""The rules of finding things (anchors: what a first version must prove): 6, 7, 14, 18 and 21, by number and name.

What the screens add to them (keys, rows that stay, lines redrawn) is tested with the screens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text

from data.errors import Denied
from data.events.relay import drain
from data.notes.messages import AddNote
from data.notes.reads import list_mentions
from data.orders.editing.messages import EditOrder, LineEdit, OrderChanges
from data.orders.messages import ChangeOrderStatus
from data.orders.reads import list_orders, parse_order_query
from data.orders.timeline import timeline
from data.payments.messages import RecordPayment
from data.search.language import format_query, parse_query
from data.shipments.messages import BoxInput, ShipOrder
from data.shop import Shop
from data.views.messages import SaveView
from data.views.reads import list_views
from screens.jump import find
from tests.desk_world import at_the_desk
from tests.orders_world import customer, one, place, product, warehouses

PAGE = 50


def do(shop: Shop, command: Any) -> Any:
    return shop.door.run(command, shop.actor).result


def test_rule_06_whatever_is_written_on_it_leads_to_the_record(shop: Shop) -> None:
    """Order number, e-mail, telephone number, SKU, barcode, tracking number, as they are read out or scanned."""
    warehouses(shop, "WH1")
    product(shop, "RAM-0412", {"WH1": 5}, barcode="4006381333931")
    user = customer(shop, phone="+49 30 901820")
    customer(shop, "bob@lee.example", phone="+49 40 123456")
    order = place(shop, user, ("RAM-0412", 1)).result
    do(shop, ChangeOrderStatus(order_id=order.order_id, new_status="confirmed"))
    do(shop, ShipOrder(order_id=order.order_id, boxes=(BoxInput(tracking_number="1Z999AA10123456784"),)))
    to_order = ("order", {"order_number": order.order_number})
    to_ann = ("customer", {"user_id": str(user)})
    to_ram = ("product", {"product_id": "RAM-0412"})
    for typed, wanted in (
        (order.order_number, to_order),
        (order.order_number.lower().replace("-", ""), to_order),
        ("1Z999AA10123456784", to_order),
        ("ann@LEE.example", to_ann),
        ("+49 (30) 901820", to_ann),
        ("0049 30 901820", to_ann),
        ("RAM-0412", to_ram),
        ("ram-0412", to_ram),
        ("4006381333931", to_ram),
    ):
        assert wanted in [(found.place, found.arguments) for found in find(shop, typed)], typed
    for typed in ("0049", "nobody@lee.example", "4006381333932", "1Z999", "'; DROP TABLE orders; --"):
        assert find(shop, typed) == (), typed


@contextmanager
def statements(shop: Shop) -> Iterator[list[tuple[str, Any]]]:
    """Collect what the shop asks PostgreSQL."""
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, ____: Any) -> None:
        asked.append((statement, parameters))

    engine = shop.stores.postgres.engine
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def orders_read(shop: Shop, ask: Callable[[], object]) -> int:
    """Return how many rows of ``orders`` the server reads to answer ``ask``, and require that none asks for OFFSET."""
    with statements(shop) as asked:
        ask()
    read = 0
    with shop.stores.postgres.reading() as connection:
        connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
        for statement, parameters in asked:
            if not statement.lstrip().startswith(("SELECT", "WITH")):
                continue  # settings, and the planner's guess, which reads nothing
            assert "OFFSET" not in statement.upper()
            plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
            read += _rows_of_orders(plan[0]["Plan"])
    return read


def _rows_of_orders(node: dict[str, Any]) -> int:
    inside = sum(map(_rows_of_orders, node.get("Plans", ())))
    if node.get("Relation Name") != "orders":
        return inside
    return inside + int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """A shop of 20,000 orders, one in fifty of them processing."""
    user = customer(shop)
    with shop.stores.postgres.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO orders (order_number, user_id, subtotal, total_amount, shipping_address, billing_address,"
                " created_at, order_status) SELECT 'X' || n, :u, 1, 1, '{}', '{}', now() - n * interval '1 minute',"
                " CASE WHEN n % 50 = 0 THEN 'processing' ELSE 'delivered' END FROM generate_series(1, 20000) n"
            ),
            {"u": user},
        )
        connection.execute(text("ANALYZE orders"))
    return shop


def test_rule_07_a_page_reads_a_page_wherever_it_is_and_nothing_counts_all_orders(busy: Shop) -> None:
    """medusajs/medusa#6607: the full count is the slow part. First, next, deep, last, and back again."""
    postgres, every = busy.stores.postgres, parse_order_query("")
    first = list_orders(postgres, every, limit=PAGE)
    assert (len(first.rows), first.exact) == (PAGE, False)
    assert first.estimate is not None
    assert 10_000 < first.estimate < 40_000
    deep = first
    for _ in range(20):
        deep = list_orders(postgres, every, after=deep.after, limit=PAGE)
    back = list_orders(postgres, every, before=deep.before, limit=PAGE)
    forth = list_orders(postgres, every, after=back.after, limit=PAGE)
    assert [row.order_id for row in forth.rows] == [row.order_id for row in deep.rows]
    for query, how in (
        ("", {}),
        ("", {"after": deep.after}),
        ("", {"before": deep.before}),
        ("", {"before": ""}),
        ("status:processing", {}),
        ("status:processing,pending", {}),
    ):
        asked = parse_order_query(query)
        assert orders_read(busy, lambda: list_orders(postgres, asked, limit=PAGE, **how)) <= 2 * (PAGE + 1), query  # noqa: B023


def test_rule_07_a_count_of_all_orders_would_be_seen(busy: Shop) -> None:
    """The control of the test above."""
    assert orders_read(busy, lambda: one(busy, "SELECT count(*) FROM orders")) == 20_000


def test_rule_14_one_timeline_tells_states_edits_money_parcels_and_notes_and_a_mention_lands(shop: Shop) -> None:
    warehouses(shop, "WH1")
    product(shop, "RAM", {"WH1": 9})
    wes, ann = at_the_desk(shop, "warehouse", "Wes"), at_the_desk(shop)
    order_id: UUID = place(ann, customer(shop), ("RAM", 2)).result.order_id
    changes = OrderChanges(lines=(LineEdit(sku="RAM", quantity=3),), reason="one more")
    do(ann, EditOrder(order_id=order_id, changes=changes))
    do(ann, RecordPayment(order_id=order_id, kind="capture", amount=Decimal("34.90")))
    do(ann, AddNote(order_id=order_id, body="@wes the blue ones", visibility="internal"))
    do(ann, AddNote(order_id=order_id, body="on its way", visibility="public"))
    do(ann, ChangeOrderStatus(order_id=order_id, new_status="confirmed"))
    do(ann, ShipOrder(order_id=order_id, boxes=(BoxInput(tracking_number="1Z"),)))
    told = timeline(shop.stores.postgres, order_id).rows
    assert {entry.kind for entry in told} >= {"status", "edit", "payment", "parcel", "note"}
    assert [entry.at for entry in told] == sorted((entry.at for entry in told), reverse=True)
    assert all(entry.who for entry in told)
    (edit,) = timeline(shop.stores.postgres, order_id, kinds=("edit",)).rows
    assert ("RAM quantity", "2", "3") in [(change.label, change.was, change.now) for change in edit.changes]
    notes = timeline(shop.stores.postgres, order_id, kinds=("note",)).rows
    assert sorted(note.visibility for note in notes) == ["internal", "public"]
    (mention,) = list_mentions(shop.stores.postgres, wes.actor.user_id, unread=True).rows
    assert mention.order_id == order_id


def test_rule_18_facets_count_are_chosen_several_at_a_time_and_their_line_is_text(shop: Shop) -> None:
    warehouses(shop, "WH1")
    for sku, brand, price, stock in (
        ("A1", "Corsair", "50.00", 3),
        ("A2", "Corsair", "90.00", 0),
        ("B1", "Crucial", "60.00", 5),
        ("C1", "Kingston", "70.00", 5),
    ):
        product(shop, sku, {"WH1": stock} if stock else None, brand=brand, pricing__base_price=Decimal(price))
    drain(shop)

    def found(line: str) -> tuple[list[str], dict[str, dict[str, int]]]:
        query = parse_query(line)
        assert query.problems == ()
        assert parse_query(format_query(query)) == query  # typed, copied and shared, it is the same question
        result = shop.stores.search.search(query)
        counts = {facet.name: {value.value: value.count for value in facet.values} for facet in result.facets}
        return sorted(hit.sku for hit in result.hits), counts

    skus, counts = found("")
    assert (skus, counts["brand"]) == (["A1", "A2", "B1", "C1"], {"Corsair": 2, "Crucial": 1, "Kingston": 1})
    skus, counts = found("brand:Corsair,Crucial")  # of one facet either; what else could be chosen keeps its count
    assert (skus, counts["brand"]) == (["A1", "A2", "B1"], {"Corsair": 2, "Crucial": 1, "Kingston": 1})
    skus, counts = found("brand:Corsair,Crucial price:55..95")
    assert (skus, counts["brand"]) == (["A2", "B1"], {"Corsair": 1, "Crucial": 1, "Kingston": 1})
    assert found("brand:Corsair,Crucial stock:>0")[0] == ["A1", "B1"]
    assert found("stock:out")[0] == ["A2"]
    assert found("-brand:Corsair price:..65")[0] == ["B1"]


def test_rule_21_views_keep_filter_columns_sort_and_key_and_say_about_how_many(busy: Shop) -> None:
    ann, wes = at_the_desk(busy), at_the_desk(busy, "analyst", "Wes")
    columns = ("order_number", "total_amount")
    do(ann, SaveView(noun="orders", called="In work", query="status:processing", columns=columns, key=8, shared=True))
    do(wes, SaveView(noun="orders", called="Mine", query="customer:ann", key=9))
    seen = list_views(busy.stores.postgres, "orders", wes.actor.user_id)
    shared, own = seen.on_key(8), seen.on_key(9)
    assert shared is not None
    assert own is not None
    assert (shared.name, shared.columns, shared.shared, own.shared) == ("In work", columns, True, False)
    assert list_views(busy.stores.postgres, "orders", ann.actor.user_id).on_key(9) is None
    page = list_orders(busy.stores.postgres, parse_order_query(shared.query), limit=PAGE)
    assert page.estimate is not None
    assert (page.exact, 200 <= page.estimate <= 800) == (False, True)  # there are 400
    with pytest.raises(Denied):
        do(wes, SaveView(noun="orders", called="For all", query="", shared=True))
