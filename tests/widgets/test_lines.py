"""The lines of one row: header, status, rules, key bar."""

from __future__ import annotations

import pytest

from data.types import Progress
from tests.hostile import HOSTILE
from widgets import statusline
from widgets.headerline import HeaderLine, HeaderState
from widgets.keybar import KeyBar, KeyHint
from widgets.opening import OpeningPanel
from widgets.queryline import QueryLine
from widgets.rule import SectionRule
from widgets.statusline import StatusLine

from .conftest import Run


async def test_the_header_says_where_who_how_late_and_which_stores(run: Run) -> None:
    line = HeaderLine(("Orders", "To ship"))
    async with run(line) as (app, pilot):
        stores = (("P", "up"), ("M", "up"), ("S", "down"), ("R", "up"), ("C", "unknown"))
        line.show_state(HeaderState("WH1", "ann", 0.2, stores))
        await pilot.pause()
        assert app.row(0) == "Storekeeper › Orders › To ship                         WH1 ann  0.2s  P M S! R C"
        line.show_state(HeaderState("WH1", "ann", 45.0, stores, dead_letters=2))
        line.show_crumbs(("Orders", "K7M2-QX4C", "a very long name of something that is being looked at"))
        await pilot.pause()
        assert app.row(0).endswith("WH1 ann  45s 2 dead  P M S! R C")
        assert "…" in app.row(0)


async def test_an_equal_line_is_not_painted_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    line = StatusLine()
    async with run(line) as (_, pilot):
        line.facts("2 marked")
        await pilot.pause()
        painted: list[int] = []
        paint = line.render_line
        monkeypatch.setattr(line, "render_line", lambda y: (painted.append(y), paint(y))[1])
        line.facts("2 marked")
        await pilot.pause()
        assert painted == []
        line.facts("3 marked")
        await pilot.pause()
        assert painted == [0]


async def test_the_status_keeps_facts_left_and_the_last_event_right(run: Run) -> None:
    line = StatusLine()
    async with run(line) as (app, pilot):
        line.facts("2 marked · ~1,240 match")
        line.say("K7M2-QX4C shipped", "good", undo=True)
        await pilot.pause()
        assert app.row(0).split("  ")[0] == "2 marked · ~1,240 match"
        assert app.row(0).endswith("  K7M2-QX4C shipped  u undo")
        assert len(app.row(0)) == 80
        line.banner("Redis is down: slower, and carts wait; nothing is lost")
        await pilot.pause()
        assert app.row(0).startswith("Redis is down: slower, and carts wait; nothing")
        line.banner("")
        await pilot.pause()
        assert app.row(0).startswith("2 marked")
        assert line.text == app.row(0)


async def test_progress_gives_an_estimate_after_two_seconds(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(statusline, "monotonic", lambda: clock[0])
    line = StatusLine()
    async with run(line) as (app, pilot):
        line.progress(Progress(100, 1000, "importing"))
        await pilot.pause()
        assert app.row(0) == "importing · 100 of 1,000"
        clock[0] += 10
        line.progress(Progress(250, 1000, "importing"))
        await pilot.pause()
        assert app.row(0) == "importing · 250 of 1,000 · about 30 s left"
        line.progress(Progress(250, 1000, "9 rows · a-file-with-quite-a-long-name-that-leaves-no-room.csv", share=True))
        await pilot.pause()
        assert app.row(0).endswith(" 25 % · about 30 s left")
        assert len(app.row(0)) <= 80
        line.progress(None)
        line.progress(Progress(7, 0, "reading"))
        await pilot.pause()
        assert app.row(0) == "reading · 7"


async def test_a_rule_names_and_notes(run: Run) -> None:
    rule = SectionRule("Lines", "f filter")
    async with run(rule) as (app, pilot):
        assert app.row(0) == "─ Lines " + "─" * 60 + " f filter ──"
        rule.show("")
        await pilot.pause()
        assert app.row(0) == "─" * 80


async def test_the_key_bar_drops_what_does_not_fit_but_never_the_last(run: Run) -> None:
    bar = KeyBar()
    async with run(bar, size=(40, 5)) as (app, pilot):
        bar.show(
            (KeyHint("Enter", "open"), KeyHint("e", "edit"), KeyHint("s", "ship", "not paid"), KeyHint("?", "keys"))
        )
        await pilot.pause()
        assert app.row(0) == "Enter open  e edit  s ship  ? keys"
        bar.show(
            (
                KeyHint("Enter", "open"),
                KeyHint("a", "a very long label it is"),
                KeyHint("e", "ed"),
                KeyHint("?", "keys"),
            )
        )
        await pilot.pause()
        assert app.row(0) == "Enter open  e ed  ? keys"


async def test_the_opening_panel_says_how_far(run: Run) -> None:
    panel = OpeningPanel()
    async with run(panel) as (app, pilot):
        panel.show(Progress(1, 5, "starting PostgreSQL, MongoDB"))
        panel.show(Progress(2, 5, "starting MongoDB"))
        await pilot.pause()
        text = "\n".join(app.row(y) for y in range(24))
        assert "✓ PostgreSQL" in text
        assert "… MongoDB" in text
        assert "2 of 5" in text


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_in_every_line_keeps_its_width(run: Run, text: str) -> None:
    line = StatusLine()
    async with run(line) as (app, _):
        line.facts(text)
        line.say(text)
        strip = line.render_line(0)
        assert strip.cell_length == app.size.width
        assert all(char.isprintable() or char == " " for char in strip.text.replace("\ufffd", ""))


async def test_the_key_into_a_line_leads_behind_its_last_word_and_again_chooses_all_of_it(run: Run) -> None:
    line = QueryLine()
    async with run(line) as (_, pilot):
        line.set("brand:Acme mouse")
        line.type()
        await pilot.press("x")
        assert line.text == "brand:Acme mouse x"
        line.type()
        await pilot.press("space", "y")
        assert line.text == "brand:Acme mouse x y"  # one blank, whoever typed it
        line.set("brand:")
        line.type()
        await pilot.press("A")
        assert line.text == "brand:A"  # a filter goes on
        line.type()
        await pilot.press("backspace", "c")
        assert line.text == "brand:Ac"  # and so does a word
        line.type()
        assert line.text == "brand:Ac "
        await pilot.press("enter")
        assert line.text == "brand:Ac"  # nothing followed
        line.type()
        await pilot.press("slash")
        assert line.input.selected_text == "brand:Ac "
        await pilot.press("slash")
        assert line.text == "/"  # later it is a letter
        line.set("")
        line.type()
        await pilot.press("slash", "b")
        assert line.text == "/b"  # nothing to choose: what is typed is meant
