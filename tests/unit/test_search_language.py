"""The filter line: it reads what it writes, and marks what it cannot read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import Invalid
from data.search.analysis import value_key
from data.search.engine import Unheard
from data.search.language import (
    FIXED_FIELDS,
    SORTS,
    STOCK_STATES,
    Between,
    Filter,
    SearchQuery,
    field_key,
    format_filter,
    format_query,
    parse_filter,
    parse_query,
)

NUMBERS = st.decimals(min_value=-10_000, max_value=10_000, allow_nan=False, allow_infinity=False, places=2)


@st.composite
def ranges(draw: st.DrawFn) -> Between:
    low, high = draw(st.none() | NUMBERS), draw(st.none() | NUMBERS)
    if low is None and high is None:
        low = Decimal(1)
    made = Between(low, high, low is not None and draw(st.booleans()), high is not None and draw(st.booleans()))
    if made.is_empty:
        made = Between(min(low, high), max(low, high)) if low is not None and high is not None else made
    return made


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    name = field_key(draw(st.sampled_from([*FIXED_FIELDS, "color", "memory.speed", "3d mark"]) | st.text(min_size=1)))
    texts = st.text(min_size=1)
    if name == "price":
        choices = ranges()
    elif name == "stock":
        choices = ranges() | st.sampled_from(STOCK_STATES)
    else:
        choices = texts if name in FIXED_FIELDS else texts | ranges()
    made = draw(
        st.lists(choices, min_size=1, max_size=4, unique_by=lambda c: value_key(c) if isinstance(c, str) else c)
    )
    return Filter(name, tuple(made), draw(st.booleans()))


@st.composite
def queries(draw: st.DrawFn) -> SearchQuery:
    words = st.text(min_size=1).map(str.split).map(" ".join)
    kept = draw(st.lists(filters(), max_size=4, unique_by=lambda one: (one.field, one.negated)))
    return SearchQuery(
        text=draw(words | st.just("")),
        excluded=tuple(draw(st.lists(st.text(min_size=1), max_size=3, unique=True))),
        filters=tuple(one for one in kept if one.field != "sort"),
        sort=draw(st.sampled_from(list(SORTS))),
    )


@given(queries())
def test_what_is_written_reads_back_equal(query: SearchQuery) -> None:
    line = format_query(query)
    read = parse_query(line)
    assert read == query, line
    assert read.problems == ()
    assert format_query(read) == line


@given(st.text(max_size=200) | st.text(alphabet='ab :,"-.<>=\\05', max_size=40))
def test_any_line_is_read_and_settles(line: str) -> None:
    read = parse_query(line)
    again = parse_query(format_query(read))
    assert again == read
    assert again.problems == ()
    for problem in read.problems:
        assert 0 <= problem.start < problem.end <= len(line)


def test_the_line_of_the_manual() -> None:
    line = 'corsair vengeance brand:Corsair,Crucial price:50..100 stock:>0 memory.speed:5,6000 color:"Off White"'
    read = parse_query(line + " -color:white -used sort:-price status:active")
    assert read.problems == ()
    assert read == SearchQuery(
        "corsair vengeance",
        ("used",),
        (
            Filter("brand", ("Corsair", "Crucial")),
            Filter("price", (Between(Decimal(50), Decimal(100)),)),
            Filter("stock", (Between(Decimal(0), None, low_open=True),)),
            Filter("memory.speed", ("5", "6000")),
            Filter("color", ("Off White",)),
            Filter("color", ("white",), negated=True),
            Filter("status", ("active",)),
        ),
        "-price",
    )


@pytest.mark.parametrize(
    ("line", "marked", "said", "suggestion"),
    [
        ("corsair sort:pric", "pric", "no order", "price"),
        ("price:cheap", "cheap", "no price", ""),
        ("price:100..50", "100..50", "empty range", "50..100"),
        ("ram stock:lo", "lo", "no stock state", "low"),
        ("clor:white", "clor:", "no product has", "color"),
        ("ram color:", "color:", "no value yet", ""),
        ("price:>10 price:<5", "price:<5", "the bound before", ""),
        ("price:50-60", "50-60", "no price", "50..60"),
        ("price:€50..€60", "€50..€60", "no price", "50..60"),
        ("price:50€", "50€", "no price", "50"),
        ("price:1e3", "1e3", "no price", ""),
        ("stock:none", "none", "no stock state", "out"),
        ("memory.speed:>65W", ">65W", "no range", ">65"),
        ("memory.speed:500MHz..600mhz", "500MHz..600mhz", "without units", "500..600"),
        ("memory.speed:500GB..1TB", "500GB..1TB", "without units", ""),
        ("sort:cheapest", "cheapest", "no order", "price"),
        ("title:corsair ram", "title:corsair", "without title:", "corsair"),
        ("color:" + "x," * 200 + "y", "y", "too many", ""),
    ],
)
def test_a_problem_is_marked_in_its_place(line: str, marked: str, said: str, suggestion: str) -> None:
    (problem,) = parse_query(line, attributes=["color", "memory.speed"]).problems
    assert line[problem.start : problem.end] == marked
    assert said in problem.message
    assert problem.suggestion == suggestion


def test_what_only_looks_like_a_range_is_a_value_in_quotes() -> None:
    query = SearchQuery().toggle("color", ">65W").toggle("color", "1..a")
    assert format_query(query) == 'color:">65W","1..a"'
    assert parse_query(format_query(query), attributes=["color"]) == query
    assert parse_query('color:">65W"', attributes=["color"]).problems == ()


def test_a_value_that_a_search_knew_nothing_of_is_marked_and_stays_in_the_query() -> None:
    line = 'ram -brand:x color:"Of Whit",red'
    heard = parse_query(line, unheard=[Unheard("color", "Of Whit", "Off White"), Unheard("color", "blue", "")])
    assert heard == parse_query(line)
    (marked,) = heard.problems
    assert line[marked.start : marked.end] == '"Of Whit"'
    assert marked.suggestion == '"Off White"'


def test_a_categorys_attribute_is_no_unknown_name() -> None:
    assert parse_query("memory.speed:5,6000 brand:Corsair", attributes=["speed"]).problems == ()
    assert parse_query("memory.sped:5", attributes=["speed"]).problems != ()


def test_a_problem_leaves_the_rest_standing_and_stops_a_program() -> None:
    read = parse_query("corsair price:cheap brand:Corsair")
    assert read == parse_query("corsair brand:Corsair")
    with pytest.raises(Invalid, match="no price"):
        read.checked("filter")
    assert parse_query("corsair").checked() == SearchQuery("corsair")


@pytest.mark.parametrize(
    ("line", "text"),
    [('27" monitor', '27" monitor'), ("16:9 screen", "16:9 screen"), ('"brand:x"', "brand:x"), ("a - b", "a - b")],
)
def test_words_stay_words(line: str, text: str) -> None:
    assert parse_query(line) == SearchQuery(text)


def test_names_are_read_in_any_case_and_by_alias() -> None:
    assert parse_query("BRAND:Corsair") == parse_query("maker:Corsair")
    assert parse_query('"Max Memory":64') == parse_query("max_memory:64")
    assert parse_query("attributes.price:12").filters[0].field == "attributes.price"
    assert parse_query("attributes.color:red") == parse_query("color:red")


def test_values_of_one_field_are_alternatives_and_bounds_a_range() -> None:
    assert parse_query("brand:A brand:B brand:a") == parse_query("brand:A,B")
    assert parse_query("price:>5 price:<=10") == parse_query("price:>5<=10")
    assert parse_query("price:<=10 price:>5") == parse_query("price:>5<=10")
    assert parse_query("price:5..10,20..30").choices("price") == (
        Between(Decimal(5), Decimal(10)),
        Between(Decimal(20), Decimal(30)),
    )


def test_the_panel_edits_the_same_query() -> None:
    query = SearchQuery("ram").toggle("brand", "Corsair").toggle("Brand", "Crucial").toggle("price", "50..99.99")
    assert format_query(query) == "ram brand:Corsair,Crucial price:50..99.99"
    assert query.has("brand", "corsair")
    assert query.has("price", "50..99.99")
    query = query.toggle("brand", "corsair").with_range("speed", 5000, None).with_sort("-price")
    assert format_query(query) == "ram brand:Crucial price:50..99.99 speed:5000.. sort:-price"
    assert query.toggle("brand", "Crucial").without("price").with_range("speed", None, None) == SearchQuery(
        "ram", sort="-price"
    )
    with pytest.raises(ValueError, match="no order"):
        query.with_sort("nonsense")


@given(queries(), st.sampled_from(["brand", "color", "stock"]), st.sampled_from(["in", "low", "out"]))
def test_toggling_twice_changes_nothing(query: SearchQuery, name: str, value: str) -> None:
    twice = query.toggle(name, value).toggle(name, value)
    assert {(one.field, one.negated): set(one.choices) for one in twice.filters} == {
        (one.field, one.negated): set(one.choices) for one in query.filters
    } or query.has(name, value)
    assert query.toggle(name, value).has(name, value) != query.has(name, value)


@pytest.mark.parametrize(
    ("option", "line"),
    [
        ("color=White", "color:White"),
        ("color=Off White", 'color:"Off White"'),
        ("Max Memory = 32 GB, 64 GB", 'max_memory:"32 GB","64 GB"'),
        ("-price=50..100", "-price:50..100"),
        ("price>=10", "price:10.."),
        ("stock=>0", "stock:>0"),
        ('color="a,b",c', 'color:"a,b",c'),
        ("brand:Corsair,Crucial", "brand:Corsair,Crucial"),
    ],
)
def test_a_filter_option_needs_no_quotes(option: str, line: str) -> None:
    assert format_filter(parse_filter(option)) == line
    assert SearchQuery(filters=(parse_filter(option),)) == parse_query(line)


@pytest.mark.parametrize("option", ["", "white", "color=", "=white", "price=cheap", "sort=price", "price=9..1"])
def test_what_is_no_filter_is_refused(option: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_filter(option)
    assert set(caught.value.fields) == {"filter"}


@given(ranges(), NUMBERS)
def test_a_range_holds_what_lies_between(wanted: Between, number: Decimal) -> None:
    above = wanted.low is None or number > wanted.low or (number == wanted.low and not wanted.low_open)
    below = wanted.high is None or number < wanted.high or (number == wanted.high and not wanted.high_open)
    assert (number in wanted) == (above and below)
