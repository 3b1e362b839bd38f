"""Synonyms, corrections, facets: what needs no index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.search.analysis import value_key
from data.search.facets import PRICE_BOUNDS, build, commonest, label_of, merged, price_value
from data.search.histogram import histogram, price_histogram
from data.search.query import Between, SearchQuery, as_choice
from data.search.terms import sortable
from data.search.words import edits, is_known, nearest, nearest_beginnings, read_synonyms, synonyms

WORDS = {"vengeance": 90, "corsair": 300, "card": 50, "cards": 20, "fan": 9, "memory": 4, "gaming": 70, "gamma": 2}


class Shelf:
    """A vocabulary of a few words: an index in everything a correction asks of one."""

    def frequency(self, field: str, text: str) -> int:
        return WORDS.get(text, 0) if field == "spelling" else 0

    def begins(self, field: str, prefix: str) -> bool:
        return any(word.startswith(prefix) for word in WORDS)

    def spellings(self) -> Sequence[tuple[str, int]]:
        return list(WORDS.items())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("vengence", ("vengeance",)),
        ("vngeence", ("vengeance",)),
        ("corsiar", ("corsair",)),
        ("crd", ()),
        ("crad", ("card",)),
        ("gamimg", ("gaming",)),
        ("gamia", ("gamma",)),
        ("fam", ()),
        ("rtx4o70", ()),
        ("4071", ()),
        ("xylophone", ()),
    ],
)
def test_the_nearest_word_is_meant(typed: str, meant: tuple[str, ...]) -> None:
    assert nearest(Shelf(), typed) == meant


def test_one_edit_from_four_letters_two_from_eight_none_in_numbers() -> None:
    assert [edits(word) for word in ("abc", "abcd", "abcdefg", "abcdefgh", "4070", "ab12")] == [0, 1, 1, 2, 0, 0]


def test_a_word_is_never_its_own_correction_nor_its_plural() -> None:
    assert "card" not in nearest(Shelf(), "card")
    assert nearest(Shelf(), "cards") == ()
    assert is_known(Shelf(), "card")
    assert not is_known(Shelf(), "crad")


def test_a_beginning_is_near_to_beginnings() -> None:
    assert nearest_beginnings(Shelf(), "vemgea") == ("vengeance",)
    assert nearest_beginnings(Shelf(), "vemg") == ()


def test_synonyms_go_both_ways_or_one() -> None:
    table = read_synonyms(["# nothing", "gpu, graphics cards, Video Card # trailing", "", "ssd => solid state drive"])
    assert set(table[("gpu",)]) == {("graphic", "card"), ("video", "card")}
    assert table[("video", "card")] == (("gpu",), ("graphic", "card"))
    assert table[("ssd",)] == (("solid", "state", "drive"),)
    assert ("solid", "state", "drive") not in table


@pytest.mark.parametrize("line", ["alone", "=> x", "x =>", "a b c d, e"])
def test_a_line_without_meaning_is_refused_by_number(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        read_synonyms(["# first", line])


def test_the_shipped_synonyms_are_read() -> None:
    assert ("graphic", "card") in synonyms()[("gpu",)]
    assert all(phrase not in others for phrase, others in synonyms().items())


# -- facets


VALUES = st.sampled_from(
    ["Black", "black", "BLACK", "White", "32 GB", "32gb", "9 GB", "16 GB", "Ärger", "arger", "5", "5.0"]
)


@given(st.dictionaries(VALUES, st.integers(1, 50)))
def test_spellings_are_added_up_and_nothing_is_lost(counts: dict[str, int]) -> None:
    expected: Counter[str] = Counter()
    for value, count in counts.items():
        expected[value_key(value)] += count
    found = merged(list(counts.items()))
    assert {value_key(value): count for value, count in found} == dict(expected)
    for value, _ in found:
        assert counts[value] == max(count for other, count in counts.items() if value_key(other) == value_key(value))


@given(st.lists(st.tuples(st.text(max_size=5), st.integers(1, 9)), unique_by=lambda one: one[0]), st.integers(1, 6))
def test_the_commonest_are_the_head_of_the_whole_order(values: list[tuple[str, int]], limit: int) -> None:
    assert commonest(values, limit) == commonest(values, max(len(values), 1))[:limit]


def test_equal_counts_are_in_natural_order() -> None:
    assert [value for value, _ in commonest([("16 GB", 1), ("9 GB", 1), ("128 GB", 1), ("8", 2)], 9)] == [
        "8",
        "9 GB",
        "16 GB",
        "128 GB",
    ]


def test_what_is_chosen_is_shown_found_or_not() -> None:
    query = SearchQuery().toggle("color", "pink").toggle("color", "rare")
    counts = [(f"c{number}", 50 - number) for number in range(20)] + [("Rare", 1)]
    facet = build(query, "color", counts, "Color", limit=15)
    assert [(value.value, value.count) for value in facet.values if value.chosen] == [("Rare", 1), ("pink", 0)]
    assert len(facet.values) == 17
    assert facet.more == 5


def test_price_ranges_touch_and_never_overlap() -> None:
    ranges = [as_choice("price", price_value(place)) for place in range(len(PRICE_BOUNDS))]
    assert all(isinstance(one, Between) for one in ranges)
    ends = [(one.low, one.high) for one in ranges if isinstance(one, Between)]
    assert ends[-1][1] is None
    for (_, high), (low, _) in pairwise(ends):
        assert high is not None
        assert low is not None
        assert str(low - high) == "0.01"


def test_labels_are_as_written_or_made_readable() -> None:
    assert label_of("brand") == "Brand"
    assert label_of("max_memory", "max_memory") == "Max memory"
    assert label_of("tdp", "TDP") == "TDP"
    assert label_of("memory.speed", "memory.speed") == "Memory: speed"
    assert label_of("attributes.price") == "Price"


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_sortable_numbers_sort_as_the_numbers_do(left: float, right: float) -> None:
    assert (sortable(left) < sortable(right)) == (left < right)
    assert (sortable(left) == sortable(right)) == (left == right)


# -- numbers


def test_many_numbers_are_spread_over_round_bounds_and_none_is_lost() -> None:
    counts = [(str(watts), watts) for watts in range(300, 1_300, 50)]
    spread = histogram(counts)
    assert spread is not None
    assert sum(spread.counts) == sum(count for _, count in counts)
    assert len(spread.bounds) == len(spread.counts) + 1 <= 17
    assert spread.bounds[0] <= 300
    assert spread.bounds[-1] > 1_250
    for value, count in counts:
        inside = [at for at, low in enumerate(spread.bounds[:-1]) if low <= int(value) < spread.bounds[at + 1]]
        assert len(inside) == 1
        assert spread.counts[inside[0]] >= count


def test_far_apart_numbers_get_bounds_that_grow() -> None:
    spread = histogram([(str(2**power), 1) for power in range(14)])
    assert spread is not None
    assert spread.bounds[:4] == (1, 2, 5, 10)
    assert sum(spread.counts) == 14


def test_of_a_list_that_position_is_spread_that_a_range_can_mean() -> None:
    speeds = [(f"{generation}×{speed}", 1) for generation in (4, 5) for speed in range(3_200, 6_400, 400)]
    spread = histogram(speeds)
    assert spread is not None
    assert spread.bounds[0] >= 3_000
    overlapping = [(f"{count}×{size}", 1) for count in (1, 2, 4) for size in (2, 4, 8, 16)]
    assert histogram(overlapping) is None


def test_words_and_few_numbers_have_no_histogram() -> None:
    assert histogram([(word, 3) for word in "abcdefghij"]) is None
    assert histogram([(str(number), 3) for number in range(5)]) is None
    assert histogram([]) is None


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), max_size=40))
def test_no_numbers_break_a_histogram(numbers: list[float]) -> None:
    spread = histogram([(f"{number:.17g}", 1) for number in numbers])
    if spread is not None:
        assert sum(spread.counts) == len(numbers)
        assert list(spread.bounds) == sorted(set(spread.bounds))


def test_prices_without_a_product_at_the_ends_are_left_out() -> None:
    spread = price_histogram((0, 10, 25, 50), (0, 3, 0, 2))
    assert spread is not None
    assert (spread.bounds, spread.counts, spread.open_end) == ((10, 25, 50, 100), (3, 0, 2), True)
    assert price_histogram((0, 10, 25, 50), (0, 3, 0, 0)) is None


# -- the tree of categories


def test_a_category_takes_the_place_of_those_around_it() -> None:
    query = SearchQuery().toggle("category", "Parts").toggle("category", "Parts > Memory")
    assert query.choices("category") == ("Parts > Memory",)
    assert query.has("category", "Parts > Memory")
    assert not query.has("category", "Parts")
    assert query.toggle("category", "Parts").choices("category") == ("Parts",)
    beside = query.toggle("category", "Parts > Cables")
    assert beside.choices("category") == ("Parts > Memory", "Parts > Cables")


def test_a_category_is_the_same_by_its_name_alone() -> None:
    query = SearchQuery().toggle("category", "memory")
    assert query.has("category", "Parts > Memory")
    assert not query.has("category", "Parts > Memory > Sticks")
    assert query.toggle("category", "Parts > Memory") == SearchQuery()
    facet = build(query, "category", [("Parts", 5), ("Parts > Memory", 3)], "Category", limit=15)
    assert [(value.value, value.chosen) for value in facet.values] == [("Parts", False), ("Parts > Memory", True)]
