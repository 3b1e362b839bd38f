"""Two terminals edit one order; one is killed in the middle of it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from bench.support.terminal import Terminal
from data.drafts import list_drafts
from data.orders.reads import get_order
from screens.order_edit.data import FORM
from tests import orders_world
from tests.pty.conftest import ROOT
from tests.pty.test_program import COMMAND

if TYPE_CHECKING:
    from data.settings import Settings
    from data.shop import Shop

F2, SAVE = "\x1bOQ", "\x13"


def _program(settings: Settings) -> Terminal:
    return Terminal(COMMAND, cwd=str(ROOT), environ=settings.to_environ())


def _ready(program: Terminal) -> None:
    assert program.until(lambda: program.rows[0].endswith("P M S R C") and " – " not in program.rows[0], 60)


def _edit(program: Terminal, number: str) -> None:
    """Jump to the order and begin to edit it."""
    program.send(":" + number)
    assert program.until(lambda: any(row.startswith("  ▸") and number in row for row in program.rows)), program.text
    program.send("\r")
    assert program.until(lambda: f"› {number}" in program.rows[0], 20), program.text
    assert program.until_text("e edit", 20), program.text
    program.quiet()
    program.send("e")
    assert program.until(lambda: f"› {number} › Edit" in program.rows[0], 20), program.text
    assert program.until_text("to collect", 20), program.text


def _drafts(settings: Settings, shop: Shop) -> list[dict[str, Any]]:
    return list_drafts(settings.home, FORM, shop.actor.email)


def test_the_second_of_two_terminals_gets_the_conflict_and_a_killed_one_finds_its_draft(
    settings: Settings, shop: Shop
) -> None:
    orders_world.warehouses(shop, "WH1")
    orders_world.product(shop, "RAM-0412", {"WH1": 20}, title="Corsair Vengeance")
    number = orders_world.place(shop, orders_world.customer(shop), ("RAM-0412", 2)).result.order_number
    with _program(settings) as first, _program(settings) as second:
        _ready(first)
        _ready(second)
        _edit(first, number)
        _edit(second, number)
        first.send("+")
        assert first.until_text("30.00"), first.text
        second.send("+++")
        assert second.until_text("50.00"), second.text
        first.send(SAVE)
        assert first.until_text("Enter does it", 20), first.text
        first.send("\r")
        assert first.until_text(f"{number} changed", 20), first.text

        second.send(SAVE)
        assert second.until_text("Somebody changed", 20), second.text
        assert second.until_text("RAM-0412 quantity"), second.text
        second.send("m")
        second.quiet()
        second.send("b")
        assert second.until_text("On the order as it is now", 20), second.text
        assert get_order(shop.stores.postgres, number).items[0].quantity == 3
        kept = second.until(lambda: [draft["order"]["version"] for draft in _drafts(settings, shop)] == [2])
        assert kept, second.text
        os.kill(second.process.pid, signal.SIGKILL)
        second.process.wait()
    with _program(settings) as again:
        _ready(again)
        again.send(F2)
        assert again.until_text(f"Your edit of {number} is not finished: 1 change kept", 20), again.text
        _edit(again, number)
        assert again.until_text("Your edit is back, 1 change", 20), again.text
        again.send(SAVE)
        assert again.until_text("Enter does it", 20), again.text
        again.send("\r")
        assert again.until_text(f"{number} changed", 20), again.text
    assert get_order(shop.stores.postgres, number).items[0].quantity == 5
    assert _drafts(settings, shop) == []
