"""The real program on real engines, in a real pseudo terminal."""

from __future__ import annotations

import os
import random
import signal
import string
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bench.support.terminal import Terminal
from data.errors import Invalid
from data.local import ensure_up, stack_status
from data.settings import Settings
from data.shop import Shop
from tests import orders_world
from tests.hostile import HOSTILE
from tests.pty.inert import what_acts

from .conftest import ROOT

COMMAND = [sys.executable, "-c", "import sys; from tui.main import run; sys.exit(run())"]
F2, F3, F4, F6, F7, F8, ESC = "\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[17~", "\x1b[18~", "\x1b[19~", "\x1b"
SCREENS = {"Today": F2, "Orders": F3, "New order": F4, "Customers": F6, "Catalog": F7, "Warehouse": F8}


def _program(settings: Settings) -> Terminal:
    return Terminal(COMMAND, cwd=str(ROOT), environ=settings.to_environ())


@pytest.fixture
def program(settings: Settings, shop: Shop) -> Iterator[Terminal]:
    """The program on this test's databases, its shop open."""
    with _program(settings) as running:
        assert running.until(lambda: running.rows[0].endswith("P M S R C") and " – " not in running.rows[0], 60)
        yield running


def test_every_screen_opens_by_its_function_key_and_its_twin(program: Terminal) -> None:
    twins = {"Today": "gd", "Orders": "go", "New order": "gn", "Customers": "gc", "Catalog": "gp", "Warehouse": "gw"}
    for crumb, key in SCREENS.items():
        program.send(key)
        assert program.until(lambda crumb=crumb: f"› {crumb}" in program.rows[0], 20), program.text
        program.quiet()
        program.send(ESC)
        program.quiet(0.3)
    for crumb in ("Today", "Orders", "Warehouse", "Today"):
        program.send(twins[crumb])
        assert program.until(lambda crumb=crumb: f"› {crumb}" in program.rows[0], 20), program.text
        program.quiet()


def test_a_burst_into_the_catalog_from_any_screen_loses_no_key(program: Terminal) -> None:
    """The catalog's key, slash and 20 characters in one write (the made list does 100 runs; here the real screens)."""
    dice = random.Random(7)
    for run in range(24):
        word = "".join(dice.choices(string.ascii_lowercase, k=20))
        if run:
            program.send(dice.choice([*SCREENS.values(), F2 + ":", F2 + "?", F3 + "/", F6 + "/", F4]))
            program.quiet(0.1)
        program.send(F7 + "/" + word)
        there = program.until(lambda word=word: "› Catalog" in program.rows[0] and program.rows[1] == f"/ {word}", 20)
        assert there, (run, word, program.rows[:3])
        program.send("\x15")
        assert program.until(lambda: "/ words" in program.rows[1] or program.rows[1] == "/"), program.rows[1]


def test_the_palette_jumps_to_an_order_a_customer_a_product(program: Terminal, shop: Shop) -> None:
    orders_world.warehouses(shop, "WH1")
    orders_world.product(shop, "RAM-0412", {"WH1": 20}, title="Corsair Vengeance")
    ann = orders_world.customer(shop, "ann@lee.example")
    number = orders_world.place(shop, ann, ("RAM-0412", 2)).result.order_number
    for typed, found, shown in (
        (number.lower().replace("-", ""), number, f"› {number}"),
        ("ann@lee.example", "ann@lee.example", "Ann Lee"),
        ("ram-0412", "RAM-0412", "Corsair Vengeance"),
    ):
        program.send("\x10" + typed)  # ^P works in fields too
        assert program.until(lambda found=found: any(row.startswith("  ▸") and found in row for row in program.rows)), (
            program.text
        )
        program.send("\r")
        assert program.until(lambda shown=shown: shown in program.text and program.rows[0].startswith("Store"), 20), (
            program.text
        )


def test_hostile_customers_are_inert_on_every_screen(program: Terminal, shop: Shop) -> None:
    orders_world.warehouses(shop, "WH1")
    orders_world.product(shop, "RAM-0412", {"WH1": 500})
    stored = 0
    for at, text in enumerate(HOSTILE):
        try:
            fields = {"first_name": text[:60], "last_name": f"N{at}"}
            user = orders_world.customer(shop, f"h{at}@x.example", **fields)
        except Invalid:
            continue  # refused at the edge: NUL, lone surrogates
        stored += 1
        if at % 6 == 0:
            orders_world.place(shop, user, ("RAM-0412", 1), notes=text[:200])
    assert stored >= 60
    for key in SCREENS.values():
        program.send(key)
        program.quiet(0.4)
        for _ in range(6):
            program.send("\x1b[6~")
            program.quiet(0.1)
        program.send("G\r")  # the last row, opened
        program.quiet(0.4)
        program.send(ESC)
        program.quiet(0.3)
    assert program.process.poll() is None
    assert what_acts(bytes(program.received), painted_from=program.received.index(b"Today")) == []


@pytest.mark.serial
def test_a_store_that_dies_is_named_and_its_return_is_noticed(home: Settings, until: Callable[..., Any]) -> None:
    """The program starts its own engines; Redis is killed: ``R!`` and a banner; it is back: both go by themselves."""
    with _program(home) as program:
        assert program.until_text("Opening the shop", 30), program.text
        assert program.until(lambda: program.rows[0].endswith("P M S R C") and "Opening" not in program.text, 90)
        redis = stack_status(home).engine("redis")
        assert redis is not None
        assert redis.pid is not None
        os.kill(redis.pid, signal.SIGKILL)
        assert program.until(lambda: program.rows[0].endswith("P M S R! C"), 20), program.text
        assert program.rows[22].startswith("Redis is down: slower"), program.text
        program.send(F3)
        assert program.until(lambda: "› Orders" in program.rows[0]), program.text
        assert program.rows[22].startswith("Redis is down"), program.text
        ensure_up(home)
        assert program.until(lambda: program.rows[0].endswith("P M S R C"), 40), program.text
        assert program.until(lambda: "Redis is down" not in program.rows[22]), program.text
