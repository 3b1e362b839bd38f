"""The draft of an attribute editor: what is typed becomes what is written, and two people's changes meet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screens.catalog.attribute_draft import Draft, guess, kind_of, read, spell

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
)


@given(SCALARS | st.lists(SCALARS, max_size=5))
def test_a_value_that_is_shown_and_read_again_is_the_same(value: object) -> None:
    again = read(kind_of(value), spell(value))
    assert again == value
    assert [type(item) for item in again] == [type(item) for item in value] if isinstance(value, list) else True


@pytest.mark.parametrize(
    ("text", "kind"),
    [("16", "number"), ("1.5", "number"), ("yes", "yes/no"), ("a, b", "list"), ("007x", "text"), ("nan", "text"),
     ("1_0", "text"), ("inf", "text"), ("", "text")],
)  # fmt: skip
def test_a_new_value_is_what_it_looks_like(text: str, kind: str) -> None:
    assert guess(text) == kind


@pytest.mark.parametrize(("kind", "text"), [("number", "many"), ("yes/no", "perhaps"), ("list", '"open')])
def test_what_is_not_of_the_kind_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number|neither yes|not closed"):
        read(kind, text)


def test_orders_say_only_what_differs() -> None:
    draft = Draft({"a": 1, "b": "x", "c": None, "d": 1})
    draft.put(0, "a2", 1)
    draft.put(1, "b", "y")
    draft.turn_removed(2)
    draft.put(3, "d", True)  # of another kind, so another value
    draft.put(None, "e", None)
    assert draft.orders() == ({"b": "y", "d": True, "e": None}, {"a": "a2"}, ("c",))
    for _ in range(5):
        assert draft.undo()
    assert not draft.undo()
    assert not draft.dirty
    with pytest.raises(ValueError, match="already"):
        draft.put(None, "b", 1)


def test_theirs_come_in_and_mine_stay_beside_them() -> None:
    draft = Draft({"a": 1, "b": 1, "c": 1, "d": 1, "e": 1})
    draft.put(0, "a", 10)
    draft.put(1, "b", 10)
    draft.turn_removed(2)
    draft.put(3, "d", 10)
    draft.put(None, "new", 1)
    assert draft.rebase({"a": 1, "b": 2, "c": 1, "e": 5, "new": 2, "x": 7}) == 3
    said = {entry.name: entry.theirs for entry in draft.entries}
    assert said == {"a": None, "b": "2", "c": None, "d": "taken away", "e": None, "new": "2", "x": None}
    assert draft.orders() == ({"a": 10, "b": 10, "d": 10, "new": 1}, {}, ("c",))
    names = [entry.name for entry in draft.entries]
    assert draft.take_theirs(names.index("b"))
    assert not draft.take_theirs(names.index("a"))
    assert draft.orders()[0] == {"a": 10, "d": 10, "new": 1}
