"""Changing products by keyboard, on the real stores."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from data.catalog.messages import EditAttributes, EditProduct, ProductInput, PutProduct
from data.catalog.reads import get_product
from data.ids import new_id
from data.stock.messages import ReceiveStock, SaveWarehouse
from screens.bulk.data import Wanted
from tests.screens.conftest import Run, Running

if TYPE_CHECKING:
    from data.shop import Shop

MEMORY = ("Parts", "Memory")


@pytest.fixture
def floor(shop: Shop) -> Shop:
    """Two memory kits and a cable, indexed."""
    from data.events.relay import drain

    for sku, title, price, category, attributes in (
        ("RAM-1", "Vengeance 32 GB", "79.95", MEMORY, {"color": "White", "memory.speed": 6000}),
        ("RAM-2", "Vengeance 64 GB", "149.00", MEMORY, {"color": "Black", "memory.type": "DDR5"}),
        ("CAB-1", "USB-C cable", "12.50", ("Parts", "Cables"), {"color": "White"}),
    ):
        product = ProductInput(
            sku=sku, title=title, base_price=Decimal(price), category=category, attributes=attributes
        )
        shop.door.run(PutProduct(product=product), shop.actor)
    drain(shop, 20)
    return shop


async def at_product(desk: Running, sku: str) -> None:
    await desk.press("g", "p", "/", *sku, "enter")
    await desk.sees("1 found", sku)
    await desk.press("enter")
    await desk.sees(f"Catalog › {sku}", "Attributes")


def of(shop: Shop, sku: str):
    return get_product(shop.stores.mongo, sku)


async def test_a_product_is_made_copied_archived_and_all_of_it_taken_back(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await desk.press("g", "p")
        await desk.sees("3 found")
        await desk.press(
            "n", *"RAM-1", "tab", *"Copycat", "tab", "tab", *"Parts > Memory", "tab", *"50", "tab", *"12.5"
        )
        await desk.sees("Customer pays 43.75 USD, before tax")
        await desk.press("ctrl+s")
        await desk.sees("▲ RAM-1 belongs to another product")
        await desk.press("end", "ctrl+u", *"RAM-3", "ctrl+s")
        await desk.sees("Catalog › RAM-3", "43.75 USD", "● active", "RAM-3 is created  u undo")
        await desk.press("D", *"RAM-4", "ctrl+s")
        await desk.sees("Catalog › RAM-4", "○ draft", "Copycat", "RAM-4 is a copy, a draft  u undo")
        await desk.press("x")
        await desk.sees("RAM-4 is archived", "u undo", "✗ archived")
        await desk.press("g", "o")
        await desk.sees("Storekeeper › Orders")
        await desk.press("escape")
        await desk.sees("Catalog › RAM-4", "RAM-4 is archived")
        assert "u undo" not in desk.text, "elsewhere something else may have been changed since"
        await desk.press("u")
        await desk.sees("RAM-4: status is as it was before", "○ draft")
        await desk.press("u")
        await desk.sees("RAM-4 is removed: it was new, and nobody had used it.", "Storekeeper › Catalog ")
        assert floor.stores.mongo.products.find_one({"sku": "RAM-4"}) is None
    assert of(floor, "RAM-3").pricing.final_price == Decimal("43.75")


async def test_a_form_of_many_fields_says_that_there_are_more_of_them(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await desk.press("g", "p")
        await desk.sees("3 found")
        await desk.press("n")
        await desk.sees("New product", "field 1 of 18  ↓ 5 more: More pictures, Films", "^S saves   Esc leaves")
        await desk.press("pagedown", "pagedown")
        await desk.sees("field 18 of 18  ↑ 5 more", "Keywords")
        await desk.press("ctrl+s")
        await desk.sees("field 1 of 18", "▲ is needed")


async def test_attributes_are_changed_with_what_the_category_uses(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await at_product(desk, "RAM-1")
        await desk.press("a")
        await desk.sees("RAM-1 › Attributes", "memory.speed", "number", "6000", "nothing to save")
        await desk.press("n")
        await desk.sees("↓ memory.type")
        await desk.press("down")
        await desk.press("tab", "tab")
        await desk.sees("↓ DDR5")
        await desk.press("down", "ctrl+s")
        await desk.sees("+ memory.type", "1 change not saved")
        await desk.press("home", "d")
        await desk.sees("− color", "will be taken away")
        await desk.press("down", "enter", "end", "ctrl+u", *"5,6000", "tab", "end", *"l", "ctrl+s")
        await desk.sees("± memory.speed  list", "5, 6000", "was 6000")
        assert of(floor, "RAM-1").version == 1
        await desk.press("ctrl+s")
        await desk.sees("3 attributes saved", "u undo", "nothing to save")
        assert of(floor, "RAM-1").attributes == {"memory.speed": [5, 6000], "memory.type": "DDR5"}
        await desk.press("escape", "u")
        await desk.sees("memory.type is as it was before")
    assert of(floor, "RAM-1").attributes == {"color": "White", "memory.speed": 6000}


async def test_somebody_elses_attributes_stand_beside_mine(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await at_product(desk, "RAM-1")
        await desk.press("a")
        await desk.sees("memory.speed")
        await desk.press("home", "enter", "end", "ctrl+u", *"Red", "ctrl+s")
        await desk.sees("± color", "was White")
        theirs = EditAttributes(product_id="RAM-1", sets={"color": "Blue", "ecc": True})
        floor.door.run(theirs, floor.actor)
        await desk.press("ctrl+s")
        await desk.sees("▲ theirs: Blue", "ecc", "^S keeps yours, t takes theirs")
        assert of(floor, "RAM-1").attributes["color"] == "Blue"
        await desk.press("t")
        await desk.until(lambda: "theirs: Blue" not in desk.text)
        await desk.press("u", "ctrl+s")
        await desk.sees("1 attribute saved")
    assert of(floor, "RAM-1").attributes == {"color": "Red", "ecc": True, "memory.speed": 6000}


async def test_all_of_a_filter_are_changed_after_a_dry_run_and_taken_back(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await desk.press("g", "p", "/", *"vengeance", "enter")
        await desk.sees("2 found")
        await desk.press("b")
        await desk.sees("Change all 2 of this filter", "-10 lowers it by ten percent")
        await desk.press("ctrl+s")
        await desk.sees("▲ is missing: by how many percent?")
        await desk.press(*"lots", "ctrl+s")
        await desk.sees("▲ 'lots' is not a number")
        await desk.press("end", "ctrl+u", *"-10", "ctrl+s")
        await desk.sees("Dry run", "2  would be changed", "price 79.95 → 71.96", "nothing is changed yet")
        assert of(floor, "RAM-1").version == 1
        await desk.press("ctrl+s", "enter")
        await desk.sees("2 changed, 0 refused", "price 149.00 → 134.10", "● changed")
        assert of(floor, "RAM-2").pricing.base_price == Decimal("134.10")
        await desk.press("T")
        await desk.sees("take back: price -10 %", "RAM-1  price 71.96 → 79.95")
        await desk.press("ctrl+s", "enter")
        await desk.sees("2 changed, 0 refused")
        await desk.press("g", "p", "J")
        await desk.sees("take back: price -10 %", "price -10 %", "● done", "your jobs")
    assert of(floor, "RAM-2").pricing.base_price == Decimal("149.00")


async def test_another_job_is_never_taken_for_the_last_one_nor_a_part_of_it_for_the_whole(
    floor: Shop, running: Run
) -> None:
    async with running(floor) as desk:
        await desk.press("g", "p", "/", *"vengeance", "enter")
        await desk.sees("2 found")
        await desk.press("b")
        await desk.sees("Change all 2 of this filter")
        await desk.press("tab", *"-10", "ctrl+s")
        await desk.sees("2  would be changed")
        await desk.press("ctrl+s", "enter")
        await desk.sees("2 changed, 0 refused")
        screen = desk.app.screen
        arguments = {"op": "status", "value": "archived", "name": "", "warehouse_id": ""}
        screen.arrive(wanted=Wanted("products.change", arguments, str(new_id()), line="vengeance"))
        assert (screen.job, screen.tried) == (None, None)
        assert screen.leave()  # Esc before the first record is collected
        await desk.sees("Stopped before all records were collected: nothing is changed.", "r goes on with it")
        assert "changed, 0 refused" not in desk.text
        await desk.press("ctrl+s")
        await desk.sees("do it: there is no job")
        await desk.press("r")
        await desk.sees("status archived · open · 0 of 2", "2  would be changed")
        await desk.press("ctrl+s", "enter")
        await desk.sees("2 changed, 0 refused")
    assert of(floor, "RAM-1").status == "archived"


async def test_the_marked_are_changed_and_what_is_refused_says_why(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await desk.press("g", "p")
        await desk.sees("3 found")
        await desk.press("home", "space", "b")
        await desk.sees("Change the one marked")
        await desk.press(*["right"] * 8, "tab", *"5", "ctrl+s")
        await desk.sees("reorder level 5 in WH1", "1  would be refused", "1  is not stocked in WH1  ")
        await desk.press("2")
        await desk.sees("refused: nothing is done yet")
        await desk.press("1")
        await desk.sees("○ to do")
        await desk.press("escape")
        await desk.sees("1  would be refused")
        await desk.press("ctrl+s", "enter")
        await desk.sees("0 changed, 1 refused")
        await desk.press("2")
        await desk.sees("▲ refused")
        floor.door.run(SaveWarehouse(warehouse_id="WH1", label="Berlin"), floor.actor)
        received = ReceiveStock(product_id=of(floor, "RAM-1").product_id, warehouse_id="WH1", quantity=37)
        floor.door.run(received, floor.actor)
        await desk.press("escape")
        await desk.sees("3 found", "● 37")  # back from the job the list reads its rows again


async def test_the_tree_is_changed_and_products_follow(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await desk.press("g", "p")
        await desk.sees("3 found")
        await desk.press("C")
        await desk.sees("Parts", "  Cables", "  Memory", "3 categories")
        await desk.press("home", "down", "J")
        await desk.until(lambda: desk.app.screen.sheet.text.split() == ["Parts", "3", "Memory", "2", "Cables", "1"])
        await desk.press("home", "down", "m")
        await desk.sees("Move or rename Parts > Memory", "2 products follow")
        await desk.press("end", "ctrl+u", *"RAM", "tab", "end", "ctrl+u", "ctrl+s")
        await desk.sees("RAM: moved with 2 products", "u undo", "▸ RAM")
        assert str(of(floor, "RAM-1").category) == "RAM"
        await desk.press("n", *"A > B", "ctrl+s")
        await desk.sees("▲ holds a '>', which stands between")
        await desk.press("end", "ctrl+u", *"Fans", "tab", "end", "ctrl+u", *"Par", "down", "ctrl+s")
        await desk.sees("Parts > Fans: created")
        await desk.press("x")
        await desk.sees("✗ closed", "1 closed")
        await desk.press("u")
        await desk.sees("Parts > Fans is open again")
        await desk.press("home", "enter")
        await desk.sees("category:Parts")


async def test_a_category_is_found_told_of_and_left_for_where_one_came_from(floor: Shop, running: Run) -> None:
    """Esc goes back by one step each, to the list as it was left: its line, its row."""
    floor.door.run(EditProduct(product_id="RAM-2", changes={"status": "archived"}), floor.actor)
    async with running(floor, size=(120, 40)) as desk:
        await desk.press("g", "p", "/", *"vengeance", "enter")
        await desk.sees("2 found")
        await desk.press("j")
        second = desk.app.screen.grid.current.sku
        await desk.press("C")
        await desk.sees("Parts", "Memory", "Cables", "3 categories")
        await desk.press("/", *"mem")
        await desk.until(lambda: desk.app.screen.sheet.text.split() == ["Parts", "3", "Memory", "2"])
        await desk.press("enter", "m")
        await desk.sees("2 products follow, 1 of them archived")
        await desk.press("escape")
        await desk.sees("─ Parts > Memory ─", "Products    2", "Status", "Memory: speed")
        await desk.press("enter")
        await desk.sees("/ category:Memory", "2 found")
        await desk.press("/", *"nosuchthing", "enter")
        await desk.sees("0 found")
        await desk.press("escape")
        await desk.sees("/ category:Memory", "2 found")
        await desk.press("escape")
        await desk.sees("Categories", "/ mem", "▸   Memory")
        await desk.press("escape")
        await desk.until(lambda: len(desk.app.screen.sheet.text.split()) == 6)
        await desk.press("/", *"xyz")
        await desk.sees("No category is called so.")
        await desk.press("escape", "escape", "escape")
        await desk.sees("/ vengeance", "2 found")
        await desk.until(lambda: desk.app.screen.grid.current.sku == second)


async def test_what_is_found_goes_out_and_comes_in_after_a_dry_run(floor: Shop, running: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    async with running(floor) as desk:
        await desk.press("g", "p", "/", *"vengeance", "enter")
        await desk.sees("2 found")
        await desk.press("E")
        await desk.sees("Export all 2 found")
        await desk.press(*str(tmp_path / "out.xls"), "ctrl+s")
        await desk.sees("▲ must be one of csv, jsonl")
        await desk.press("end", "ctrl+u", *str(out), "ctrl+s")
        await desk.sees("2 products written to")
        floor.door.run(EditAttributes(product_id="RAM-1", sets={"color": "Blue"}), floor.actor)
        out.write_text(out.read_text() + '{"sku": "BAD"}\n')
        await desk.press("I", *str(out), "ctrl+s")
        await desk.sees("Dry run", "1  would be updated", "color Blue → White", "1  would be refused", "^S import")
        assert of(floor, "RAM-1").attributes["color"] == "Blue"
        await desk.press("ctrl+s", "enter")
        await desk.sees("0 created, 1 updated, 1 refused", "Imported", "out.jsonl:3: title: is missing")
    assert of(floor, "RAM-1").attributes["color"] == "White"


async def test_the_sheet_writes_many_cells_with_one_confirm(floor: Shop, running: Run) -> None:
    from textual import events

    async with running(floor) as desk:
        await desk.press("g", "p", "/", *"vengeance", "enter")
        await desk.sees("2 found")
        await desk.press("S")
        await desk.sees("Catalog › Sheet", "RAM-1", "79.95", "149.00", "2 products")
        assert desk.app.screen.cells.has_focus
        cells = desk.app.screen.cells
        first = [row[1][0] for row in cells.table.rows].index("RAM-1")
        await desk.press("home", *["down"] * first, "6", "0", "ctrl+s")  # what is being typed is saved too
        await desk.sees("Dry run", "RAM-1  price 79.95 → 60.00")
        await desk.press("escape")
        await desk.sees("Catalog › Sheet", "•60.00", "1 cell changed")
        await desk.press("home")
        await desk.sees("─ RAM-1 · " if not first else "─ RAM-2 · ", " Price ──")  # whole, where its cell is cut
        await desk.press("right", "right", "v", "down", "enter", "ctrl+u", *"arch", "enter")
        await desk.sees("archived", "3 cells changed", "2 cells chosen")
        await desk.press("escape")  # the range first, the screen later
        await desk.sees("Catalog › Sheet")
        assert "cells chosen" not in desk.text
        await desk.press("u", "u")
        await desk.sees("0 cells changed")
        await desk.press("ctrl+y", "ctrl+y")
        await desk.sees("3 cells changed")
        await desk.press("home", "left", "left")
        cells.post_message(events.Paste("10\t5\nlots\t5\n1\t1"))
        await desk.sees("▲lots", "2 values left out: no cell there that can be changed")
        assert not cells.drawing
        await desk.press("ctrl+s")
        await desk.sees("'lots' is not a number")
        await desk.press("x")
        await desk.press("u")  # the whole sheet once more as it was before the paste
        await desk.press("u")
        await desk.sees("3 cells changed")
        floor.door.run(EditProduct(product_id="RAM-1", changes={"pricing.base_price": 70}), floor.actor)
        await desk.press("ctrl+s")
        await desk.sees("Dry run", "price: was changed meanwhile, it is 70.00 now", "status active → archived")
        await desk.press("ctrl+s", "enter")
        await desk.sees("1 changed, 1 refused")
        await desk.press("escape")
        await desk.sees(
            "Catalog › Sheet", "2 cells changed", "•60.00", "•archived"
        )  # what was refused is still to be done
        await desk.press("home", *["down"] * first)
        await desk.sees("stored: 70.00")
    assert of(floor, "RAM-2").status == "archived"


async def test_theirs_is_taken_field_by_field(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await at_product(desk, "RAM-1")
        await desk.press("e")
        await desk.sees("Edit RAM-1")
        await desk.press("end", *" mine", "tab", *"Mine")
        theirs = {"title": "Theirs", "brand": "Theirs too"}
        floor.door.run(EditProduct(product_id="RAM-1", changes=theirs), floor.actor)
        await desk.press("ctrl+s")
        await desk.sees("now: Theirs", "now: Theirs too", "^S keeps yours, ^T takes theirs. Others changed Title")
        await desk.press("ctrl+t")  # in Brand
        await desk.sees("Title: ^S keeps yours, ^T takes theirs.", "now: Theirs")
        await desk.press("ctrl+s")
        await desk.sees("title changed")
    assert (of(floor, "RAM-1").title, of(floor, "RAM-1").brand) == ("Vengeance 32 GB mine", "Theirs too")


async def test_a_stopped_import_goes_on_where_it_was(floor: Shop, running: Run, tmp_path: Path) -> None:
    """Esc on the screen while batches are being written: they are written whole, ``^S`` does the rest."""
    from sqlalchemy import text

    rows = 4_500  # more than the import reads ahead of its writers
    source = tmp_path / "many.csv"
    source.write_text("sku,title\n" + "".join(f"N-{number},New {number}\n" for number in range(rows)))

    def there() -> int:
        return floor.stores.mongo.products.count_documents({"sku": {"$regex": "^N-"}})

    async with running(floor) as desk:
        await desk.press("g", "p", "I", *str(source), "ctrl+s")
        await desk.sees("Dry run", "4,500  would be created", "nothing is written yet", seconds=30)
        with floor.stores.postgres.writing() as held:  # the first batch waits here, so Esc surely comes in the middle
            held.execute(text("LOCK TABLE idempotency_keys IN ACCESS EXCLUSIVE MODE"))
            await desk.pilot.press("ctrl+s")
            await desk.sees("Imports many.csv: 4,500 created, 0 updated", "u does not take an")
            await desk.pilot.press("enter")
            await desk.sees("Importing …", "Esc stops")
            await desk.pilot.press("escape")
            await desk.sees("stopping after this batch")
        await desk.sees("stopped; ^S goes on", seconds=30)
        first = there()
        assert 0 < first < rows
        await desk.sees(f"{first:,}  created", "Imported, stopped before the end")
        await desk.press("ctrl+s")
        await desk.sees("Goes on with many.csv; what is in the shop already stays as it is.")
        await desk.press("enter")
        await desk.sees(f"{rows - first:,} created, 0 updated", f"{first:,}  are in the shop as they are", seconds=60)
        await desk.press("escape", "u")
        await desk.sees("Your last change was an import")
    assert there() == rows


async def test_a_wide_sheet_tells_what_the_products_are_and_what_the_cells_come_to(floor: Shop, running: Run) -> None:
    async with running(floor, size=(160, 40)) as desk:
        await desk.press("g", "p")
        await desk.sees("3 found")
        await desk.press("S")
        await desk.sees("Brand", "Category", "Cables", "Pays", "12.50")
        await desk.press("home", *"80", "enter", "home", "right", *"25", "enter")
        await desk.sees("•80.00", "•25", " 60.00")
        await desk.pilot.resize_terminal(80, 24)
        await desk.sees("•80.00", "•25")
        assert "Pays" not in desk.text
        await desk.pilot.resize_terminal(160, 40)
        await desk.sees("•80.00", "Pays", " 60.00")


async def test_a_sheet_reads_more_where_more_is_found(
    floor: Shop, running: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("screens.catalog.sheet.STEP", 1)
    monkeypatch.setattr("screens.catalog.sheet.MOST", 2)
    async with running(floor) as desk:
        await desk.press("g", "p")
        await desk.sees("3 found")
        await desk.press("S")
        await desk.sees("1 product · 0 cells changed · m reads more", "m more")
        await desk.press("home", "6", "0", "enter", "m")
        await desk.sees("2 products · 1 cell changed · full: b in the list", "•60.00")
        await desk.press("u")
        await desk.sees("0 cells changed")
        await desk.press("m")
        await desk.sees("a sheet holds no more")


async def test_300_attributes_with_odd_names_are_shown_and_found(floor: Shop, running: Run) -> None:
    from data.events.relay import drain

    odd = {"price($)": 5, "🎮 fps": 144, "größe": None, "a b.c d": "x", "0": [None], "rgb": "🌈", "long": "x" * 2_000}
    many = odd | {f"n{number:03}": number for number in range(298 - len(odd))}
    floor.door.run(EditAttributes(product_id="RAM-1", sets=many), floor.actor)
    drain(floor, 20)
    async with running(floor) as desk:
        await desk.press("g", "p", "/", *"n017:17", "enter")
        await desk.sees("1 found", "RAM-1")
        await desk.press("enter")
        await desk.sees("Attributes")
        text = desk.app.screen.sheet.text
        assert [name for name in many if name not in text] == []
        await desk.press("a")
        await desk.sees("RAM-1 › Attributes", "300 attributes")
        assert all(len(row) <= 80 for row in desk.text.split("\n"))
        await desk.press("n", *"one.more", "tab", "tab", *"1", "ctrl+s", "ctrl+s")
        await desk.sees("300")
    assert len(of(floor, "RAM-1").attributes) == 300


async def test_a_name_no_document_could_hold_is_said_under_it(floor: Shop, running: Run) -> None:
    async with running(floor) as desk:
        await at_product(desk, "CAB-1")
        await desk.press("a", "n", *"$where", "tab", "tab", *"1", "ctrl+s")
        await desk.sees("▲ has a name part that starts with $")
        await desk.press("escape", "escape")
        await desk.sees("nothing to save")
