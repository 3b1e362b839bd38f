"""The shell over made rows: going and coming back, palette, key sheet, keymap, refusals, dialogs, themes, quitting."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from textual.pilot import Pilot

from bench.support.terminal_app import PLACES, ListScreen, OtherScreen
from data.access.rules import Actor
from data.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from data.settings import Settings
from data.shop import Shop
from data.types import Progress
from screens.action import Action
from screens.base import AppScreen
from screens.places import Place
from styles.themes import LEAN, NAMES, choose
from tui.app import Shell
from tui.errors import banner_for, shown_as
from widgets.field import Field
from widgets.form import Form

SETTINGS = Settings(home=Path("/nonexistent"))


class GuardedScreen(ListScreen):
    """A screen with a permission, a reason, a form and a handler that fails."""

    NAME = "catalog"
    TITLE_CRUMBS = ("Catalog",)
    ACTIONS = (
        *ListScreen.ACTIONS,
        Action("guard.ship", "s", "ship", "ship", permission="orders.status", help="Ship it"),
        Action("guard.never", "m", "merge", "ship", help="Merge"),
        Action("guard.invalid", "i", "invalid", "invalid", help="Refuse a field"),
        Action("guard.save", "ctrl+s", "save", "ship", help="Save"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.shipped = 0
        self.form = Form([Field("email", "E-mail"), Field("name", "Name")])

    def compose_body(self) -> Any:
        self.form.styles.height = 4
        yield self.form
        yield self.grid

    def why_not(self, action: Action) -> str:
        return "nothing is marked" if action.name == "guard.never" else ""

    def ship(self) -> None:
        self.shipped += 1

    def invalid(self) -> None:
        raise Invalid({"email": "is no address"})

    @property
    def dirty(self) -> bool:
        return self.form.dirty


GUARDED = (PLACES[0], Place("catalog", "tests.widgets.test_shell:GuardedScreen", "products", ("f7", "g p")))


def _never(report: Callable[[Progress], None]) -> Shop:
    raise Unavailable("postgresql", "there is none in this test")


@asynccontextmanager
async def _running(
    places: tuple[Place, ...] = PLACES, opener: Callable[..., Shop] = _never, **given: Any
) -> AsyncIterator[tuple[Shell, Pilot[None]]]:
    app = Shell(SETTINGS, opener, places=places, **given)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.settled()
        yield app, pilot


def _text(app: Shell) -> str:
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


async def _press(app: Shell, pilot: Pilot[None], *keys: str) -> str:
    await pilot.press(*keys)
    await app.settled()
    return _text(app)


async def test_going_back_finds_the_screen_as_it_was() -> None:
    async with _running() as (app, pilot):
        await _press(app, pilot, "j", "j", "space", "f7", "j")
        assert isinstance(app.current, OtherScreen)
        await _press(app, pilot, "escape")
        first = cast(ListScreen, app.current)
        assert first.NAME == "dashboard"
        assert (first.grid.cursor, len(first.grid.marks)) == (3, 1)
        assert first.grid.has_focus
        await _press(app, pilot, "grave_accent")
        assert cast(OtherScreen, app.current).grid.cursor == 1


async def test_escape_takes_one_level_at_a_time() -> None:
    async with _running() as (app, pilot):
        await _press(app, pilot, "g", "p", "space", "slash", "x")
        screen = cast(OtherScreen, app.current)
        assert screen.query_line.typing
        await _press(app, pilot, "escape")
        assert not screen.grid.marks  # first the marks, then the field, then the screen
        await _press(app, pilot, "escape")
        assert screen.grid.has_focus
        await _press(app, pilot, "escape")
        assert app.current.NAME == "dashboard"
        await _press(app, pilot, "escape")
        assert app.is_running


async def test_arguments_come_back_with_the_way_back() -> None:
    class Recorder(OtherScreen):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[dict[str, Any]] = []

        def arrive(self, **arguments: Any) -> None:
            self.seen.append(arguments)

    async with _running() as (app, _):
        screen = Recorder()
        app.navigator._screens["catalog"] = screen
        app.install_screen(screen, "catalog")
        for ref in ("A", "B"):
            app.open_screen("catalog", ref=ref)
            await app.settled()
        app.back()
        await app.settled()
        assert screen.seen == [{"ref": "A"}, {"ref": "B"}, {"ref": "A"}]


async def test_letters_never_fire_in_a_field_and_control_keys_do() -> None:
    async with _running(GUARDED) as (app, pilot):
        await _press(app, pilot, "f7", "slash", *"sgpaX?:", "ctrl+s")
        screen = cast(GuardedScreen, app.current)
        assert screen.query_line.text == "sgpaX?:"
        assert screen.shipped == 1


async def test_the_first_key_of_a_sequence_says_what_can_follow() -> None:
    async with _running() as (app, pilot):
        text = await _press(app, pilot, "g")
        assert "g …  g first row  d list  p products" in text
        text = await _press(app, pilot, "escape")
        assert "first row" not in text
        await _press(app, pilot, "G", "g", "g")
        assert cast(ListScreen, app.current).grid.cursor == 0


def _as(shop: Shop, *roles: str) -> Callable[..., Shop]:
    """Open ``shop`` for Ann, who has ``roles``."""
    return lambda report: replace(shop, actor=Actor(uuid4(), "ann@x.example", "Ann", frozenset(roles)))


async def test_a_permission_that_is_missing_dims_the_key_and_refuses_with_the_reason(shop: Shop) -> None:
    async with _running(GUARDED, _as(shop, "analyst")) as (app, pilot):
        text = await _press(app, pilot, "f7", "s")
        screen = cast(GuardedScreen, app.current)
        assert screen.shipped == 0
        hints = {hint.label: hint.reason for hint in screen.keybar._hints}
        assert "orders.status" in hints["ship"]
        assert "ship: needs" in text
        assert hints["merge"] == "nothing is marked"
        text = await _press(app, pilot, "question_mark")
        assert "Merge (not now: nothing is marked)" in text
        text = await _press(app, pilot, "escape", "colon")
        assert "Ship it" not in text  # the palette offers what one may do
        assert "Merge (not now: nothing is marked)" in text


async def test_the_palette_finds_loosely_and_runs(shop: Shop) -> None:
    async with _running(GUARDED, _as(shop, "admin")) as (app, pilot):
        await _press(app, pilot, "f7", "colon", *"shp it", "enter")
        assert cast(GuardedScreen, app.current).shipped == 1
        text = await _press(app, pilot, "ctrl+p", *"qqqq")
        assert "Nothing of that name" in text
        await _press(app, pilot, "escape", "colon", *"go to list", "enter")
        assert app.current.NAME == "dashboard"


async def test_confirming_and_leaving_and_typing_the_count() -> None:
    async with _running() as (app, pilot):
        done: list[str] = []
        await _press(app, pilot, "a", "escape")
        app.confirm("Cancels 12 orders and gives back 1,204.00.", lambda: done.append("bulk"), count=12)
        text = await _press(app, pilot, "1", "enter")
        assert done == []
        assert "Cancels 12 orders" in text
        await _press(app, pilot, *"12", "enter")
        assert done == ["bulk"]


async def test_function_keys_lead_out_of_an_overlay() -> None:
    async with _running() as (app, pilot):
        await _press(app, pilot, "question_mark", "f7")
        assert app.current.NAME == "catalog"
        assert app.screen is app.current


async def test_quitting_asks_when_something_typed_would_be_lost() -> None:
    async with _running(GUARDED) as (app, pilot):
        await _press(app, pilot, "f7")
        cast(GuardedScreen, app.current).form.field("email").value = "half typed"
        text = await _press(app, pilot, "f2", "ctrl+q")
        assert "is typed and not saved is lost" in text
        await _press(app, pilot, "escape")
        assert app.is_running


async def test_every_kind_of_error_has_its_place() -> None:
    async with _running(GUARDED) as (app, pilot):
        text = await _press(app, pilot, "f7", "i")
        assert "▲ is no address" in text
        app.show_error(Conflict("Ann changed it meanwhile."), doing="saving")
        await app.settled()
        assert "saving: Ann changed it meanwhile." in _text(app)
        app.show_error(Unavailable("redis", "refused"))
        await app.settled()
        assert "P! M S R! C" in _text(app)
        app.current.status.say("")
        await app.settled()
        assert "PostgreSQL and Redis are down; coming back by" in _text(app)
        await pilot.press("escape", "X")
        with pytest.raises(ZeroDivisionError):
            await app.settled()
        app.problems.clear()
        assert "Reference E-" in _text(app)
        text = await _press(app, pilot, "y")
        assert "reference" in text


def test_errors_say_what_to_do_or_what_still_works() -> None:
    assert shown_as(Unavailable("mongodb", "x")).text.startswith("MongoDB is down: products")
    assert shown_as(Invalid({"a": "b"})).where == "fields"
    assert shown_as(Conflict("Two.")).text == "Two. r loads what is there now"
    assert [shown_as(error).where for error in (NotFound("order", "1"), Denied("ann", "x"), ValueError("v"))] == [
        "status", "status", "dialog",
    ]  # fmt: skip
    assert banner_for(()) == ""
    assert banner_for(("search",)) == "Search is down: products are found by SKU only; everything else works"


async def test_a_persons_own_keys_take_the_place_of_the_default_ones() -> None:
    keymap = {"made.filter": ("f",), "grid.down": ("n",), "app.help": ("f10",)}
    async with _running(keymap=keymap) as (app, pilot):
        await _press(app, pilot, "n", "n", "j")
        assert cast(ListScreen, app.current).grid.cursor == 2
        await _press(app, pilot, "f")
        assert cast(ListScreen, app.current).query_line.typing
        text = await _press(app, pilot, "f10")
        assert "in the list" in text
        assert "Edit the query" in text


async def test_all_four_themes_paint() -> None:
    async with _running() as (app, pilot):
        seen = []
        for _ in NAMES:
            await _press(app, pilot, "f9")
            seen.append(app.theme)
            assert "0000003" in _text(app)
        assert sorted(seen) == sorted(NAMES)


def test_over_ssh_the_lean_theme_is_chosen_unless_another_is_wanted() -> None:
    ssh = {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}
    assert choose("dark", {}) == "dark"
    assert choose("dark", ssh) == LEAN
    assert choose("high-contrast", ssh) == "high-contrast"
    assert choose("nonsense", {}) == "dark"


async def test_the_shop_is_tried_again_and_the_screens_read_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.opening.RETRY", 0.05)
    tries: list[int] = []

    def opener(report: Callable[[Progress], None]) -> Shop:
        tries.append(1)
        if len(tries) < 3:
            raise Unavailable("postgresql", "starting")
        return shop

    reloaded: list[str] = []
    monkeypatch.setattr(AppScreen, "reload", lambda self: reloaded.append(self.NAME))
    async with _running(opener=opener) as (app, pilot):
        async with asyncio.timeout(20):
            while app.handle.shop is None:
                await pilot.pause(0.02)
        await app.settled()
        assert len(tries) == 3
        assert reloaded == ["dashboard"]


async def test_loads_of_an_older_question_are_dropped_and_errors_shown(shop: Shop) -> None:
    async with _running(opener=_as(shop, "admin")) as (app, _):
        screen = app.current
        held = threading.Event()
        shown: list[str] = []

        def slow(shop: Shop, word: str) -> str:
            held.wait(5)
            return word

        screen.load(slow, "old", then=shown.append)
        screen.load(lambda shop, word: word, "new", then=shown.append)
        held.set()
        await app.settled()
        assert shown == ["new"]

        def missing(shop: Shop) -> str:
            raise NotFound("order", "K7M2")

        screen.load(missing, then=shown.append, doing="loading the order")
        await app.settled()
        assert "loading the order: No order 'K7M2'." in _text(app)
