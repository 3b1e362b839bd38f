"""Find a product by a mistyped name, narrow by two facets, change an attribute, find it under the new value.

In a real terminal at 80×24, by keyboard alone, a relay at work: the whole way of issue 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.support.terminal import Terminal
from data.catalog.reads import get_product
from data.events.relay import drain
from data.search.language import parse_query
from tests.pty.conftest import ROOT
from tests.pty.test_program import COMMAND
from tests.relay_world import RelayProcess, put_product

if TYPE_CHECKING:
    from data.settings import Settings
    from data.shop import Shop

ESC, SAVE, CLEAR = "\x1b", "\x13", "\x15"
MEMORY, MICE = ("Parts", "Memory"), ("Parts", "Mice")
PRODUCTS: tuple[tuple[str, str, tuple[str, ...], dict[str, Any]], ...] = (
    ("RAM-1", "Corsair Vengeance 32 GB", MEMORY, {"color": "Black", "speed": 6000}),
    ("RAM-2", "Corsair Vengeance RGB 16 GB", MEMORY, {"color": "White", "speed": 5200}),
    ("RAM-3", "Corsair Vengeance Pro 8 GB", MEMORY, {"color": "White / Gray", "speed": 3200}),
    ("MOU-1", "Corsair Vengeance M95", MICE, {"color": "White"}),
    ("RAM-4", "Kingston Fury 16 GB", MEMORY, {"color": "White", "speed": 3200}),
)


def test_a_mistyped_name_two_facets_an_edit_and_found_again(settings: Settings, shop: Shop) -> None:
    for sku, title, category, attributes in PRODUCTS:
        fields = {f"attributes__{name}": value for name, value in attributes.items()}
        put_product(shop.stores, sku, title=title, brand=title.partition(" ")[0], category=category, **fields)
    drain(shop, 20)
    relay = RelayProcess(settings)
    try:
        with Terminal(COMMAND, cwd=str(ROOT), environ=settings.to_environ()) as program:
            assert program.until(lambda: program.rows[0].endswith("P M S R C") and " – " not in program.rows[0], 60)
            _press(program, "gp", "5 found")
            _press(program, "/corsair vengence\r", "4 found", '"vengence" read as "vengeance"', "[ ] sort")
            # one facet in the overlay, its value found by a few letters
            _press(program, "f", "─ Facets", "Space choose")
            _press(program, "/mem", "/ mem▏", "…", "Memory")
            _press(program, " ", "/ corsair vengence category:Memory", "3 found")
            _press(program, ESC, "✗ category:Memory")
            _press(program, ESC, "[ ] sort")
            # the other typed, its value offered
            _press(program, "/ color:wh", "Color     White ", "Color     White / Gray")
            _press(program, "\t", "category:Memory color:White", "1 found")
            _press(program, "\r", "▸ RAM-2", "[ ] sort")
            # the attribute is changed in its editor, and saved at once
            _press(program, "a", "RAM-2 › Attributes", "▸   color")
            _press(program, "\r", "RAM-2: color", "^S keeps it")
            _press(program, f"{CLEAR}Grass green{SAVE}", "Grass green  was White", "1 change not saved")
            _press(program, SAVE, "1 attribute saved")
            _press(program, ESC, "/ corsair vengence category:Memory color:White")
            # and found under its new value, as soon as search has heard of it
            green = parse_query('color:"Grass green"')
            assert program.until(lambda: shop.stores.search.search(green).total == 1, 30)
            _press(program, CLEAR, "5 found")
            _press(program, "/vengence color:gras", "Color     Grass green")
            _press(program, "\t\r", 'vengence color:"Grass green"', "1 found", "▸ RAM-2")
    finally:
        relay.stop()
    assert get_product(shop.stores.mongo, "RAM-2").attributes["color"] == "Grass green"


def _press(program: Terminal, keys: str, *parts: str) -> None:
    """Send ``keys`` in one burst and wait until each of ``parts`` can be read."""
    program.send(keys)
    seen = program.until(lambda: all(part in program.text for part in parts), 30)
    assert seen, f"{parts} not on\n{program.text}"
