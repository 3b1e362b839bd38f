"""The action registry: every key answers one thing, everything can be reached, letters never fire in a field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data.access.rules import PERMISSIONS
from screens.action import Action, fires_in_input, is_key, normal_key, show_key
from screens.places import PLACES, Place
from tui.actions import Registry, Scope, keys_page
from tui.app import Shell

REGISTRY = Registry()
EVERY = list(REGISTRY.every())
ROOT = Path(__file__).parents[2]


def test_no_key_stands_for_two_things_on_any_screen() -> None:
    assert [(screen, str(conflict)) for screen, conflict in REGISTRY.conflicts()] == []


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_every_action_can_be_reached_and_done(place: Place) -> None:
    screen = place.screen_class()
    assert place.name == screen.NAME
    scope = REGISTRY.scope(screen)
    for action in scope.actions:
        assert scope.keys_of(action), f"{action.name} has no key"
        for key in scope.keys_of(action):
            assert is_key(key), f"{action.name}: {key}"
            assert scope.by_key[key] is action, f"{action.name} is hidden behind {scope.by_key[key].name}"
    for action in screen.ACTIONS:
        assert callable(getattr(screen, action.handler, None)), f"{action.name}: no {action.handler} on {place.name}"
    for action in scope.shared:
        assert callable(getattr(Shell, action.handler, None)), action.name


def test_names_are_area_dot_verb_and_unique_on_a_screen() -> None:
    for _, action in EVERY:
        assert re.fullmatch(r"[a-z-]+\.[a-z0-9_-]+", action.name), action.name
        assert action.help, f"{action.name} says nothing on the ? sheet"
        assert len(action.label) <= 24, action.name
        assert action.permission == "" or action.permission in PERMISSIONS, action.name
    for place in PLACES:
        scope = REGISTRY.scope(place.screen_class())
        names = [action.name for action in (*scope.actions, *scope.listing)]
        assert len(names) == len(set(names)), place.name


def test_one_letter_means_one_thing_everywhere() -> None:
    """``e`` edits, ``r`` and F5 read again, ``/`` filters, ``n`` makes something new: wherever the key is taken."""
    meanings = {"e": "edit", "r": "reload", "f5": "reload", "slash": "filter|find|search", "n": "new|other"}
    for place in PLACES:
        for action in place.screen_class().ACTIONS:
            for key in set(action.all_keys) & meanings.keys():
                said = f"{action.name} {action.label} {action.help}".lower()
                assert re.search(meanings[key], said), f"{place.name}: {key} is {action.name}"


def test_every_function_key_that_goes_somewhere_has_a_letter_twin() -> None:
    for place in PLACES:
        if place.keys:
            assert any(re.fullmatch(r"f\d+", key) for key in place.keys), place.name
            assert any(re.fullmatch(r"g [a-z]", key) for key in place.keys), place.name


def test_the_page_of_keys_is_up_to_date() -> None:
    assert (ROOT / "docs" / "keys.md").read_text() == keys_page(REGISTRY), "run: python -m tui.actions > docs/keys.md"


def test_keys_are_read_and_shown_one_way() -> None:
    assert [normal_key(key) for key in ("?", "^s", "g o", "F2", "PgDn", "A")] == [
        "question_mark", "ctrl+s", "g o", "f2", "pagedown", "A",
    ]  # fmt: skip
    assert [show_key(key) for key in ("question_mark", "ctrl+s", "g o", "f2", "escape", "A")] == [
        "?", "^S", "g o", "F2", "Esc", "A",
    ]  # fmt: skip


def test_the_keys_of_panels_and_small_windows_are_on_the_page_and_in_the_keymap() -> None:
    """Those of facets and offers go before the catalog's while they have the focus: no conflict, and ``?`` has them."""
    catalog = next(place for place in PLACES if place.name == "catalog").screen_class()
    panels = dict(REGISTRY.scope(catalog).panels)
    assert [action.name for action in panels["in the facets"]][:2] == ["facets.choose", "facets.low_down"]
    assert {action.name for action in panels["while a line with offers is typed"]} >= {"offers.next", "offers.take"}
    known = {action.name for _, action in EVERY}
    assert known >= {"facets.find", "offers.next", "suggest.next", "form.save", "conflict.theirs", "confirm.accept"}
    every = [action.name for where, action in EVERY]
    assert len(every) == len(set(every)), "one name, one line of the keymap"


def test_only_control_alt_and_function_keys_fire_in_a_field() -> None:
    keys = ("a", "A", "/", "enter", "g o", "ctrl+s", "f2", "alt+x", "escape")
    assert [key for key in keys if fires_in_input(key)] == ["ctrl+s", "f2", "alt+x"]


def test_conflicts_are_found_between_own_shared_listed_and_prefixes() -> None:
    own = (Action("a.one", "s", "one", "one"), Action("a.two", "s", "two", "two"), Action("a.list", "j", "j", "j"))
    shared = (Action("app.help", "?", "keys", "help"), Action("go.x", "g x", "x", "x"), Action("app.g", "g", "g", "g"))
    listing = (Action("grid.down", ("down", "j"), "down", ""),)
    found = [str(conflict) for conflict in Scope(own, shared, listing).conflicts]
    assert found == [
        "s stands for both a.one and a.two",
        "j stands for both a.list and grid.down",
        "g stands for both app.g and the first key of a sequence",
    ]
    assert Scope(own[:1], shared[:2], listing).conflicts == []
    assert [str(c) for c in Scope(own[:2], (), (), {"a.two": ("x",)}).conflicts] == []
