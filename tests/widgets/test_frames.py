"""Only what differs is sent, and the terminal ends up showing exactly what a full repaint would."""

from __future__ import annotations

import io

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from tui.frames import FrameMemory

WIDTH, HEIGHT = 24, 5
SIZE = Size(WIDTH, HEIGHT)
#: where one widget ends and the next begins; Textual cuts lines there, so no wide character lies across it
CUT = 11
CONSOLE = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=WIDTH)
STYLES = (
    Style.parse("#d0d7de on #0d1117"), Style.parse("bold #ff7b72 on #0d1117"), Style.parse("#0d1117 on #c9d1d9"),
    Style.parse("underline #d0d7de on #0d1117"), Style.parse("red"), Style.parse("reverse"), Style.parse("on blue"),
)  # fmt: skip


@st.composite
def strips(draw: st.DrawFn, width: int) -> Strip:
    segments: list[Segment] = []
    room = width
    while room:
        text = draw(st.text("ab  .山e", min_size=1, max_size=8))
        segment = Segment(text, draw(st.sampled_from(STYLES)))
        taken = Strip([segment]).crop(0, room)
        segments += list(taken)
        room -= taken.cell_length
    return Strip(segments, width)


@st.composite
def updates(draw: st.DrawFn) -> CompositorUpdate:
    if draw(st.booleans()):
        rows = [[draw(strips(CUT)), draw(strips(WIDTH - CUT))] for _ in range(HEIGHT)]
        return LayoutUpdate(rows, Region(0, 0, WIDTH, HEIGHT))
    ends = [[CUT, WIDTH] for _ in range(HEIGHT)]
    chops: list[dict[int, Strip | None]] = [
        {0: draw(st.one_of(st.none(), strips(CUT))), CUT: draw(st.one_of(st.none(), strips(WIDTH - CUT)))}
        for _ in range(HEIGHT)
    ]
    lines = draw(st.lists(st.integers(0, HEIGHT - 1), min_size=1, unique=True))
    return ChopsUpdate(chops, [(y, 0, WIDTH) for y in sorted(lines)], ends)


def _screen() -> tuple[pyte.Screen, pyte.Stream]:
    screen = pyte.Screen(WIDTH, HEIGHT)
    return screen, pyte.Stream(screen)


def _cells(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    return [
        [(c.data, c.fg, c.bg, c.bold, c.underscore, c.reverse) for c in (screen.buffer[y][x] for x in range(WIDTH))]
        for y in range(HEIGHT)
    ]


FULL = LayoutUpdate(
    [[Strip([Segment(" " * WIDTH, STYLES[0])], WIDTH)] for _ in range(HEIGHT)], Region(0, 0, WIDTH, HEIGHT)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(updates(), max_size=5))
def test_the_difference_leads_to_the_same_screen(sequence: list[CompositorUpdate]) -> None:
    memory = FrameMemory()
    plain, plain_stream = _screen()
    lean, lean_stream = _screen()
    for update in [FULL, *sequence]:
        plain_stream.feed(update.render_segments(CONSOLE).replace("\n", ""))
        changed = memory.changed(update, SIZE)
        if changed is not None:
            lean_stream.feed(changed.render_segments(CONSOLE))
        assert _cells(lean) == _cells(plain)


def test_the_same_frame_twice_sends_nothing_and_a_new_size_sends_all() -> None:
    memory = FrameMemory()
    assert memory.changed(FULL, SIZE) is not None
    assert memory.changed(FULL, SIZE) is None
    memory.forget()
    again = memory.changed(FULL, SIZE)
    assert again is not None
    assert len(again.render_segments(CONSOLE)) >= WIDTH * HEIGHT


def test_one_changed_letter_costs_a_few_bytes() -> None:
    memory = FrameMemory()
    before = LayoutUpdate([[Strip([Segment("x" * WIDTH, STYLES[0])], WIDTH)]], Region(0, 0, WIDTH, 1))
    after = LayoutUpdate([[Strip([Segment("x" * 10 + "y" + "x" * 13, STYLES[0])], WIDTH)]], Region(0, 0, WIDTH, 1))
    memory.changed(before, Size(WIDTH, 1))
    changed = memory.changed(after, Size(WIDTH, 1))
    assert changed is not None
    assert len(changed.render_segments(CONSOLE)) < 60


def test_a_link_is_sent_once_closed_again_and_only_if_it_is_an_address() -> None:
    def sent(address: str) -> str:
        style = STYLES[0] + Style(link=address)
        strip = Strip([Segment("x" * 10, style), Segment("y" * 14, STYLES[0])], WIDTH)
        changed = FrameMemory().changed(LayoutUpdate([[strip]], Region(0, 0, WIDTH, 1)), Size(WIDTH, 1))
        assert changed is not None
        return changed.render_segments(CONSOLE)

    address = "https://cdn.example/a%20b.jpg?size=2"
    text = sent(address)
    assert text.count(f"\x1b]8;;{address}\x1b\\") == 1
    assert text.index("y") > text.index("\x1b]8;;\x1b\\") > text.index("x")
    hostile = ("javascript:alert(1)", "https://a\x1b]0;x\x07", "https://a b", "file:///etc/passwd", "https://\x9c", "")
    for bad in hostile:
        assert "\x1b]8" not in sent(bad)
