"""Catalog and warehouse by keyboard, on the real stores."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from data.catalog.messages import EditProduct, ProductInput, PutProduct
from data.catalog.reads import get_product
from data.stock.commands import ReceiveStock, SaveWarehouse
from data.stock.reads import levels_of, reconcile
from tests.screens.conftest import Run, Running

if TYPE_CHECKING:
    from data.shop import Shop

PRODUCTS: tuple[dict[str, Any], ...] = (
    {"sku": "RAM-0412", "title": "Corsair Vengeance 32 GB", "brand": "Corsair", "base_price": "79.95",
     "category": ("Parts", "Memory"), "attributes": {"color": "Black", "memory.speed": 6000}},
    {"sku": "RAM-0418", "title": "Corsair Vengeance RGB 32 GB", "brand": "Corsair", "base_price": "94.90",
     "category": ("Parts", "Memory"), "attributes": {"color": "White", "memory.speed": 5200}},
    {"sku": "RAM-0501", "title": "Corsair Vengeance LPX 16 GB", "brand": "Corsair", "base_price": "44.50",
     "category": ("Parts", "Memory"), "attributes": {"color": "White", "memory.speed": 3200}},
    {"sku": "CAB-0031", "title": "USB-C cable 1 m", "brand": "Lindy", "base_price": "12.50",
     "category": ("Parts", "Cables"), "attributes": {"color": "White"}},
)  # fmt: skip


@pytest.fixture
def floor(shop: Shop) -> Shop:
    """Three products, two warehouses, stock in both, all of it indexed."""
    from data.events.relay import drain

    run = shop.door.run
    run(SaveWarehouse(warehouse_id="WH1", label="Berlin"), shop.actor)
    run(SaveWarehouse(warehouse_id="WH2", label="Hamburg"), shop.actor)
    for values in PRODUCTS:
        product = ProductInput(**{**values, "base_price": Decimal(values["base_price"])})
        made = run(PutProduct(product=product), shop.actor).result
        run(ReceiveStock(product_id=made.product_id, warehouse_id="WH1", quantity=10), shop.actor)
    run(ReceiveStock(product_id="CAB-0031", warehouse_id="WH2", quantity=3), shop.actor)
    drain(shop, 20)
    return shop


async def test_words_find_and_facets_narrow(floor: Shop, running: Run) -> None:
    async with running(floor, (120, 40)) as desk:
        await desk.press("g", "p")
        await desk.sees("4 found", "RAM-0412", "CAB-0031", "▢ Corsair")
        await desk.type("/vengence")
        await desk.sees("3 found", '"vengence" read as "vengeance"')
        await desk.press("enter", "f")
        await desk.until(lambda: desk.app.screen.panel.has_focus)
        assert desk.app.screen.panel.go_to("color=White")
        await desk.press("space")
        screen = await desk.sees("2 found", "color:White", "▣ White")
        assert "RAM-0418" in screen
        assert "RAM-0412" not in screen
        # a facet's own choice does not shrink its own counts
        assert "▢ Black" in screen


async def test_below_100_columns_the_facets_push_the_list_aside(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await desk.press("g", "p")
        await desk.sees("4 found")
        assert "Facets" not in desk.text
        await desk.press("f")
        await desk.sees("Facets", "▢ Parts", "USB-C cable 1 m")  # the list stays in view
        await desk.press("space")
        await desk.sees("▣ Parts", "/ category:Parts", "4 found")
        await desk.press("escape")
        await desk.until(lambda: "Facets" not in desk.text)
        assert desk.app.screen.grid.has_focus


async def test_a_product_is_changed_and_somebody_elses_change_is_not_lost(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await desk.press("g", "p")
        await desk.sees("4 found")
        await desk.type("/RAM-0412")
        await desk.press("enter", "enter")
        await desk.sees("Catalog › RAM-0412", "79.95 USD", "memory.speed", "WH1")
        await desk.press("e")
        await desk.sees("Edit RAM-0412")
        await desk.press("tab", "tab", "tab")
        await desk.press("end", "ctrl+u", *"84.90")
        product = get_product(floor.stores.mongo, "RAM-0412")
        changes = {"brand": "Corsair Inc."}
        floor.door.run(EditProduct(product_id=product.product_id, changes=changes), floor.actor)
        await desk.press("ctrl+s")
        # the form stands: nothing is written over, what somebody else wrote is taken where nothing was typed
        await desk.sees("^S saves yours beside it. Others changed Brand", "Corsair Inc.", "84.90")
        assert get_product(floor.stores.mongo, "RAM-0412").pricing.base_price == Decimal("79.95")
        floor.door.run(EditProduct(product_id=product.product_id, changes={"pricing.base_price": 82}), floor.actor)
        await desk.press("ctrl+s")
        await desk.sees("^S keeps yours, ^T takes theirs. Others changed Price", "▲ now: 82.00")
        await desk.press("ctrl+s")
        await desk.sees(" price changed", "84.90 USD", "Corsair Inc.")


async def test_theirs_is_taken_instead(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await _at_product(desk, "RAM-0412")
        await desk.press("e", "end", *" X")
        await desk.sees("32 GB X")
        product = get_product(floor.stores.mongo, "RAM-0412")
        floor.door.run(EditProduct(product_id=product.product_id, changes={"title": "Vengeance"}), floor.actor)
        await desk.press("ctrl+s")
        await desk.sees("▲ now: Vengeance")
        await desk.press("ctrl+t")
        await desk.until(lambda: "now: Vengeance" not in desk.text)
        await desk.press("escape")  # nothing typed is left: no question
        await desk.until(lambda: "Edit RAM-0412" not in desk.text)
    assert get_product(floor.stores.mongo, "RAM-0412").title == "Vengeance"


async def test_attributes_are_added_renamed_and_taken_away(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await _at_product(desk, "CAB-0031")
        await desk.press("A", *"length", "tab", *"1,2", "ctrl+s")
        await desk.sees(" length changed", "1, 2")
        assert get_product(floor.stores.mongo, "CAB-0031").attributes["length"] == [1, 2]
        await _on_line(desk, "attribute:length")
        await desk.press("enter", "tab", "end", *"_m", "ctrl+s")
        await desk.sees("length_m  1, 2")
        attributes = get_product(floor.stores.mongo, "CAB-0031").attributes
        assert attributes["length_m"] == [1, 2]
        assert "length" not in attributes
        await _on_line(desk, "attribute:length_m")
        await desk.press("enter", "end", "ctrl+u", "ctrl+s")
        await desk.until(lambda: "length_m  1, 2" not in desk.text)
    assert "length_m" not in get_product(floor.stores.mongo, "CAB-0031").attributes


async def test_a_level_that_moved_is_not_corrected_to_an_old_count(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await desk.press("g", "w")
        await desk.sees("5 levels", "CAB-0031")
        await desk.press("a", "end", "ctrl+u", *"9", "tab", *"miscounted")
        await desk.sees("miscounted")
        floor.door.run(ReceiveStock(product_id="CAB-0031", warehouse_id="WH1", quantity=4), floor.actor)
        await desk.press("ctrl+s")
        await desk.sees("Others changed Counted", "▲ now: 14")
        await desk.press("ctrl+s")
        await desk.sees("CAB-0031 in WH1: 9 available")
    assert reconcile(floor.stores.postgres) == ()


async def test_stock_is_received_and_corrected_with_its_movements(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await desk.press("g", "w")
        await desk.sees("5 levels", "CAB-0031", "RAM-0418")
        await desk.press("R")
        await desk.sees("Receive CAB-0031")
        await desk.type("5")
        await desk.press("ctrl+s")
        await desk.sees("CAB-0031 in WH1: 15 available", "● 15")
        await desk.press("a")
        await desk.sees("Adjust CAB-0031", "15 available in the book")
        await desk.press("end", "ctrl+u", *"12", "ctrl+s")
        await desk.sees("Reason")
        assert (
            levels_of(floor.stores.postgres, [_id(floor, "CAB-0031")])[_id(floor, "CAB-0031")][0].available_stock == 15
        )
        await desk.type("three are broken")
        await desk.press("ctrl+s")
        await desk.sees("CAB-0031 in WH1: 12 available")
        await desk.press("enter")
        await desk.sees("Movements › WH1", "adjust", "-3", "receive", "+5", "three are broken")
        await desk.press("escape")
        await desk.sees("5 levels")
    assert reconcile(floor.stores.postgres) == ()


async def test_low_and_warehouse_filters(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await desk.press("g", "w")
        await desk.sees("5 levels")
        await desk.press("L")
        await desk.press("end", "ctrl+u", *"50", "ctrl+s")
        await desk.sees("reorder level set")
        await desk.press("2")
        screen = await desk.sees("1 level ·", "▲ 10")
        assert "RAM-0412" not in screen
        await desk.press("1", "w", "w")
        screen = await desk.sees("warehouse:WH2", "Warehouse › WH2")
        await desk.sees("1 level ·")


async def test_a_scan_finds_one_product_and_a_wrong_one_is_named_under_its_field(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await desk.press("g", "w", "/", *"ram-0412", "enter")
        screen = await desk.sees("1 level ·", "RAM-0412")
        assert "RAM-0418" not in screen
        await desk.press("n", *"NOPE-1", "tab", "tab", *"5", "ctrl+s")
        await desk.sees("▲ nobody knows this SKU or barcode")


async def test_sort_keys_turn_the_list(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await desk.press("g", "p")
        await desk.sees("4 found", "title A–Z")
        await desk.press("right_square_bracket")  # the bar stands on SKU, which can't be sorted by
        await desk.sees("title Z–A", "/ sort:-title")
        await desk.press(*["right"] * 2, "left_square_bracket")
        screen = await desk.sees("cheapest first", "Price▴")
        assert screen.index("CAB-0031") < screen.index("RAM-0412") < screen.index("RAM-0418")


async def test_an_empty_shop_says_what_to_press(shop: Shop, running: Run) -> None:
    async with running(shop) as desk:
        await desk.press("g", "p")
        await desk.sees("Nothing found.", "n adds one")
        await desk.press("g", "w")
        await desk.sees("No level matches.", "n receives a product")


async def _at_product(desk: Running, sku: str) -> None:
    await desk.press("g", "p", "/", *sku, "enter")
    await desk.sees("1 found", sku)
    await desk.press("enter")
    await desk.sees(f"Catalog › {sku}", "Attributes")


async def _on_line(desk: Running, key: str) -> None:
    sheet = desk.app.screen.sheet
    await desk.until(lambda: key in [line.key for line in sheet._lines])
    await desk.press("home")
    for _ in range(40):
        if sheet.key == key:
            return
        await desk.press("down")
    raise AssertionError(f"no line {key}:\n{desk.text}")


def _id(shop: Shop, sku: str) -> str:
    return get_product(shop.stores.mongo, sku).product_id
