"""What is begun about an order survives: forms and boxes come back after Esc and after the terminal is gone."""

from __future__ import annotations

import email
import email.policy
import shlex
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from data.events.relay import run_once
from data.orders.messages import ChangeOrderStatus
from data.orders.reads import get_order
from data.payments.messages import RecordPayment
from data.shipments.reads import parcels_of
from data.stores import Stores
from screens.order.kept import Keep, read_kept, write_kept
from tests.desk_world import furnish
from tests.orders_world import one
from tests.screens.conftest import Run, Running

if TYPE_CHECKING:
    from pathlib import Path

    from data.shop import Shop
    from tests.desk_world import Desk


async def _open(desk: Running, number: str) -> None:
    desk.app.open_screen("order", order_number=number)
    await desk.sees(f"› Orders › {number}", "─ Timeline")


def _kept(world: Desk, keep: Keep) -> bool:
    return read_kept(world.shop, keep).kept is not None


async def test_a_refund_half_typed_comes_back_after_esc_and_after_a_lost_terminal(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    number = world.number("new")
    total = get_order(shop.stores.postgres, number).total_amount
    paid = RecordPayment(order_id=world.orders["new"].order_id, kind="capture", amount=total, provider="bank")
    world.do(paid)
    keep = Keep(number, "refund", "$ r")
    async with running(world.shop) as desk:
        await _open(desk, number)
        await desk.press("$", "r")
        await desk.sees(f"Refund of {number}")
        await desk.type("scratched lid")
        # without leaving it: as if the terminal died now
        await desk.until(lambda: "scratched lid" in str(read_kept(world.shop, keep)))
    async with running(world.shop) as desk:
        await desk.sees(f"Your refund of {number} is not finished")
        await _open(desk, number)
        await desk.sees("begun: refund $ r")
        await desk.press("$", "r")
        await desk.sees("Your draft is back", "scratched lid")
        await desk.press("escape")  # no question: it is kept
        await desk.sees("Kept, nothing was done: $ r goes on with the refund")
        await desk.until(lambda: "scratched lid" in str(read_kept(world.shop, keep)))
        await desk.press("$", "r")
        await desk.sees("Your draft is back", "scratched lid")
        await desk.press("ctrl+x")
        await desk.until(lambda: not _kept(world, keep))
        assert "scratched lid" not in desk.text
        await desk.press("escape")
        await desk.sees("changes arrive by themselves")


async def test_what_was_done_before_the_terminal_was_lost_is_not_done_again(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    number, order_id = world.number("new"), world.orders["new"].order_id
    keep = Keep(number, "capture", "$ c")
    done = RecordPayment(order_id=order_id, kind="capture", amount=one(shop, "SELECT 5.00"), provider="bank")
    world.do(done, key="the-key-of-the-form")
    write_kept(world.shop, keep, {"amount": "5.00"}, "the-key-of-the-form")
    async with running(world.shop) as desk:
        await _open(desk, number)
        await desk.press("$", "c")
        await desk.sees("Your capture was done before; this is the order as it is")
        assert not _kept(world, keep)
        await desk.press("$", "c")
        await desk.sees(f"Capture: {number}")


async def test_boxes_half_packed_are_here_again(shop: Shop, running: Run) -> None:
    world = furnish(shop)
    number, order_id = world.number("new"), world.orders["new"].order_id
    for status in ("confirmed", "processing"):
        world.do(ChangeOrderStatus(order_id=order_id, new_status=status))
    keep = Keep(number, "packing", "b s")
    async with running(world.shop) as desk:
        await _open(desk, number)
        await desk.press("b", "s")
        await desk.sees("3 units in 2 boxes")
        await desk.press("-", "t")
        await desk.type("1Z999")
        await desk.press("ctrl+s")
        await desk.until(lambda: "1Z999" in str(read_kept(world.shop, keep)))
    async with running(world.shop) as desk:
        await _open(desk, number)
        await desk.sees("begun: packing b s")
        await desk.press("b", "s")
        await desk.sees("Your boxes are back", "1Z999", "1 unit left behind")
        await desk.press("ctrl+x")
        await desk.sees("Packed anew", "3 units in 2 boxes")
        await desk.until(lambda: not _kept(world, keep))
        await desk.press("-")
        await desk.until(lambda: _kept(world, keep))
        await desk.press("enter")
        await desk.reads("Ships 2 units", "1 unit stays behind")
        await desk.press("enter")
        await desk.sees("still to be sent")
        assert not _kept(world, keep)
    assert parcels_of(shop.stores.postgres, order_id)


async def test_a_message_is_begun_edited_kept_and_sent(shop: Shop, running: Run, tmp_path: Path) -> None:
    world = furnish(shop)
    number, mail = world.number("new"), tmp_path / "mail"
    keep = Keep(number, "message", "M c", "confirmation")
    code = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())"
    command = shlex.join([sys.executable, "-c", code, str(mail)])
    mailing = msgspec.structs.replace(shop.settings, mail_command=command, mail_from="orders@shop.example")
    async with running(replace(world.shop, settings=mailing)) as desk:
        await _open(desk, number)
        await desk.press("M")
        await desk.reads("Messages to", "shipping nothing was sent yet", "refund nothing was refunded")
        await desk.press("c")
        await desk.sees(f"Message about {number}", f"Your order {number}", "thank you for your order")
        await desk.press("tab")
        await desk.type("Hello! ")
        await desk.press("escape")
        await desk.sees("Kept, nothing was done: M c goes on with the message")
        await desk.until(lambda: "Hello! " in str(read_kept(world.shop, keep)))
        await desk.press("M", "c")
        await desk.sees("Hello! Dear", "Your draft is back")
        await desk.press("ctrl+s")
        await desk.sees("example queued", "message queued")
        stores = Stores(mailing)
        try:
            run_once(replace(shop, settings=mailing, stores=stores))
        finally:
            stores.close()
        await desk.press("r")
        await desk.sees("message sent", f"Your order {number}")
        await desk.press("f", "f")
        await desk.sees("only message", "thank you for your order")
    sent = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    assert sent["Subject"] == f"Your order {number}"
    assert sent.get_content().startswith("Hello! Dear ")
