"""An order's whole life in a real terminal, at 80×24 and without a mouse: from the phone call to the refund."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from bench.support.terminal import Terminal
from data.orders.reads import get_order, orders_of
from data.returns.reads import returns_of
from data.shipments.reads import parcels_of
from data.stock.reads import reconcile
from tests import orders_world
from tests.pty.conftest import ROOT
from tests.pty.test_program import COMMAND

if TYPE_CHECKING:
    from data.settings import Settings
    from data.shop import Shop

SAVE, CUSTOMER, ADDRESS, CLEAR = "\x13", "\x0e", "\x14", "\x15"


def _see(program: Terminal, *parts: str) -> None:
    """Wait until each of ``parts`` can be read, also over the end of a line."""

    def flat() -> str:
        return " ".join(program.text.replace("│", " ").split())

    assert program.until(lambda: all(part in flat() for part in parts), 30), f"{parts} not on\n{program.text}"


def _press(program: Terminal, keys: str, *parts: str) -> None:
    """Send ``keys`` in one burst and wait for what they bring."""
    program.send(keys)
    _see(program, *parts)


def test_an_order_from_the_phone_call_to_the_refund_by_keyboard(settings: Settings, shop: Shop) -> None:
    orders_world.warehouses(shop, "WH1", "WH2")
    for sku, title, stock in (
        ("RAM-0412", "Corsair Vengeance", {"WH1": 20}),
        ("CAB-0031", "USB-C cable", {"WH2": 20}),
        ("SSD-0107", "Samsung 990", {"WH1": 5}),
        ("GPU-0033", "Palit RTX 3050", {"WH2": 5}),
    ):
        orders_world.product(shop, sku, stock, title=title)
    with Terminal(COMMAND, cwd=str(ROOT), environ=settings.to_environ()) as program:
        assert program.until(lambda: program.rows[0].endswith("P M S R C") and " – " not in program.rows[0], 60)
        # a new customer calls
        _press(program, "gn", "› New order", "choose a customer first")
        _press(program, CUSTOMER, "New customer")
        _press(program, f"zoe@new.example\rZoe\rNilsson{SAVE}", "Zoe Nilsson", "no address")
        _press(program, ADDRESS, "New address")
        _press(program, f"1 Main St\r97201\rPortland\rOR\rUS{SAVE}", "1 Main St, 97201 Portland")
        for line, shown in (("2*RAM-0412", "RAM-0412"), ("CAB-0031", "CAB-0031"), ("SSD-0107", "SSD-0107")):
            _press(program, f"{line}\r", f"▸ {shown}")
        _see(program, "all in stock", "44.90")
        _press(program, SAVE, "○ pending · placed just now", "4 units reserved")
        # one more, another line, ten per cent off
        _press(program, "e", "› Edit", "to collect")
        _press(program, "+", "Items 40.00 50.00")
        _press(program, "/GPU-0033\r", "Items 40.00 60.00")
        _press(program, "\x1b", "+ - qty")
        _press(program, "D", "Discount on the whole order")
        _press(program, "10 %\rlate\r", "-6.00")
        _press(program, SAVE, "58.90", "Enter does it")
        _press(program, "\r", "changed, total 58.90", "v2")
        # the money is taken, the floor works, two boxes leave two warehouses
        _press(program, "$c", "Takes 58.90 USD", "Nothing is due then.")
        _press(program, SAVE, "captured 58.90 USD by manual", "due 0.00")
        _press(program, "s\r", "is confirmed u undo")
        _press(program, "s\r", "is processing u undo")
        _press(program, "s", "─ Box 1 · WH1", "─ Box 2 · WH2")
        _press(program, "t1Z999\rUPS\r", "UPS 1Z999")
        _press(program, "\r", "in 2 boxes out of WH1 and WH2. This cannot be taken back.")
        _press(program, "\r", "2 parcels sent", "◕ shipped")
        # one comes back broken, and is paid back
        _press(program, "Rn", "Return of", "of 3")
        _press(program, "1\r\r\r\rtorn seam\r", "Return of 1 unit asked for")
        _press(program, f"Rr{SAVE}", "1 of 1 unit received")
        _press(program, f"Ri{CLEAR}\r1", "0 units back in stock, 1 kept as damaged")
        _press(program, SAVE, "1 damaged; 9.08 USD to refund")
        _press(program, "$r", "Gives 9.08 USD back", "This cannot be taken back.")
        _press(program, f"came back torn{SAVE}", "refunded 9.08 USD by manual", "due 0.00")
        # and all of it can be read
        _press(program, "G", "root placed", "captured 58.90 USD", "sent from WH1, 4 units – UPS 1Z999")
        _see(program, "return of 1 unit asked for: torn seam", "refund of 9.08 USD: came back torn", "edit – late")
    user_id = orders_world.one(shop, "SELECT user_id FROM users WHERE email = 'zoe@new.example'")
    (row,) = orders_of(shop.stores.postgres, user_id)
    order = get_order(shop.stores.postgres, row.order_number)
    assert (order.order_status, order.paid_amount, order.due_amount) == ("shipped", Decimal("49.82"), Decimal(0))
    assert [box.warehouse_id for box in parcels_of(shop.stores.postgres, order.order_id)] == ["WH1", "WH2"]
    (back,) = returns_of(shop.stores.postgres, order.order_id)
    assert [item.damaged_quantity for item in back.items] == [1]
    assert not reconcile(shop.stores.postgres)
