"""A paste comes whole and presses nothing, wherever the terminal's bytes are cut."""

from __future__ import annotations

import pytest
from textual.events import Key, Paste

from tui.pasting import PasteParser

SENT = "a\x1b[200~1\x1b[31m2\t3\x1b\n4\x1bx\n\x1b[201~b\x1b[A\x1b[200~more\x1b[201~"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 1000])
def test_an_escape_character_neither_ends_a_paste_nor_becomes_keys(size: int) -> None:
    parser = PasteParser()
    heard = [one for at in range(0, len(SENT), size) for one in parser.feed(SENT[at : at + size])]
    told = [one.text if isinstance(one, Paste) else one.key for one in heard if isinstance(one, Paste | Key)]
    assert told == ["a", "1␛[31m2\t3␛\n4␛x\n", "b", "up", "more"]


def test_keys_are_keys_as_before() -> None:
    parser = PasteParser()
    sent = ("q", "\x1b[1;2B", "\x1b[", "B", "é", "\x1b[200", "~x\x1b[201~", "z")
    told = [one.text if isinstance(one, Paste) else one.key for data in sent for one in parser.feed(data)]  # type: ignore[attr-defined]
    assert told == ["q", "shift+down", "down", "é", "x", "z"]
