"""New order, by keyboard alone: typed, scanned, pasted, short, changed meanwhile, lost and found again, placed once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from data.carts.carts import add_line, get_cart
from data.catalog.messages import EditProduct
from data.drafts import load_draft
from data.orders import again
from data.orders.again import cart_lines, cart_ref, open_cart
from data.orders.codes.messages import AddCode, StopCode
from data.orders.listing import list_orders
from data.orders.messages import PlaceOrder
from data.orders.query import OrderQuery
from data.orders.reads import get_order
from data.orders.taxes.messages import SetTax
from data.stock.messages import AdjustStock
from data.stock.reads import levels_of
from tests.desk_world import at_the_desk, furnish
from tests.orders_world import one
from tests.screens.away import postgresql_away
from tests.screens.conftest import Run, Running

if TYPE_CHECKING:
    from data.shop import Shop
    from tests.desk_world import Desk


async def _begin(desk: Running, who: str = "ann l") -> None:
    """Go to the screen and take the customer."""
    await desk.press("f4")
    await desk.type(who)
    await desk.press("enter")
    await desk.sees("ann@lee.example · 1 order · Berlin", "1 Kantstr. 12", "1 visa ··4242  01/28")


async def _enter(desk: Running, text: str) -> None:
    """Type ``text`` and Enter in one burst, as a scanner does."""
    await desk.pilot.press(*text, "enter")
    await desk.app.settled()


def _orders(world: Desk) -> int:
    return int(one(world.shop, "SELECT count(*) FROM orders"))


async def test_what_is_missing_is_said_before_it_can_be_placed(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await desk.press("f4", "ctrl+s")
        await desk.sees("Not yet: choose a customer first")
        await desk.type("nobody at all")
        await desk.sees("No customer like that.", "^N adds one")
        assert "Not yet" not in desk.text  # the next thing has happened
        for _ in "nobody at all":
            await desk.pilot.press("backspace")
        await _begin(desk)
        await desk.press("ctrl+s")
        await desk.sees("Not yet: add a line")
        assert _orders(world) == 5


async def test_placing_with_words_sku_and_quantity_moves_stock_and_sale(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    ram = one(shop, "SELECT product_id FROM inventory WHERE sku = 'RAM-0412' AND warehouse_id = 'WH1'")
    before = levels_of(shop.stores.postgres, [ram])[ram][0].available_stock
    async with running(world.shop) as desk:
        await _begin(desk)
        await desk.type("veng")
        await desk.sees("▸   RAM-0412", "Corsair Vengeance 32 GB", "79.95", "WH1 21 · WH2 4")
        await desk.press("enter")
        await desk.sees("1 ×     79.95       79.95")
        await _enter(desk, "3*cab-0044")
        await desk.sees("3 ×     15.90       47.70", "Total 157.73 USD", "all in stock", "^S place 157.73")
        await desk.press("ctrl+s")
        screen = await desk.sees(
            "› Orders › ", "4 units reserved, 157.73 USD", "○ pending · placed just now by backoffice"
        )
        number = screen.splitlines()[0].split("› ")[2][:9]
        order = get_order(shop.stores.postgres, number)
        assert (order.total_amount, order.payment_method) == (Decimal("157.73"), "visa 4242")
        assert levels_of(shop.stores.postgres, [ram])[ram][0].available_stock == before - 1
        assert load_draft(shop.settings.home, "new-order", world.shop.actor.email) is None
        await desk.press("f8")
        await desk.sees("› Warehouse", f"● {before - 1}")
        await desk.press("f2")
        await desk.sees("157.73", "Revenue", seconds=5)
        await desk.press("f4")
        await desk.sees("name, e-mail, phone or order number", "choose a customer first")


async def test_a_scanner_is_quicker_than_the_search(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _begin(desk)
        await desk.pilot.press(*"CAB-0044", "enter", *"CAB-0044", "enter", *"NOPE-1", "enter")
        await desk.app.settled()
        await desk.sees("2 ×     15.90       31.80", "Nothing found for NOPE-1")


async def test_several_meanings_nobody_has_seen_are_chosen_from(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _begin(desk)
        await _enter(desk, "2*cable")
        await desk.sees("> 2*cable", "CAB-0031", "CAB-0044")
        assert not desk.app.current.lines.basket.lines
        chosen = desk.app.current.chooser.current.what
        await desk.press("enter")
        await desk.sees(f"+2 {chosen.sku}", "2 ×")


async def test_a_pasted_list_of_rows_is_one_change_and_unknown_ones_wait_to_be_corrected(
    shop: Shop, running: Run
) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _begin(desk)
        await desk.paste("SKU,Qty\nRAM-0412\t2\ncab-0031, 4\nNOPE-1 x3\nRAM-0412 1\n")
        await desk.sees("3 ×     79.95      239.85", "4 ×     12.50       50.00", "+3 rows. Nobody knows NOPE-1")
        await desk.sees("> NOPE-1 x3")
        await desk.press("ctrl+s")
        await desk.sees("Not yet: nobody knows NOPE-1 x3")
        assert _orders(world) == 5
        await desk.press(*["delete"] * len("NOPE-1 x3"))  # the cursor stands where the first of them is
        await _enter(desk, "CAB-0044 2 | NOPE-2 5 | SSD-0107 x1")
        await desk.sees("2 ×     15.90       31.80", "1 ×    109.00", "+2 rows. Nobody knows NOPE-2", "> NOPE-2 5")
        await desk.press("home", *["delete"] * len("NOPE-2"))
        await _enter(desk, "NOPE-3")  # the quantity of the row is still there
        await desk.sees("Nothing taken. Nobody knows NOPE-3", "> NOPE-3 5")
        await desk.press("home", *["delete"] * len("NOPE-3"))
        await _enter(desk, "gpu-0033")
        await desk.sees("GPU-0033", "5 ×", "▲ only 3 left")
        await desk.press("up", "u", "u")
        screen = await desk.sees("3 ×     79.95", "4 ×     12.50")
        assert "CAB-0044" not in screen


async def test_what_is_typed_behind_a_sku_is_its_quantity(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _begin(desk)
        await _enter(desk, "cab-0044 2")
        await _enter(desk, "CAB-0044 x3")
        await desk.sees("5 ×     15.90       79.50")
        await desk.type("ram-0412 2")
        await desk.sees("▸   RAM-0412")
        await desk.press("enter")
        await desk.sees("2 ×     79.95      159.90")


async def test_a_customer_by_name_mail_phone_or_the_number_of_an_order(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        for spelled in ("ann@lee", "lee ann", "+49 30 901820", world.number("new").lower()):
            await _begin(desk, spelled)
            await desk.press("ctrl+x")
            await desk.sees("Throws this draft of 0 lines away.")
            await desk.press("enter")
            await desk.sees("choose a customer first", "name, e-mail, phone or order number")


async def test_the_lines_are_changed_and_a_change_taken_back(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _begin(desk)
        await _enter(desk, "2*RAM-0412")
        await desk.press("up", "+")
        await desk.sees("3 ×     79.95", "+ - = quantity  w warehouse  Del remove")
        await desk.press("w")
        await desk.sees("only WH1: 21")
        await desk.press("w")
        await desk.sees("only WH2: 4")
        await desk.press("=")
        await desk.sees("Quantity*", "Enter takes it   Esc leaves")
        await desk.press("backspace", "5", "enter")
        await desk.sees("5 ×", "▲ only 4 left", "▲ 1 short")
        await desk.press("delete")
        await desk.sees("Line taken out  u undo", "add a line")
        assert not desk.app.current.lines.basket.lines


async def test_a_line_taken_out_comes_back_with_u(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _begin(desk)
        await _enter(desk, "RAM-0412")
        await _enter(desk, "CAB-0044")
        await desk.press("up", "-")
        await desk.sees("Line taken out  u undo")
        await desk.press("u")
        await desk.sees("RAM-0412", "1 ×     15.90")


async def test_what_is_short_is_named_and_nothing_is_placed(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _begin(desk)
        await _enter(desk, "9*SSD-0107")
        await desk.sees("▲ only 4 left")
        await desk.press("ctrl+s")
        await desk.sees("Not yet: SSD-0107: 4 of 9 available")
        await desk.press("up", "=", "backspace", "2", "enter")
        await desk.sees("2 ×", "all in stock")
        assert "Not yet" not in desk.text  # it is no longer so
        # somebody takes the rest, faster than the screen looks again
        for warehouse in ("WH1", "WH2"):
            world.do(AdjustStock(product_id="SSD-0107", warehouse_id=warehouse, set_available=0, reason="count"))
        await desk.press("ctrl+s")
        await desk.sees("SSD-0107", "▲ only 0 left", "short")
        assert _orders(world) == 5


async def test_a_price_that_moved_meanwhile_is_never_charged_unseen(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        desk.app.navigator.screen("new-order").REFRESH = 3600.0  # type: ignore[attr-defined]
        await _begin(desk)
        await _enter(desk, "CAB-0044")
        await desk.sees("all in stock")
        world.do(EditProduct(product_id="CAB-0044", changes={"pricing.base_price": Decimal("16.90")}))
        await desk.press("ctrl+s")
        await desk.sees("Not placed: CAB-0044 costs 16.90 now, not 15.90", "1 ×     16.90")
        assert _orders(world) == 5
        await desk.press("ctrl+s")
        await desk.sees("› Orders › ", "placed just now")
        assert _orders(world) == 6


async def test_a_lost_terminal_finds_its_draft_again(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    owner = world.shop.actor.email
    async with running(world.shop) as desk:
        await _begin(desk)
        await _enter(desk, "2*RAM-0412")
        await desk.press("up", "w")
        await desk.until(lambda: (load_draft(shop.settings.home, "new-order", owner) or {}).get("lines"))
        await desk.sees("draft saved")
        key = desk.app.current.lines.basket.key
    async with running(world.shop) as desk:  # another terminal: nothing of the first one is left but the file
        await desk.press("f4")
        await desk.sees("Your draft is back · ^X throws it away", "ann@lee.example", "2 ×     79.95", "only WH1")
        assert desk.app.current.lines.basket.key == key
        await desk.press("ctrl+x")
        await desk.sees("Throws this draft of 1 line away.")
        await desk.press("enter")
        await desk.sees("Draft thrown away")
        assert load_draft(shop.settings.home, "new-order", owner) is None


async def test_a_draft_that_was_placed_before_the_terminal_died_is_known_as_placed(shop: Shop, running: Run) -> None:
    from data.drafts import save_draft

    world = furnish(shop)
    owner = world.shop.actor.email
    async with running(world.shop) as desk:
        await _begin(desk)
        await _enter(desk, "RAM-0412")
        kept = await desk.until(lambda: load_draft(shop.settings.home, "new-order", owner))
        await desk.press("ctrl+s")
        await desk.sees("placed just now")
    save_draft(shop.settings.home, "new-order", owner, kept)  # it died before it could forget the draft
    async with running(world.shop) as desk:
        await desk.press("f4")
        await desk.sees("Your last draft was placed, as ", "name, e-mail, phone or order number")
        assert _orders(world) == 6


async def test_the_cart_of_the_customer_is_taken_over_and_emptied_when_the_order_stands(
    shop: Shop, running: Run
) -> None:
    world = furnish(shop)
    redis, ann = shop.stores.redis, world.customers["Ann"]
    by_sku = {
        sku: one(shop, "SELECT min(product_id) FROM inventory WHERE sku = :s", s=sku)
        for sku in ("CAB-0044", "RAM-0412")
    }
    for sku, product_id in by_sku.items():
        add_line(redis, ann, product_id, sku, 2)
    async with running(world.shop) as desk:
        await _begin(desk)
        await desk.sees("cart: 2 lines, ^G takes it over", "^G cart")
        await desk.press("ctrl+g")
        await desk.sees("2 ×     79.95      159.90", "2 ×     15.90       31.80", "it is emptied when the order stands")
        assert get_cart(redis, ann).units == 4
        await desk.until(
            lambda: (load_draft(shop.settings.home, "new-order", world.shop.actor.email) or {}).get("cart")
        )
        await desk.sees("draft saved")
    async with running(world.shop) as desk:  # the terminal was lost: the draft knows where the lines are from
        await desk.press("f4")
        screen = await desk.sees("Your draft is back", "2 ×     79.95")
        assert "takes it over" not in screen
        await desk.press("up", "delete")  # the customer changed their mind about one of them
        await desk.press("ctrl+s")
        await desk.sees("› Orders › ", "2 units reserved")
        assert get_cart(redis, ann).units == 0
        assert one(shop, "SELECT count(*) FROM ordered_carts") == 1


async def test_a_cart_somebody_else_ordered_meanwhile_is_not_ordered_twice(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    redis, ann = shop.stores.redis, world.customers["Ann"]
    cable = one(shop, "SELECT min(product_id) FROM inventory WHERE sku = 'CAB-0044'")
    add_line(redis, ann, cable, "CAB-0044", 2)
    async with running(world.shop) as desk:
        await _begin(desk)
        await desk.sees("cart: 1 line, ^G takes it over")
        await desk.press("ctrl+g")
        await desk.sees("2 ×     15.90")
        cart = open_cart(world.shop, ann)
        command = PlaceOrder(user_id=ann, lines=cart_lines(world.shop, cart, None), cart=cart_ref(cart))
        number = again.place(world.shop, command).result.order_number
        await desk.press("ctrl+s")
        await desk.sees(f"Not placed: This cart is order {number} already.")
        assert _orders(world) == 6


async def test_a_code_is_told_as_it_is_typed_and_taken_off(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    world.do(AddCode(code="SUMMER10", percent=Decimal(10)))
    world.do(AddCode(code="RICH", amount=Decimal(20), minimum=Decimal(100)))
    async with running(world.shop) as desk:
        await _begin(desk)
        await _enter(desk, "RAM-0412")
        await desk.sees("all in stock")
        await desk.press("tab", "tab", "tab", "tab")
        await desk.type("nope")
        await desk.sees("▲ is no code of this shop")
        await desk.press("ctrl+s")
        await desk.sees("Not yet: NOPE is no code of this shop: correct the code, or clear it")
        await desk.press(*["backspace"] * 4)
        await desk.type("rich")
        await desk.sees("▲ needs goods of 100.00, these are 79.95")
        await desk.press(*["backspace"] * 4)
        await desk.type("summer10")
        await desk.sees("10 %: −8.00", "Off 8.00", "Total 91.45 USD")
        await desk.until(
            lambda: (load_draft(shop.settings.home, "new-order", world.shop.actor.email) or {}).get("code")
        )
        world.do(StopCode(code="SUMMER10"))
        await desk.press("ctrl+s")
        await desk.sees("Not placed: ", "▲ was stopped")
        assert _orders(world) == 5
        world.do(AddCode(code="SUMMER11", percent=Decimal(10)))
        await desk.press("backspace")
        await desk.type("1")
        await desk.sees("10 %: −8.00")
        await desk.press("ctrl+s")
        await desk.sees("› Orders › ", "91.45 USD")
        assert one(shop, "SELECT used FROM discount_codes WHERE code = 'SUMMER11'") == 1


async def test_a_rate_that_changes_is_quoted_anew_and_never_charged_unseen(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    world.do(SetTax(percent=Decimal(7), country="DE", category="Parts", label="VAT"))
    async with running(world.shop) as desk:
        desk.app.navigator.screen("new-order").REFRESH = 3600.0  # type: ignore[attr-defined]
        await _begin(desk)
        await _enter(desk, "CAB-0044")
        await desk.sees("Tax 2.04", "Total 22.84 USD")  # 7 % of 15.90, 19 % of 4.90
        world.do(SetTax(percent=Decimal(8), country="DE", category="Parts", label="VAT"))
        await desk.press("ctrl+s")
        await desk.sees("Not placed: The order comes to 23.00 USD now, not 22.84.", "Total 23.00 USD")
        assert _orders(world) == 5
        await desk.press("ctrl+s")
        await desk.sees("› Orders › ", "23.00 USD")


async def test_a_draft_is_held_with_its_stock_and_taken_on_by_a_colleague(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _begin(desk)
        await _enter(desk, "5*SSD-0107")
        await desk.sees("▲ only 4 left")
        await desk.press("ctrl+o")
        await desk.sees("Hold this draft and its stock", "Until*")
        await desk.press("enter")
        await desk.sees("SSD-0107")
        await desk.press("escape", "up", "-")
        await desk.sees("4 ×", "all in stock")
        await desk.press("ctrl+o")
        await desk.press("enter")
        await desk.sees("Held until ", "4 units · ^R shows the drafts", "choose a customer first")
        assert one(shop, "SELECT sum(available_stock) FROM inventory WHERE sku = 'SSD-0107'") == 0
    async with running(at_the_desk(shop, "support", "Ben")) as desk:
        await desk.press("f4")
        await desk.sees("held to ", "Ann Lee", "4 units", "by Ann Keller")
        await desk.press("ctrl+r", "enter")
        screen = await desk.sees("The held draft is back", "ann@lee.example", "4 ×    109.00", "all in stock")
        assert "held to" not in screen
        await desk.press("ctrl+s")
        await desk.sees("› Orders › ", "4 units reserved")
        assert one(shop, "SELECT count(*) FROM reservations WHERE released_at IS NULL") == 0
        assert one(shop, "SELECT count(*) FROM order_drafts") == 0


async def test_two_presses_place_one_order(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _begin(desk)
        await _enter(desk, "RAM-0412")
        await desk.pilot.press("ctrl+s", "ctrl+s", "ctrl+s")
        await desk.sees("› Orders › ")
        assert _orders(world) == 6


async def test_a_customer_and_an_address_are_added_on_the_way(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await desk.press("f4")
        await desk.type("Zoë Bell")
        await desk.press("ctrl+n")
        await desk.sees("New customer", "Zoë", "Bell")
        await desk.type("zoe@bell.example")
        await desk.press("ctrl+s")
        await desk.sees("zoe@bell.example · 0 orders · no address", "no address yet: ^T adds one")
        await desk.press("ctrl+t")
        await desk.sees("New address")
        for text in ("1 Elm St", "94105", "San Francisco", "CA", "US"):
            await desk.type(text)
            await desk.press("enter")
        await desk.press("ctrl+s")
        await desk.sees("1 1 Elm St, 94105 San Francisco, CA, US")


async def test_without_a_store_it_says_so_and_keeps_what_is_typed(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _begin(desk)
        await _enter(desk, "RAM-0412")
        with postgresql_away(world.shop):
            await desk.type("cable")
            await desk.sees("postgresql is not available", "What is typed is kept", "> cable")
            await desk.press("ctrl+s")
            await desk.sees("Not confirmed: ^S asks again, it is placed once at most", "PostgreSQL is down")
        await desk.until(lambda: "PostgreSQL is down" not in desk.text)
        await desk.press("ctrl+s")
        await desk.sees("› Orders › ", "placed just now")
        assert len(list_orders(shop.stores.postgres, OrderQuery(statuses=("pending",))).rows) == 2


async def test_a_role_that_may_not_place_does_not_get_there(shop: Shop, running: Run) -> None:
    async with running(at_the_desk(shop, "warehouse", "Wes")) as desk:
        await desk.press("f4")
        await desk.sees("new order: needs orders.place, which Wes Keller does not have", "Today")


async def test_it_stays_whole_from_80_to_200_columns_and_back(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    async with running(world.shop) as desk:
        await _begin(desk)
        await _enter(desk, "2*RAM-0412")
        await desk.sees("all in stock", "draft saved")
        before = desk.text
        await desk.pilot.resize_terminal(200, 60)
        await desk.sees("all in stock", "? keys")
        await desk.pilot.resize_terminal(80, 24)
        await desk.until(lambda: desk.text == before)
