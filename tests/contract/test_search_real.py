"""The real PC parts: odd names, lists, nulls. Every engine must count what brute force counts, and answer at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from bench.support.products import sample_documents
from data.search.engine import SearchDocument, SearchEngine
from data.search.language import format_query, parse_query
from tests.contract.search_oracle import Oracle
from tests.contract.test_search import ENGINES, MOST_MS, all_ids, check_facet, opened

DATA = Path(__file__).parents[3] / "shared" / "data"
KINDS = {"Memory", "Keyboards", "Monitors"}

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"the PC parts are not here: no {DATA}")


@pytest.fixture(scope="module")
def documents() -> list[SearchDocument]:
    """Every third product of three kinds with lists, flags and numbers: some thousands."""
    _, everything = sample_documents()
    kept = [one for one in everything if one.category[-1] in KINDS][::3]
    assert len(kept) > 5_000
    return kept


@pytest.fixture(scope="module", params=list(ENGINES))
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, documents: list[SearchDocument]
) -> Iterator[SearchEngine]:
    with opened(ENGINES[request.param](tmp_path_factory.mktemp(request.param))) as engine:
        assert engine.put_many(documents) == len(documents)
        engine.commit()
        yield engine


@pytest.fixture(scope="module")
def oracle(documents: list[SearchDocument]) -> Oracle:
    return Oracle(documents)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "corsair vengeance color:White",
        "corsair vengeance speed:5000..6400 -color:White",
        "brand:Corsair,G.Skill modules:2×16 price:50..150",
        'category:Keyboards tenkeyless:yes backlit:RGB "connection_type":Wired',
        "category:Monitors resolution:3840×2160 refresh_rate:>=120 stock:>0",
        "screen_size:27..32 panel_type:IPS,OLED sort:-price",
        "black -brand:Corsair cas_latency:16,18",
        "stock:low price:..20",
    ],
)
def test_hits_and_counts_are_those_of_brute_force(engine: SearchEngine, oracle: Oracle, line: str) -> None:
    query = parse_query(line, attributes=engine.attribute_names())
    assert query.problems == ()
    result = engine.search(query)
    assert result.total > 0
    assert sorted(all_ids(engine, query, limit=500)) == sorted(oracle.found(query)), format_query(query)
    assert result.total == len(oracle.found(query))
    assert len(result.facets) > 5
    for facet in result.facets:
        check_facet(facet, oracle, query)


@pytest.mark.parametrize("line", ["category:Monitors", "category:Memory price:50..400", "corsair"])
def test_the_bars_of_a_facet_hold_the_products_with_such_numbers(
    engine: SearchEngine, oracle: Oracle, line: str
) -> None:
    query = parse_query(line, attributes=engine.attribute_names())
    spread = {facet.name: facet.histogram for facet in engine.search(query).facets if facet.histogram}
    assert len(spread) > 1
    for name, histogram in spread.items():
        numbers = oracle.numbers(query, name)
        ends = [*histogram.bounds[:-1], math.inf if histogram.open_end else histogram.bounds[-1]]
        bars = [sum(low <= number < high for number in numbers) for low, high in pairwise(ends)]
        assert list(histogram.counts) == bars, name
        assert sum(bars) == len(numbers), name


def test_the_line_of_the_issue_is_read(engine: SearchEngine) -> None:
    line = "corsair brand:Corsair price:50..200 stock:>0 memory.speed:5,6000 -color:white sort:-price"
    query = parse_query(line, attributes=engine.attribute_names())
    assert query.problems == ()
    result = engine.search(query)
    assert result.total > 0
    assert any("5×6000" in note for note in result.notes)
    prices = [hit.price for hit in result.hits if hit.price is not None]
    assert prices == sorted(prices, reverse=True)


def test_a_search_with_facets_is_fast(engine: SearchEngine) -> None:
    query = parse_query("corsair vengeance color:White")
    assert min(engine.search(query).took_ms for _ in range(5)) <= MOST_MS
