"""The catalog by keyboard on the real stores: its line, its facets, its views; one product's surroundings."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
import pytest

from data.catalog.messages import EditProduct, ProductInput, PutProduct
from data.customers.messages import SaveAddress, SaveCustomer
from data.orders.messages import OrderLineInput, PlaceOrder
from data.stock.messages import ReceiveStock, SaveWarehouse
from tests.screens.conftest import Run, Running

if TYPE_CHECKING:
    from data.shop import Shop

MEMORY, CABLES = ("Parts", "Memory"), ("Parts", "Cables")
PRODUCTS: tuple[tuple[str, str, str, str, tuple[str, ...], dict[str, Any]], ...] = (
    ("RAM-0412", "Corsair Vengeance 32 GB", "Corsair", "79.95", MEMORY, {"color": "Black", "speed": 6000}),
    ("RAM-0418", "Corsair Vengeance RGB 32 GB", "Corsair", "94.90", MEMORY, {"color": "White", "speed": 5200}),
    ("RAM-0501", "Kingston Fury 16 GB", "Kingston", "44.50", MEMORY, {"color": "White", "speed": 3200}),
    ("CAB-0031", "USB-C cable 1 m", "Lindy", "12.50", CABLES, {"color": "White"}),
    ("RTX-4070", "Asus GeForce RTX 4070", "Asus", "599.00", ("Parts", "Video cards"), {"color": "Black"}),
)


@pytest.fixture
def parts(shop: Shop) -> Shop:
    """Five products with stock, one order of two of them, all of it indexed and counted."""
    from data.events.relay import drain

    run = shop.door.run
    run(SaveWarehouse(warehouse_id="WH1", label="Berlin"), shop.actor)
    for sku, title, brand, price, category, attributes in PRODUCTS:
        product = ProductInput(
            sku=sku, title=title, brand=brand, base_price=Decimal(price), category=category, attributes=attributes
        )
        product_id = run(PutProduct(product=product), shop.actor).result.product_id
        run(ReceiveStock(product_id=product_id, warehouse_id="WH1", quantity=10), shop.actor)
    ann = run(SaveCustomer(email="ann@lee.example", first_name="Ann"), shop.actor).result.user_id
    home = SaveAddress(user_id=ann, address_type="shipping", street_address="Kantstr. 12", city="Berlin",
                       postal_code="10623", country="DE", is_default=True)  # fmt: skip
    run(home, shop.actor)
    lines = tuple(OrderLineInput(sku=sku, quantity=1) for sku in ("RAM-0412", "CAB-0031"))
    run(PlaceOrder(user_id=ann, lines=lines, payment_method="invoice"), shop.actor)
    run(EditProduct(product_id="RAM-0412", changes={"pricing.base_price": Decimal("82")}), shop.actor)
    run(EditProduct(product_id="RAM-0412", changes={"attributes.color": "[b]Red\x1b[31m"}), shop.actor)
    drain(shop, 20)
    return shop


async def at_catalog(desk: Running, line: str = "") -> None:
    await desk.press("g", "p")
    await desk.sees("5 found")
    if line:
        await desk.type(f"/{line}")
        await desk.press("enter")


async def test_a_product_shows_what_is_related_and_who_changed_it(parts: Shop, running: Run) -> None:
    async with running(parts) as desk:
        await at_catalog(desk, "RAM-0412")
        await desk.press("enter")
        await desk.sees("Catalog › RAM-0412")
        await desk.press("R")
        await desk.sees("Bought together", "▸ CAB-0031", "Alike", "RAM-0418")
        await desk.press("H")
        screen = await desk.sees("History", "price 79.95 → 82.00", "color Black → [b]Red␛[31m", "Added ")
        assert screen.index("color Black") < screen.index("price 79.95")
        await desk.press("R", "enter")
        await desk.sees("Catalog › CAB-0031")
        await desk.press("escape")
        await desk.sees("Catalog › RAM-0412")
        await desk.press("escape")
        await desk.sees("/ RAM-0412")


async def test_a_wrong_filter_is_marked_in_its_place_and_tab_writes_what_was_meant(parts: Shop, running: Run) -> None:
    async with running(parts) as desk:
        await at_catalog(desk)
        line = desk.app.screen.query_line
        await desk.type("/corsair -brnd:Asus")
        await desk.sees("Tab: brand", "no product has 'brnd'", "2 found")
        assert line.input.marks.spans == ((8, 14),)
        await desk.press("tab")
        await desk.sees("/ corsair -brand:Asus", "2 found")
        assert line.input.marks.spans == ()
        assert line.typing
        await desk.press("ctrl+u")
        await desk.type("/sort:pirce")
        await desk.sees("Tab: price")
        await desk.press("tab")
        await desk.sees("/ sort:price", "cheapest first")
        await desk.press("ctrl+u")
        await desk.type("/price:")  # still being typed: nothing is wrong yet
        await desk.until(lambda: line.text == "price:")
        assert line.input.marks.spans == ()
        await desk.type("9..5 x")
        await desk.sees("Tab: 5..9", "9..5 is an empty range")


async def test_a_value_that_no_product_has_is_marked_once_nothing_is_found(parts: Shop, running: Run) -> None:
    async with running(parts) as desk:
        await at_catalog(desk)
        line = desk.app.screen.query_line
        await desk.type("/brand:Corsiar ")
        await desk.sees('no product has brand "Corsiar", did you mean Corsair?', "Tab: Corsair")
        assert line.input.marks.spans == ((6, 13),)
        await desk.press("tab")
        await desk.sees("/ brand:Corsair", "Corsair Vengeance 32 GB")
        assert line.input.marks.spans == ()


async def test_what_is_typed_is_offered_as_brand_category_filter_and_product(parts: Shop, running: Run) -> None:
    async with running(parts) as desk:
        await at_catalog(desk)
        screen = desk.app.screen
        await desk.type("/cors")
        await desk.sees("brand     Corsair", "product   Corsair Vengeance 32 GB")
        await desk.press("down", "enter")
        await desk.sees("/ brand:Corsair", "2 found")
        assert not screen.offers.offers
        assert screen.grid.has_focus  # a whole filter was taken: next is what it finds
        await desk.type("/color:wh")
        await desk.sees("Color     White")
        await desk.press("tab")
        await desk.sees("/ brand:Corsair color:White", "1 found")
        assert screen.query_line.typing  # Tab only writes
        await desk.type("cors")
        await desk.sees("brand     Corsair")
        assert "product   " not in desk.text  # it would be found by the word alone, whatever the filters leave out
        await desk.press("ctrl+u")
        await desk.type("/mem")
        await desk.sees("category  Memory")
        await desk.press("escape")  # the offers first, the line stays
        await desk.until(lambda: not screen.offers.offers)
        assert screen.query_line.typing
        await desk.press("escape")
        assert screen.grid.has_focus
        await desk.press("ctrl+u")
        await desk.type("/sp")
        await desk.sees("filter    speed:")
        await desk.press("ctrl+u")
        await desk.type("/geforc")
        await desk.sees("product   Asus GeForce RTX 4070")
        await desk.press("down", "enter")
        await desk.sees("Catalog › RTX-4070")


async def test_facets_write_the_line_and_chips_give_up(parts: Shop, running: Run) -> None:
    async with running(parts, (120, 40)) as desk:
        await at_catalog(desk, "-used")
        await desk.press("f")
        panel = desk.app.screen.panel
        await desk.until(lambda: panel.has_focus and panel.go_to("category=Parts > Memory"))
        await desk.press("space")
        await desk.sees("/ -used category:Memory", "3 found", "▣ Memory", "Chosen", "✗ category:Memory")
        await desk.until(lambda: panel.go_to("category=Parts > Cables"))
        await desk.press("space")
        await desk.sees("/ -used category:Memory,Cables", "4 found")
        await desk.until(lambda: panel.go_to("chip:+:category"))
        await desk.press("space")
        await desk.sees("5 found", "✗ -used")
        await desk.until(lambda: panel.go_to("price.."))
        await desk.press("right")
        await desk.sees("price:25..", "4 found")
        await desk.until(lambda: panel.go_to("brand=Corsair"))
        await desk.press("/", *"king")
        await desk.until(lambda: "▢ Kingston" in desk.text and "▢ Corsair" not in desk.text)
        await desk.sees("letters find", "Esc all facets")
        assert "n new" not in desk.text  # an n would be looked for
        await desk.press("escape")
        await desk.sees("n new")
        await desk.sees("▢ Corsair")


async def test_a_query_is_kept_under_a_name_opened_by_its_key_and_removed(parts: Shop, running: Run) -> None:
    async with running(parts) as desk:
        await at_catalog(desk, "brand:Corsair sort:-price")
        await desk.sees("2 found")
        await desk.press("B")
        await desk.sees("Save the view: brand:Corsair sort:-price")
        await desk.type("Dear [b]Corsair")
        await desk.press("tab")
        await desk.type("3")
        await desk.press("ctrl+s")
        await desk.sees("view Dear [b]Corsair saved on 3")
        await desk.press("escape")
        await desk.sees("5 found", "3 Dear [b]Corsair")
        await desk.press("3")
        await desk.sees("/ brand:Corsair sort:-price", "2 found", "view Dear [b]Corsair")
        await desk.press("4")
        await desk.sees("no view on 4")
        await desk.press("V")
        await desk.sees("Saved views", "mine")
        await desk.press("d")
        await desk.sees("Removes the view Dear [b]Corsair, of yours.")
        await desk.press("enter")
        await desk.sees("view Dear [b]Corsair removed")
        await desk.press("V")
        await desk.sees("None yet.")


async def test_columns_are_chosen_and_remembered(parts: Shop, running: Run) -> None:
    async with running(parts) as desk:
        await at_catalog(desk)
        assert "Brand" not in desk.text
        await desk.until(lambda: desk.app.screen.names.attributes)
        await desk.press("c")
        await desk.sees("Columns", "▣ Title", "▢ Status", "▢ Speed")
        await desk.until(lambda: desk.app.screen.sheet.go_to("attributes.speed"))
        await desk.press("space", *["K"] * 4, "enter")
        await desk.sees("Speed", "6000")
    async with running(parts) as desk:
        await desk.press("g", "p")
        await desk.sees("Speed", "6000")
        await desk.press("c")
        await desk.sees("▣ Speed")


async def test_a_row_says_what_the_catalog_says_before_search_and_cache_have_heard_of_it(
    parts: Shop, running: Run
) -> None:
    """No relay runs beside this test: search and cache hold the old price for as long."""
    from data.caches.products import ProductCache
    from data.catalog.reads import get_product, get_products

    product_id = get_product(parts.stores.mongo, "RTX-4070").product_id
    cache = ProductCache(parts.stores.redis.cache)
    cache.store(get_products(parts.stores.mongo, [product_id]).values())
    parts.door.run(EditProduct(product_id="RTX-4070", changes={"pricing.base_price": Decimal("577")}), parts.actor)
    async with running(parts) as desk:
        await at_catalog(desk, "rtx4070")
        await desk.sees("1 found", "577.00")
        await desk.press("e", "tab", "tab", "tab", "end", "ctrl+u", *"566", "ctrl+s")
        await desk.sees("price changed", "566.00")
    assert cache.get([product_id])[product_id].pricing.final_price == Decimal("599.00")


def test_while_the_catalog_is_away_prices_are_said_to_be_what_search_knew(parts: Shop, tmp_path: Path) -> None:
    from data.search.language import parse_query
    from data.shop import Shop as AnyShop
    from data.stores import Stores
    from screens.catalog.columns import cells_for, columns_for
    from screens.catalog.data import product_source

    def price(shop: Shop) -> str:
        told: list[Any] = []
        source = product_source(shop, parse_query("rtx4070"), told.append, lambda: False, frozenset)
        (row,) = source(after=None, before=None, limit=10).rows
        return str(cells_for(columns_for(["price"]))(row)[0])

    nobody = f"mongodb://{quote(str(tmp_path / 'nobody.sock'), safe='')}/none?serverSelectionTimeoutMS=50"
    settings = msgspec.structs.replace(parts.settings, mongodb_url=nobody)
    alone = AnyShop(settings, Stores(settings), parts.door, parts.actor)
    try:
        assert price(parts) == "599.00"
        assert "~599.00" in price(alone)
    finally:
        alone.close()


def test_a_search_that_a_later_letter_has_overtaken_reads_no_rows_and_tells_nothing(parts: Shop) -> None:
    from data.search.language import parse_query
    from screens.catalog.data import product_source

    def rows(*wanted: bool) -> int:
        answers = iter(wanted)
        source = product_source(
            parts, parse_query("rtx4070"), told.append, lambda: False, frozenset, lambda: next(answers)
        )
        return len(source(after=None, before=None, limit=10).rows)

    told: list[Any] = []
    assert rows(False) == rows(True, False) == len(told) == 0
    assert rows(True, True) == len(told) == 1


async def test_emptying_the_line_while_typing_it_stays_in_the_line(parts: Shop, running: Run) -> None:
    """In every input ^U empties it; the letters after it must not fire as keys of the list."""
    async with running(parts) as desk:
        await desk.press("g", "p", "/", *"nonsense", "ctrl+u", *"xe")
        assert desk.app.screen.query_line.text == "xe"
        assert desk.app.screen.NAME == "catalog"
        assert "e edit" not in desk.text  # an e would be typed
        await desk.press("enter", "ctrl+u")
        await desk.sees("found", "e edit")
        assert desk.app.screen.grid.has_focus


async def test_while_nothing_is_indexed_the_catalog_shows_what_mongodb_has(shop: Shop, running: Run) -> None:
    from data.events.relay import drain

    for sku, title, *_ in PRODUCTS:
        shop.door.run(PutProduct(product=ProductInput(sku=sku, title=title, base_price=Decimal(1))), shop.actor)
    async with running(shop) as desk:
        await desk.press("g", "p")
        await desk.sees("RAM-0412", "CAB-0031", "no relay runs to build the search index: beginnings of words only")
        drain(shop, 20)
        await desk.sees("5 found ·", "5 products")


async def test_a_new_shop_has_nothing_and_says_what_to_do(shop: Shop, running: Run) -> None:
    async with running(shop) as desk:
        await desk.press("g", "p")
        await desk.sees("Nothing found.", "n adds one")
        assert "no relay runs" not in desk.text


async def test_a_wide_terminal_tells_what_is_around_the_product_under_the_bar(parts: Shop, running: Run) -> None:
    """Where the page leaves room, and what the bar has left is dropped."""
    async with running(parts, size=(200, 60)) as desk:
        await at_catalog(desk, "RAM-0412")
        await desk.sees("1 found", "Bought together", "USB-C cable", "Alike", "History", "price 79.95 → 82.00")
        await desk.press("/", "backspace", "backspace", "backspace", "backspace", "enter")
        await desk.sees("3 found")
        await desk.press("home")

        def told() -> bool:
            page = desk.app.screen.beside.text
            return desk.app.screen.grid.current.sku in page and "Alike" in page

        for _ in range(3):
            await desk.until(told)
            await desk.press("j")
        await desk.pilot.resize_terminal(120, 40)
        await desk.until(lambda: not desk.app.screen.beside.display)
        await desk.pilot.resize_terminal(200, 60)
        await desk.until(lambda: desk.app.screen.beside.display and told())


async def test_a_row_that_is_shown_follows_what_others_change(parts: Shop, running: Run) -> None:
    async with running(parts) as desk:
        await at_catalog(desk, "rtx4070")
        await desk.sees("1 found", "599.00", "● 10")
        parts.door.run(EditProduct(product_id="RTX-4070", changes={"pricing.base_price": Decimal("555")}), parts.actor)
        await desk.sees("555.00", "● 10")


async def test_x_takes_a_product_out_of_sale_and_brings_it_back_in_the_list(parts: Shop, running: Run) -> None:
    """At once in its row, in the list once search has followed: what comes back never vanishes meanwhile."""
    from data.events.relay import drain

    async with running(parts) as desk:
        await at_catalog(desk, "rtx4070")
        await desk.sees("1 found", "● 10")
        await desk.press("x")
        await desk.sees("RTX-4070 is archived", "u undo", " archived", "1 found")
        drain(parts, 20)
        await desk.sees("0 found")
        await desk.type("/status:archived")
        await desk.press("enter")
        await desk.sees("1 found", "RTX-4070")
        await desk.press("x")
        await desk.sees("RTX-4070 is back, active", "● 10", "1 found")
        drain(parts, 20)
        await desk.sees("0 found")
        await desk.press("escape")
        await desk.sees("5 found")
        await desk.type("/rtx4070")
        await desk.press("enter")
        await desk.sees("1 found", "● 10")
        await desk.press("x")
        await desk.sees("RTX-4070 is archived")
        drain(parts, 20)
        await desk.sees("0 found")
        await desk.press("u")
        await desk.sees("RTX-4070: status is as it was before")
        drain(parts, 20)
        await desk.sees("1 found", "● 10")
