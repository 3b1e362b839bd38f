"""The person's own keys: a TOML file with clear errors; conflicts and unknown names are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import Invalid
from tui.actions import Registry
from tui.keymap import check_keymap, read_keymap


def _file(folder: Path, text: str) -> Path:
    file = folder / "keymap.toml"
    file.write_text(text)
    return file


def test_names_map_to_keys_in_any_spelling(tmp_path: Path) -> None:
    keymap = read_keymap(_file(tmp_path, '[keys]\n"app.help" = "F10"\n"grid.down" = ["n", "^n"]\n"app.theme" = []\n'))
    assert keymap == {"app.help": ("f10",), "grid.down": ("n", "ctrl+n"), "app.theme": ()}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[keys]\nx = 3\n", "wants a key"),
        ('[keys]\nx = ["a", 2]\n', "wants a key"),
        ('[keys]\nx = "hyper+q"\n', "'hyper+q' is not a key"),
        ('[keys]\nx = ""\n', "'' is not a key"),
        ('[key]\nx = "a"\n', "has 'key' at its top level"),
        ("[keys\n", "is not TOML"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_keymap(_file(tmp_path, text))
    assert "keymap.toml" in str(caught.value)
    assert says in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"none\.toml.*cannot be read"):
        read_keymap(tmp_path / "none.toml")


def test_an_unknown_name_is_refused_with_the_nearest_right_one() -> None:
    with pytest.raises(Invalid, match=r"app\.halp: is no action; did you mean app\.help"):
        check_keymap(Registry(keymap={"app.halp": ("f10",)}))


def test_a_key_given_twice_is_refused_and_named() -> None:
    with pytest.raises(Invalid, match="stands for both"):
        check_keymap(Registry(keymap={"app.theme": ("f1",)}))


def test_a_good_keymap_passes() -> None:
    check_keymap(Registry(keymap={"app.theme": ("f10",), "grid.down": ("alt+n", "down")}))


def test_a_new_list_key_that_hides_an_action_is_refused() -> None:
    with pytest.raises(Invalid, match=r"grid\.down"):
        check_keymap(Registry(keymap={"grid.down": ("slash",)}))
