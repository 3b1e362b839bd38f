"""What a product becomes in an index: each value by its own kind, one answer however often it was asked before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.search.analysis import atoms, said, tokens
from data.search.engine import AttributeScalar, SearchDocument
from data.search.terms import MAX_VALUE, index_fields


def _document(attributes: Mapping[str, AttributeScalar | Sequence[AttributeScalar]]) -> SearchDocument:
    return SearchDocument("p", 1, "SKU-1", "A thing", attributes=attributes)


@pytest.mark.parametrize("order", list(permutations([1, True, "1"])))
def test_equal_values_of_different_kinds_are_told_apart(order: tuple[AttributeScalar, ...]) -> None:
    found = {(type(value), type(value) is bool): index_fields(_document({"wireless": value})) for value in order}
    whole, flag, text = found[int, False], found[bool, True], found[str, False]
    assert whole.facets["wireless"] == text.facets["wireless"] == ["1"]
    assert flag.facets["wireless"] == ["yes"]
    assert whole.numbers
    assert not flag.numbers
    assert not text.numbers
    mixed = [index_fields(_document({"wireless": [value, 2]})).facets["wireless"] for value in (1, True, "1")]
    assert mixed == [["1×2"], ["yes", "2"], ["1", "2"]]


def test_attributes_that_are_asked_for_by_one_name_are_one() -> None:
    fields = index_fields(_document({"Max Memory": ["32 GB", "64 GB"], "max_memory": ["64gb", 128]}))
    assert fields.facets["max_memory"] == ["32 GB", "64 GB", "128"]
    assert len(fields.numbers["max_memory"]) == 1
    assert fields.attributes == ("max_memory",)


def test_prose_is_found_by_its_words_and_is_no_value() -> None:
    fields = index_fields(_document({"note": "long words " * MAX_VALUE}))
    assert "note" not in fields.facets
    assert fields.attributes == ("note",)
    assert "words" in fields.text["attributes"].split()


@given(st.text(alphabet="aAbS019.-x× ü/Ti\u0301'\"", max_size=40))
def test_the_text_of_an_index_is_the_tokens_whether_or_not_they_are_remembered(text: str) -> None:
    told = " ".join(token.text for token in tokens(text))
    assert said(text) == said(text) == said(text, common=False)
    assert sorted(said(text).tokens.split()) == sorted(told.split())
    assert said(text).atoms == atoms(text)
