"""No byte of stored text acts on the terminal, whichever widget shows it and whichever theme is on."""

from __future__ import annotations

import base64
import re
import sys

import pytest

from bench.support.terminal import Terminal
from data.text import visible
from tests.hostile import HOSTILE
from tests.pty.inert import what_acts

from .conftest import ROOT


@pytest.mark.parametrize("theme", ["dark", "ansi-lean"])
def test_sixty_strings_in_every_widget_are_inert(theme: str) -> None:
    """Grid, sheet, facets, static, inputs, text area, header, rule, status, title, confirm, dialog."""
    command = [sys.executable, "-m", "tests.pty.hostile_app", theme]
    with Terminal(command, cwd=str(ROOT)) as program:
        assert program.until_text("n next", 30), program.text
        program.quiet()
        start = len(program.received)
        for at, text in enumerate(HOSTILE):
            program.send("n")
            assert program.until(lambda at=at: f"shown {at} " in program.rows[0], 20), (at, text, program.text)
            program.quiet(0.03)
            assert program.rows[2][:1] == "─", (at, program.text)  # the layout holds: rule, rule, keys where they were
            assert "n next" in program.rows[23], (at, program.text)
            if at % 9 == 0:
                program.send("a")
                assert program.until_text("Enter does it"), program.text
                program.send("\x1b")
                assert program.until(lambda: "Enter does it" not in program.text), program.text
                program.send("X")
                assert program.until_text("Reference E-"), program.text
                program.send("\r")
                program.quiet(0.03)
        assert what_acts(bytes(program.received), painted_from=start) == []
        assert program.process.poll() is None  # [@click=app.exit] and friends did nothing


def test_the_clipboard_gets_visible_text() -> None:
    """OSC 52 carries base64 of the cleaned text, never the stored bytes."""
    with Terminal([sys.executable, "-m", "tests.pty.hostile_app", "dark"], cwd=str(ROOT)) as program:
        assert program.until_text("n next", 30), program.text
        program.send("nc")
        assert program.until_text("clipboard"), program.text
        sent = re.findall(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", bytes(program.received))
        assert [base64.b64decode(data).decode() for data in sent] == [visible(HOSTILE[0])]


def test_the_check_itself_finds_what_acts() -> None:
    """The assertion above can fail."""
    assert what_acts(b"\x1b[31mred\x1b[0m\x1b[1;1Hhere\r\n") == []
    for text in ("\x1b]0;owned\x07", "\x1b[2K", "\x9b2J", "\u202ex", "\x00", "a" + "\u0301" * 9, "\u200b"):
        assert what_acts(text.encode()) != [], text
