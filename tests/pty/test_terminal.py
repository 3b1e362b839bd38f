"""What leaves the program: few bytes, nothing while idle, nothing that data smuggles in; and it keeps whole."""

from __future__ import annotations

from statistics import median

from bench.support.terminal import Terminal

PAGE_DOWN, F2, F7, ESC, DOWN = "\x1b[6~", "\x1bOQ", "\x1b[18~", "\x1b", "\x1b[B"


def _median_size(terminal: Terminal, keys: list[str]) -> float:
    return median(terminal.react(key).size for key in keys)


def test_bytes_per_key_stay_in_the_budget(terminal: Terminal) -> None:
    """The gates of the design: cursor ≤ 400 B, typed character ≤ 300 B, page ≤ 6 KB, overlay ≤ 8 KB."""
    assert _median_size(terminal, [DOWN] * 9) <= 400
    assert _median_size(terminal, [PAGE_DOWN] * 5) <= 6_000
    assert terminal.react("a").size <= 8_000
    terminal.react(ESC)
    terminal.react("/")
    assert _median_size(terminal, list("corsair")) <= 300
    terminal.react(F7)
    assert _median_size(terminal, [F2, F7, F2, F7]) <= 6_000


def test_idle_sends_nothing(terminal: Terminal) -> None:
    """Neither a list nor a field with the focus sends a byte while nobody does anything."""
    for key in ("j", "/"):
        terminal.send(key)
        terminal.quiet(0.5)
        assert terminal.read(2.5) == b"", terminal.received[-200:]


def test_what_is_on_the_screen_is_what_a_full_repaint_shows(terminal: Terminal) -> None:
    """Sending only differences never leaves a wrong cell: after a walk through everything a repaint changes nothing."""
    walk = [
        "j",
        "j",
        PAGE_DOWN,
        "v",
        "jj",
        ESC,
        "G",
        "k",
        "/",
        "wörd 山",
        "\x7f",
        F7,
        ":",
        "theme",
        ESC,
        "?",
        PAGE_DOWN,
    ]
    for keys in [*walk, ESC, "a", ESC, F2, "  ", "gg", "g", ESC, "]", "\x1b[C"]:
        terminal.send(keys)
        terminal.quiet(0.3)
        shown = terminal.cells
        terminal.send("\x0c")  # ^L paints everything anew
        terminal.quiet(0.3)
        assert terminal.cells == shown, keys


def test_resizing_keeps_it_whole(terminal: Terminal) -> None:
    """80×24 → 200×60 → 80×24: the same screen, the same row under the bar."""
    terminal.send("jjj")
    assert terminal.until_text("▸ 0000003")
    terminal.quiet()
    before = terminal.rows
    terminal.resize(200, 60)
    assert terminal.until(lambda: terminal.rows[59] != "" and "▸ 0000003" in terminal.text), terminal.text
    terminal.quiet()
    assert terminal.rows[2] == "─" * 200
    assert "0000050" in terminal.text
    terminal.resize(80, 24)
    assert terminal.until(lambda: len(terminal.rows) == 24 and "/ filter" in terminal.rows[23]), terminal.text
    terminal.quiet()
    assert terminal.rows == before


def test_a_crash_in_a_handler_is_a_dialog_and_not_the_end(terminal: Terminal) -> None:
    """Something nobody foresaw: a sentence and a reference, and the list goes on afterwards."""
    terminal.send("jX")
    assert terminal.until_text("ZeroDivisionError: made on purpose"), terminal.text
    assert "Reference E-" in terminal.text
    terminal.send("\rj")
    assert terminal.until_text("▸ 0000002"), terminal.text
    assert terminal.process.poll() is None


def test_escape_never_quits_and_ctrl_q_does(terminal: Terminal) -> None:
    """Esc at the beginning of the trail does nothing; ^Q ends the program with code 0 and a clean terminal."""
    for _ in range(3):
        terminal.send(ESC)
        terminal.quiet(0.2)
    assert terminal.process.poll() is None
    terminal.send("\x11")
    assert terminal.until(lambda: terminal.process.poll() is not None)
    assert terminal.process.returncode == 0
    assert b"\x1b[?1049l" in terminal.received
