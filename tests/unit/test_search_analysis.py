"""The analyser: what a product says and what a person types must meet in the same tokens."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.search.analysis import atoms, code_key, fold, is_measure, name_key, singular, spans, tokens, value_key


def words(text: str) -> set[str]:
    return {token.text for token in tokens(text)}


def finds(query: str, text: str) -> bool:
    """Whether every word of the query is in the text, joined or in its pieces: what a plan asks for."""
    have = words(text)
    return all(
        "".join(word) in have or (not is_measure(word) and {singular(piece) for piece in word} <= have)
        for word in atoms(query)
    )


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("rtx4070", "Asus GeForce RTX 4070 Ti"),
        ("rtx 4070", "Asus RTX4070 OC"),
        ("4070ti", "GeForce RTX 4070 Ti Super"),
        ("rtx4070ti", "GeForce RTX 4070Ti"),
        ("32gb", "Corsair Vengeance 32 GB"),
        ("32 GB", "Corsair Vengeance 32GB"),
        ("32 gigabytes", "Corsair Vengeance 32-GB kit"),
        ("27 inch", 'Dell 27" IPS'),
        ('27"', "Dell 27-inch IPS"),
        ("27in", "Dell 27 inches"),
        ("nfa12x25", "Noctua NF-A12x25 PWM"),
        ("NF-A12x25", "Noctua NFA12X25"),
        ("a12x25", "Noctua NF-A12x25"),
        ("wifi 6e", "TP-Link Wi-Fi 6E card"),
        ("wi-fi", "TP-Link WiFi card"),
        ("2x16", "Kit 2×16"),
        ("fan", "three case fans"),
        ("fans", "one case fan"),
        ("battery", "batteries included"),
        ("glasses", "a glass"),
        ("boxes", "box"),
        ("aeroskobing", "Ærøskøbing"),
        ("STRASSE", "Straße"),
        ("cafe", "Cafe\u0301"),
        ("café", "CAFE"),
        ("oneil", "O'Neil & Sons"),
        ("usb 3.2", "USB 3.2 Gen 2"),
        ("blackshark", "Razer BlackShark V2"),
        ("shark", "Razer BlackShark V2"),
        ("iphone15", "iPhone 15 Pro"),
        ("802.11ac", "802.11 ac"),
    ],
)
def test_finds(query: str, text: str) -> None:
    assert finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("32gb", "16 GB, 32 mm"),
        ("32gb", "320 GB"),
        ("3.2", "32"),
        ("4070", "4071"),
        ("ban", "banana"),
        ("bus", "bu"),
        ("32gb", "32 cards of 16 GB"),
    ],
)
def test_does_not_find(query: str, text: str) -> None:
    assert not finds(query, text)


@pytest.mark.parametrize("word", ["glass", "bus", "chassis", "gas2", "dvs"])
def test_singular_leaves_what_only_looks_like_a_plural(word: str) -> None:
    assert singular(word) == word


def test_names_and_values_have_one_spelling() -> None:
    assert name_key("Max Memory") == name_key("max_memory") == name_key(" MAX-memory ") == "max_memory"
    assert name_key("memory.Speed") == "memory.speed"
    assert name_key("a.b$c") == "a.b_c"
    assert name_key("🎨") != name_key("🎸")
    assert value_key("32 GB") == value_key("32gb")
    assert value_key("5.0") == value_key("5")
    assert value_key("50") == "50"
    assert value_key("True") == value_key("yes")
    assert value_key("Off  White") == value_key("off white")
    assert code_key("RAM-0412") == code_key(" ram 0412 ")


def test_spans_are_where_the_words_stand() -> None:
    text = "Corsair Vengeance 32 GB Café"
    found = [text[start:end] for start, end in spans(text, ["32gb", "cafe"], prefix="veng")]
    assert found == ["Vengeance", "32 GB", "Café"]


@given(st.text(max_size=80))
def test_any_text_gives_clean_tokens(text: str) -> None:
    for token in tokens(text):
        assert token.text == fold(token.text)
        assert token.text
        assert not any(map(str.isspace, token.text))
        assert 0 <= token.start < token.end <= len(text)


@given(st.text(max_size=80))
def test_a_text_finds_itself(text: str) -> None:
    assert finds(text, text)


@given(st.text(max_size=40))
def test_keys_are_stable(text: str) -> None:
    assert name_key(name_key(text)) == name_key(text)
    assert value_key(value_key(text)) == value_key(text)


@given(st.lists(st.text(max_size=10), max_size=4), st.text(max_size=60))
def test_spans_never_touch(terms: list[str], text: str) -> None:
    found = spans(text, terms)
    assert all(left[1] < right[0] for left, right in pairwise(found))
