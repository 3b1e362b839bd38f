"""Keys sent in one write reach what they were meant for, wherever one is and whatever is not mounted yet."""

from __future__ import annotations

import random
import string

import pytest

from bench.support.terminal import Terminal

from .conftest import COMMAND, ROOT

F2, F7, ESC = "\x1bOQ", "\x1b[18~", "\x1b"
#: keys that lead into a state one may be in when the burst comes
STATES = {
    "list": F2,
    "query": F2 + "/",
    "other screen": F7,
    "other query": F7 + "/",
    "key sheet": F2 + "?",
    "palette": F2 + ":",
    "palette, typed into": F2 + ":the",
    "confirm": F2 + "a",
    "row far down": F2 + "G",
}
RUNS_PER_PROCESS = 20


def _query_holds(program: Terminal, word: str) -> bool:
    return program.until(lambda: "Catalog" in program.rows[0] and program.rows[1] == f"/ {word}", 10)


@pytest.mark.parametrize("start", range(5))
def test_a_burst_from_any_screen_loses_no_key(start: int) -> None:
    """F7, slash and 20 characters in one write: 5 processes × 20 runs, the first of each before the screen exists."""
    dice = random.Random(start)
    with Terminal(COMMAND, cwd=str(ROOT)) as program:
        assert program.until_text("0000003", 30), program.text
        program.quiet()
        for run in range(RUNS_PER_PROCESS):
            state = dice.choice(list(STATES)) if run else "list"
            if run:
                program.send(STATES[state])
                program.quiet(0.05)
            word = "".join(dice.choices(string.ascii_letters + string.digits + "gj:?/a", k=20))
            program.send(F7 + "/" + word)
            assert _query_holds(program, word), (run, state, word, program.rows[:2])
            program.send("\x15")  # ^U empties the field for the next run
            assert program.until(lambda: program.rows[1] == "/"), program.rows[:2]


def test_a_burst_right_after_the_start_waits_for_the_screen() -> None:
    """Typed before the program has painted anything: nothing is lost either."""
    with Terminal(COMMAND, cwd=str(ROOT)) as program:
        assert program.until(lambda: b"\x1b[?1049h" in program.received, 30)
        program.send(F7 + "/early birds")
        assert _query_holds(program, "early birds"), program.rows[:3]


def test_the_letter_twin_and_a_scan(terminal: Terminal) -> None:
    """``g p`` is two keys; a scanner's 13 digits and Enter come in one write."""
    code = "4006381333931"
    terminal.send(f"gp/{code}\r")
    assert _query_holds(terminal, code), terminal.rows[:2]


def test_bracketed_paste_keeps_its_place(terminal: Terminal) -> None:
    """A paste between keys arrives between them."""
    terminal.send(F7 + "/ab" + "\x1b[200~PASTED\x1b[201~" + "cd")
    assert _query_holds(terminal, "abPASTEDcd"), terminal.rows[:2]


def test_letters_into_a_dialog_that_opens(terminal: Terminal) -> None:
    """The palette's key and a word in one write: the word is in the palette."""
    terminal.send(":theme")
    assert terminal.until_text(": theme"), terminal.text
    assert terminal.until_text("The next of the four themes"), terminal.text


def test_pages_asked_for_in_one_write_are_all_turned(terminal: Terminal) -> None:
    """50 × PageDown at once, over pages that are not fetched yet, ends 50 screens down."""
    terminal.send("\x1b[6~" * 50)
    assert terminal.until_text(f"▸ {50 * 17:07d}"), terminal.text
