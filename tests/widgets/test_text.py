"""Text in cells: always exactly as wide as asked, always inert."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from data.types import StatusMark
from tests.hostile import HOSTILE
from widgets.cells import Column, Highlighted, Runs, lay_out, plain, to_pieces
from widgets.line import Piece, spread
from widgets.text import fit, fit_end, visible, width_of, within, wrapped

ANY = st.one_of(st.text(), st.sampled_from(HOSTILE), st.text("a山🙂e\u0301\u200d\ufe0f\x1b", max_size=30))


def _width(pieces: list[Piece]) -> int:
    return sum(width_of(piece.text) for piece in pieces)


def _obeyed(text: str) -> list[str]:
    """The characters of ``text`` a terminal would act on instead of showing."""
    return [char for char in text if ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or char in "\u202e\u2066\u200b\ufeff"]


@given(ANY, st.integers(0, 60), st.booleans())
def test_fit_is_exactly_as_wide_as_asked(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(text, width, right=right)) == width


@pytest.mark.parametrize("text", HOSTILE)
def test_fit_leaves_nothing_to_obey(text: str) -> None:
    shown = fit(text, 200)
    assert _obeyed(shown) == []
    assert "\u0301" * 4 not in shown


@given(ANY, st.integers(2, 20))
def test_wrapped_lines_have_room_and_lose_no_letter(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(width_of(line) <= width for line in lines)
    kept = ["".join(visible(row).split()) for row in text.splitlines()]
    assert "".join("".join(line.split()) for line in lines) == "".join(kept)


def test_wrapped_breaks_between_words_and_keeps_the_lines_there_are() -> None:
    assert wrapped("one two three\n\nfour漢字漢字", 8) == ["one two", "three", "", "four漢字", "漢字"]
    assert wrapped("", 8) == []


def test_fit_end_cuts_the_beginning() -> None:
    assert fit_end("Computers > Memory", 11) == "…s > Memory"
    assert fit_end("字字字", 5) == "…字字"
    assert fit_end("short", 7) == "short  "


def test_fit_cuts_before_a_wide_character_and_says_so() -> None:
    assert fit("山田太郎", 6) == "山田… "
    assert fit("山田太郎", 8) == "山田太郎"
    assert fit("12.50", 8, right=True) == "   12.50"
    assert fit("abc", 0) == ""


@given(
    st.one_of(
        ANY,
        st.integers(-(10**9), 10**9),
        st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**7), max_value=10**7),
        st.none(),
        st.builds(StatusMark, st.just("●"), ANY, st.just("good")),
        st.builds(
            Highlighted, ANY, st.lists(st.tuples(st.integers(-5, 40), st.integers(-5, 40)), max_size=4).map(tuple)
        ),
        st.builds(Runs, st.lists(st.tuples(ANY, st.sampled_from(["plain", "warn"])), max_size=5).map(tuple)),
    ),
    st.integers(1, 40),
    st.booleans(),
)
def test_every_kind_of_cell_fills_its_column_exactly(cell: object, width: int, right: bool) -> None:
    pieces = to_pieces(cell, width, right=right)  # type: ignore[arg-type]
    assert _width(pieces) == width
    assert not any(_obeyed(piece.text) for piece in pieces)


def test_numbers_are_written_one_way() -> None:
    assert [plain(cell) for cell in (1204, Decimal("1204"), Decimal("0.5"), None)] == ["1,204", "1,204.00", "0.50", "–"]
    assert plain(StatusMark("▲", "short", "bad")) == "▲ short"


def test_a_highlight_keeps_its_tone_and_overlapping_ranges_do_not_repeat_text() -> None:
    pieces = to_pieces(Highlighted("corsair vengeance", ((0, 4), (2, 7), (8, 11))), 20)
    assert "".join(piece.text for piece in pieces) == "corsair vengeance   "
    assert [piece.text for piece in pieces if piece.tone == "match"] == ["cors", "air", "ven"]


COLUMNS = (
    Column("a", "A", 8),
    Column("b", "B", 10, flex=2),
    Column("c", "C", 6, flex=1),
    Column("d", "D", 9, min_total=100),
)


@given(st.integers(0, 300))
def test_columns_fill_the_grid_and_hide_where_it_is_narrow(total: int) -> None:
    placed = lay_out(COLUMNS, total)
    assert ("d" in [item.column.key for item in placed]) == (total >= 100)
    needed = 2 + sum(item.width for item in placed) + 2 * (len(placed) - 1)
    least = 2 + sum(item.column.width for item in placed) + 2 * (len(placed) - 1)
    assert needed == max(total, least)


@given(st.lists(ANY, max_size=4), st.lists(ANY, max_size=4), st.integers(0, 120))
def test_the_right_end_of_a_line_stays_whole(left: list[str], right: list[str], width: int) -> None:
    ends = [Piece(text) for text in right]
    laid = spread([Piece(text) for text in left], ends, width)
    assert laid[len(laid) - len(ends) :] == ends
    from data.text import visible

    right_width = sum(width_of(visible(text)) for text in right)
    if right_width < width:
        assert sum(width_of(visible(piece.text)) for piece in laid) == width


def test_within_cuts_what_is_too_long_and_pads_nothing() -> None:
    assert within("short", 9) == "short"
    assert within("much too long", 9) == "much too…"
    assert within("袜袜袜袜", 6) == "袜袜…"
    assert within("anything", 0) == within("anything", -3) == ""
    assert within("[b]\x1b[31m", 20) == "[b]␛[31m"
