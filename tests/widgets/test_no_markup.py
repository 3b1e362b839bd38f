"""No data is ever read as markup: a name like ``[@click=app.exit]`` must not become a button (anchors: M16)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(file for room in ("tui", "screens", "widgets") for file in (ROOT / room).rglob("*.py"))
#: what reads its text as markup unless told otherwise
READS_MARKUP = {"Static", "Label", "Button", "notify", "update", "Checkbox", "RadioButton", "Collapsible", "add_option"}
#: what has no place here at all: it parses or lays out whole documents of data
BANNED = {"Markdown", "RichLog", "Log", "DataTable", "OptionList", "from_markup"}


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_safe(call: ast.Call) -> bool:
    if any(word.arg == "markup" and getattr(word.value, "value", True) is False for word in call.keywords):
        return True
    texts = [*call.args[:1], *(word.value for word in call.keywords if word.arg in ("content", "title", "label"))]
    return all(
        (isinstance(text, ast.Constant) and "[" not in str(text.value))
        or (isinstance(text, ast.Call) and _name(text) == "Content")
        for text in texts
    )


def offences(source: str) -> list[int]:
    """Return the lines of ``source`` where text could be read as markup."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = _name(node)
            on_dict = name == "update" and isinstance(node.func, ast.Attribute) and not node.args
            if name in BANNED or (name in READS_MARKUP and not on_dict and not _is_safe(node)):
                found.append(node.lineno)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_stored_text_can_be_markup(file: Path) -> None:
    assert offences(file.read_text()) == [], f"{file}: use Content(text), markup=False, or pieces"


def test_the_check_finds_what_it_is_for() -> None:
    assert offences('Static(name)\nLabel(f"{x}")\napp.notify(text)\nStatic("[b]x")\nMarkdown("x")') == [1, 2, 3, 4, 5]
    assert (
        offences('Static(Content(name))\nStatic("plain")\napp.notify(text, markup=False)\nStatic(markup=False)') == []
    )
