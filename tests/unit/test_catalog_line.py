"""The catalog's line: mending what can't be read, naming categories. No store is asked."""

from __future__ import annotations

import pytest

from data.search.language import parse_query
from screens.catalog.facets import category_choice, chips_of, without_chip
from screens.catalog.line import mended, serious


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("corsair brnd:Asus", "corsair brand:Asus"),
        ("-brnd:Asus x", "-brand:Asus x"),
        ("sort:pirce corsair", "sort:price corsair"),
        ("sort:-pirce", "sort:-price"),
        ("stock:inn", "stock:in"),
        ("price:9..5", "price:5..9"),
        ("spede:6000", "speed:6000"),
    ],
)
def test_what_was_meant_takes_the_place_of_what_was_typed(line: str, meant: str) -> None:
    problem = next(one for one in parse_query(line, attributes=["speed", "color"]).problems if one.suggestion)
    assert mended(line, problem) == meant
    assert parse_query(meant, attributes=["speed", "color"]).problems == ()


def test_what_is_still_being_typed_is_not_wrong_yet() -> None:
    problems = parse_query("corsair price:", attributes=["speed"]).problems
    assert problems
    assert serious(problems, len("corsair price:")) == ()
    assert serious(problems, 3) == problems


def test_chips_are_the_filters_and_the_words_left_out() -> None:
    query = parse_query('corsair -used brand:Asus,MSI -color:"Off White"')
    chips = chips_of(query)
    assert [chip.text for chip in chips] == ["-used", "brand:Asus,MSI", '-color:"Off White"']
    for chip in chips:
        query = without_chip(query, chip.key)
    assert query == parse_query("corsair")


def test_a_category_is_named_by_as_little_as_tells_it() -> None:
    paths = ("Parts", "Parts > Cables", "Audio", "Audio > Cables", "Audio > Amps")
    assert category_choice("Audio > Amps", paths) == "Amps"
    assert category_choice("Audio > Cables", paths) == "Audio > Cables"
    assert category_choice("Audio > New", paths) == "New"
