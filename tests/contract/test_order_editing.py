"""Editing a placed order on the real engines: what it costs, what moves, who is refused, and many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest

from data.catalog.messages import EditProduct
from data.door import Door
from data.errors import Conflict, Denied, Invalid, OutOfStock, Unavailable
from data.orders.editing.messages import Discount, EditOrder, LineAdded, LineEdit, OrderChanges, OrderEdited
from data.orders.editing.reads import read_editable
from data.orders.messages import Address, ChangeOrderStatus
from data.orders.reads import get_order
from data.payments.messages import RecordPayment
from data.stock.reads import levels_of, reconcile
from data.stores import Stores
from tests.desk_world import at_the_desk
from tests.orders_world import customer, one, place, product, sql, warehouses

if TYPE_CHECKING:
    from data.shop import Shop


class World:
    """A shop with two warehouses, four products and an order of two lines."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        warehouses(shop, "WH1", "WH2")
        self.products = {
            sku: product(shop, sku, stock, pricing__base_price=Decimal(price))
            for sku, price, stock in (
                ("RAM", "79.95", {"WH1": 10, "WH2": 4}),
                ("CAB", "12.50", {"WH2": 31}),
                ("SSD", "109.00", {"WH2": 3}),
                ("OUT", "5.00", {"WH1": 1}),
            )
        }
        self.user_id = customer(shop)
        self.order: UUID = place(shop, self.user_id, ("RAM", 2), ("CAB", 1)).result.order_id

    def edit(self, key: str | None = None, **fields: Any) -> OrderEdited:
        """Edit the order; ``expected_…`` go to the command, the rest are changes."""
        return self.run(self.command(**fields), key)

    def command(self, **fields: Any) -> EditOrder:
        expected = {name: fields.pop(name) for name in ("expected_version", "expected_total") if name in fields}
        return EditOrder(order_id=fields.pop("order_id", self.order), changes=OrderChanges(**fields), **expected)

    def run(self, command: EditOrder, key: str | None = None) -> OrderEdited:
        result: OrderEdited = self.shop.door.run(command, self.shop.actor, key=key).result
        return result

    def levels(self) -> dict[tuple[str, str], tuple[int, int]]:
        """(available, reserved) by SKU and warehouse."""
        held = levels_of(self.shop.stores.postgres, self.products.values())
        return {
            (level.sku, level.warehouse_id): (level.available_stock, level.reserved_stock)
            for levels in held.values()
            for level in levels
        }

    def holds(self) -> None:
        """Levels are the fold of the ledger, what is reserved is what lines hold, the amounts add up."""
        assert reconcile(self.shop.stores.postgres) == ()
        held = sql(
            self.shop,
            "SELECT sku, warehouse_id, sum(allocated_quantity)::int FROM order_items GROUP BY 1, 2"
            " HAVING sum(allocated_quantity) > 0",
        )
        reserved = {key: units for key, (_, units) in self.levels().items() if units}
        assert {(sku, place): units for sku, place, units in held} == reserved
        wrong = one(
            self.shop,
            "SELECT count(*) FROM orders o WHERE subtotal <> (SELECT sum(total_price) FROM order_items i"
            " WHERE i.order_id = o.order_id) OR discount_amount < (SELECT sum(discount_amount) FROM order_items i"
            " WHERE i.order_id = o.order_id) OR tax_amount < (SELECT sum(tax_amount) FROM order_items i"
            " WHERE i.order_id = o.order_id)",
        )
        assert wrong == 0


@pytest.fixture
def world(shop: Shop) -> World:
    return World(shop)


def test_rule_03_an_edit_changes_everything_in_one_write(world: World) -> None:
    """Quantity, a new line, a discount with its reason, the address, the shipping and the notes, by difference."""
    before = get_order(world.shop.stores.postgres, world.order)
    berlin = Address(street_address="Kantstr. 12", city="Berlin", postal_code="10623", country="DE")
    edited = world.edit(
        lines=(
            LineEdit(sku="RAM", quantity=3),
            LineEdit(line_no=2, discount=Discount(percent=Decimal(10)), reason="apology"),
        ),
        add=(LineAdded(sku="SSD"),),
        shipping_address=berlin,
        shipping_method="express",
        notes="call first",
        expected_version=before.version,
    )
    after = get_order(world.shop.stores.postgres, world.order)
    assert (edited.version, after.version) == (2, 2)
    assert [(item.sku, item.quantity, item.warehouse_id) for item in after.items] == [
        ("RAM", 3, "WH1"),
        ("CAB", 1, "WH2"),
        ("SSD", 1, "WH2"),
    ]
    assert after.subtotal == Decimal("361.35")
    assert after.discount_amount == Decimal("1.25")
    assert after.shipping_amount == Decimal("12.90")
    # Portland, Oregon has no sales tax; Berlin has 19 % on goods and shipping, rounded by line
    assert before.tax_amount == Decimal("0.00")
    assert after.tax_amount == Decimal("45.57") + Decimal("2.14") + Decimal("20.71") + Decimal("2.45")
    assert after.total_amount == Decimal("361.35") - Decimal("1.25") + Decimal("12.90") + after.tax_amount
    assert edited.now.total_amount == edited.now.owed == after.total_amount
    assert (edited.was.total_amount, edited.was.parcels, edited.now.parcels) == (before.total_amount, 2, 2)
    assert (after.shipping_method, after.notes, after.shipping_address["city"]) == ("express", "call first", "Berlin")
    assert world.levels()["RAM", "WH1"] == (7, 3)
    assert world.levels()["SSD", "WH2"] == (2, 1)
    assert after.history[-1].change_reason.startswith("edited: RAM quantity 2 → 3; CAB discount 0.00 → 1.25; ")
    told = one(world.shop, "SELECT after->'edited' FROM audit_log WHERE command = 'orders.edit'")
    assert {"field": "line:1:quantity", "label": "RAM quantity", "was": "2", "now": "3"} in told
    world.holds()


def test_what_is_not_touched_keeps_its_amounts_and_stock_moves_by_difference(world: World) -> None:
    """Two units more are two units reserved: nothing is let go and taken again."""
    moved = one(world.shop, "SELECT count(*) FROM inventory_movements")
    world.edit(lines=(LineEdit(sku="RAM", quantity=4),), notes="two more")
    new = sql(
        world.shop, "SELECT kind, quantity, reference_id FROM inventory_movements ORDER BY sequence OFFSET :n", n=moved
    )
    assert new == [("reserve", 2, world.order)]
    world.edit(lines=(LineEdit(sku="RAM", quantity=1),))
    assert world.levels()["RAM", "WH1"] == (9, 1)
    world.holds()


def test_a_line_taken_out_gives_its_units_back_and_counts_for_nothing_in_analytics(world: World) -> None:
    from data.events.relay import drain

    drain(world.shop)
    edited = world.edit(lines=(LineEdit(sku="CAB", quantity=0),))
    drain(world.shop)
    assert [(line.sku, line.quantity) for line in edited.lines] == [("RAM", 2), ("CAB", 0)]
    assert world.levels()["CAB", "WH2"] == (31, 0)
    facts = world.shop.stores.analytics.query("SELECT sku, quantity, total_price FROM order_lines FINAL ORDER BY sku")
    assert [tuple(row) for row in facts] == [("CAB", 0, Decimal(0)), ("RAM", 2, Decimal("159.90"))]
    with pytest.raises(Invalid, match="no line would be left"):
        world.edit(lines=(LineEdit(sku="RAM", quantity=0),))
    world.holds()


def test_the_preview_is_the_real_path_rolled_back(world: World) -> None:
    command = world.command(lines=(LineEdit(sku="RAM", quantity=12),), add=(LineAdded(sku="SSD", quantity=3),))
    before = sql(world.shop, "SELECT * FROM orders"), world.levels(), one(world.shop, "SELECT count(*) FROM audit_log")
    shown = world.shop.door.preview(command, world.shop.actor)
    assert (sql(world.shop, "SELECT * FROM orders"), world.levels()) == before[:2]
    assert one(world.shop, "SELECT count(*) FROM audit_log") == before[2]
    done = world.run(command)
    assert done == shown
    assert [(share.warehouse_id, share.units) for share in done.lines[0].taken] == [("WH1", 8), ("WH2", 2)]
    world.holds()


def test_a_short_line_refuses_everything_and_names_itself(world: World) -> None:
    before = world.levels()
    with pytest.raises(OutOfStock) as refused:
        world.edit(lines=(LineEdit(sku="RAM", quantity=1),), add=(LineAdded(sku="OUT", quantity=2),))
    assert [(line.sku, line.requested, line.available) for line in refused.value.lines] == [("OUT", 2, 1)]
    assert world.levels() == before
    assert get_order(world.shop.stores.postgres, world.order).version == 1


def test_rule_04_the_second_of_two_edits_gets_the_order_as_it_is(world: World) -> None:
    world.edit(lines=(LineEdit(sku="RAM", quantity=5),), expected_version=1)
    with pytest.raises(Conflict) as refused:
        world.edit(lines=(LineEdit(sku="RAM", quantity=3),), expected_version=1)
    theirs = refused.value.current["order"]
    assert (refused.value.current["version"], theirs["lines"][0]["shares"][0]["quantity"]) == (2, 5)
    assert get_order(world.shop.stores.postgres, world.order).items[0].quantity == 5


def test_a_price_that_moved_since_the_preview_is_a_conflict(world: World) -> None:
    command = world.command(add=(LineAdded(sku="SSD"),), expected_version=1)
    shown = world.shop.door.preview(command, world.shop.actor)
    dearer = EditProduct(product_id=world.products["SSD"], changes={"pricing.base_price": "119.00"})
    world.shop.door.run(dearer, world.shop.actor)
    with pytest.raises(Conflict, match="would come to") as refused:
        world.run(msgspec.structs.replace(command, expected_total=shown.now.total_amount))
    assert Decimal(refused.value.current["total_amount"]) == shown.now.total_amount + 10
    assert get_order(world.shop.stores.postgres, world.order).version == 1


def test_the_same_key_edits_once(world: World) -> None:
    first = world.edit(key="edit-1", lines=(LineEdit(sku="RAM", quantity=3),), expected_version=1)
    again = world.shop.door.run(
        world.command(lines=(LineEdit(sku="RAM", quantity=3),), expected_version=1), world.shop.actor, key="edit-1"
    )
    assert (again.result, again.replayed) == (first, True)
    assert world.levels()["RAM", "WH1"] == (7, 3)


def test_an_override_needs_its_reason_and_refusals_name_their_field(world: World) -> None:
    for fields, name in (
        ({"lines": (LineEdit(sku="RAM", unit_price=Decimal("70.00")),)}, "lines[0].reason"),
        ({"lines": (LineEdit(sku="NONE", quantity=1),)}, "lines[0]"),
        ({"lines": (LineEdit(sku="RAM", quantity=-1),)}, "lines[0].quantity"),
        ({"lines": (LineEdit(sku="RAM", discount=Discount(percent=Decimal(101)), reason="x"),)}, "lines[0].discount"),
        ({"add": (LineAdded(sku="NONE"),)}, "add[0].sku"),
        ({"add": (LineAdded(sku="SSD", quantity=0),)}, "add[0].quantity"),
        ({"discount": Discount(amount=Decimal(1))}, "reason"),
        ({"shipping_method": "pigeon"}, "shipping_method"),
        ({"shipping_address": Address(street_address="", city="B", postal_code="1", country="DE")}, "shipping_address"),
    ):
        with pytest.raises(Invalid) as refused:
            world.edit(**fields)  # type: ignore[arg-type]
        assert any(field.startswith(name) for field in refused.value.fields), refused.value.fields
    assert get_order(world.shop.stores.postgres, world.order).version == 1
    edited = world.edit(lines=(LineEdit(sku="RAM", unit_price=Decimal("70.00"), reason="price match"),))
    assert edited.now.subtotal == Decimal("152.50")


def test_a_cheaper_order_that_was_paid_owes_the_customer(world: World) -> None:
    paid = get_order(world.shop.stores.postgres, world.order).total_amount
    pay = RecordPayment(order_id=world.order, kind="capture", amount=paid, provider="card")
    world.shop.door.run(pay, world.shop.actor)
    edited = world.edit(lines=(LineEdit(sku="RAM", quantity=1),))
    assert (edited.was.owed, edited.now.owed) == (Decimal("0.00"), Decimal("-79.95"))
    back = world.edit(lines=(LineEdit(sku="RAM", quantity=2),))  # vendure#4013: there and back, nothing is due
    assert back.now.owed == Decimal("0.00")


def test_only_an_open_order_and_only_who_may(world: World) -> None:
    floor = at_the_desk(world.shop, role="warehouse", name="Wes")
    with pytest.raises(Denied):
        floor.door.run(world.command(notes="x"), floor.actor)
    with pytest.raises(Denied):
        floor.door.preview(world.command(notes="x"), floor.actor)
    world.shop.door.run(
        ChangeOrderStatus(order_id=world.order, new_status="cancelled", reason="ordered twice"), world.shop.actor
    )
    with pytest.raises(Invalid, match="can't be edited any more"):
        world.edit(notes="x")


def test_without_the_catalog_an_order_is_edited_and_only_a_new_product_has_to_wait(world: World) -> None:
    nowhere = "mongodb://127.0.0.1:1/none?serverSelectionTimeoutMS=200"
    stores = Stores(msgspec.structs.replace(world.shop.settings, mongodb_url=nowhere))
    try:
        assert read_editable(stores, world.order).order.version == 1
        edit = world.command(lines=(LineEdit(sku="RAM", quantity=3),), notes="call first")
        assert Door(stores).run(edit, world.shop.actor).result.version == 2
        with pytest.raises(Unavailable):
            Door(stores).run(world.command(add=(LineAdded(sku="SSD"),)), world.shop.actor)
    finally:
        stores.close()
    assert world.levels()["RAM", "WH1"] == (7, 3)


def test_nothing_changed_writes_nothing(world: World) -> None:
    edited = world.edit(lines=(LineEdit(sku="RAM", quantity=2),), notes="")
    assert (edited.version, edited.changed) == (1, ())
    assert len(get_order(world.shop.stores.postgres, world.order).history) == 1


def test_fifty_edits_at_once_each_end_in_success_or_conflict(world: World) -> None:
    """Each reads the order, changes a quantity and confirms what it saw; no write is lost, none is doubled."""

    def edit(number: int) -> bool:
        seen = read_editable(world.shop.stores, world.order).order
        changes = {"lines": (LineEdit(sku="RAM", quantity=1 + number % 9),), "notes": f"by {number}"}
        try:
            world.edit(**changes, expected_version=seen.version)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(50) as pool:
        outcomes = list(pool.map(edit, range(50)))
    order = get_order(world.shop.stores.postgres, world.order)
    assert outcomes.count(True) >= 1
    assert order.version == 1 + outcomes.count(True)
    assert [step.order_version for step in order.history] == list(range(1, order.version + 1))
    world.holds()
