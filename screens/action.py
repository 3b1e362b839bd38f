"""Actions as data: what a screen can do, under which key, who may, and which method does it.

Shape: one frozen record per action; the registry, key bar, ``?`` sheet, palette, keymap file and docs are made from
these records (``tui/actions.py``). Rejected: Textual's ``BINDINGS``, which know no permission, no reason for being
impossible, and no sequence such as ``g o``.
"""

from __future__ import annotations

from dataclasses import dataclass

_NAMED = {
    "?": "question_mark",
    "/": "slash",
    ":": "colon",
    "[": "left_square_bracket",
    "]": "right_square_bracket",
    "{": "left_curly_bracket",
    "}": "right_curly_bracket",
    "+": "plus",
    "-": "minus",
    "=": "equals_sign",
    "%": "percent_sign",
    "$": "dollar_sign",
    "`": "grave_accent",
    "#": "number_sign",
    "*": "asterisk",
    "!": "exclamation_mark",
    ",": "comma",
    ".": "full_stop",
    ";": "semicolon",
    "_": "underscore",
    "<": "less_than_sign",
    ">": "greater_than_sign",
    "@": "at",
    "&": "ampersand",
    "~": "tilde",
    "'": "apostrophe",
    '"': "quotation_mark",
    "esc": "escape",
    "del": "delete",
    "pgup": "pageup",
    "pgdn": "pagedown",
}
_SHOWN = {long: short for short, long in _NAMED.items()} | {
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "tab": "Tab",
    "delete": "Del",
    "insert": "Ins",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "backspace": "Bksp",
}


def normal_key(key: str) -> str:
    """Return ``key`` as Textual spells it: ``?`` → ``question_mark``, ``^s`` → ``ctrl+s``; ``g o`` is a sequence."""
    parts = []
    for part in key.split():
        if len(part) > 1 and part.startswith("^"):
            part = f"ctrl+{part[1:].lower()}"
        if len(part) > 1:
            part = part.lower()
        parts.append(_NAMED.get(part, part))
    return " ".join(parts)


def show_key(key: str) -> str:
    """Return ``key`` as a person reads it: ``ctrl+s`` → ``^S``, ``f2`` → ``F2``, ``g o`` → ``g o``."""
    shown = []
    for part in normal_key(key).split():
        if part in _SHOWN:
            shown.append(_SHOWN[part])
        elif part.startswith("ctrl+"):
            rest = part.removeprefix("ctrl+")
            shown.append("^" + (rest.upper() if len(rest) == 1 else _SHOWN.get(rest, rest)))
        elif part.startswith("shift+"):
            rest = part.removeprefix("shift+")
            shown.append(f"Shift+{_SHOWN.get(rest, rest)}")
        elif len(part) > 1 and part[0] == "f" and part[1:].isdigit():
            shown.append(part.upper())
        else:
            shown.append(part)
    return " ".join(shown)


_WHOLE = frozenset(_NAMED.values()) | {
    *("escape", "enter", "space", "tab", "delete", "insert", "up", "down", "left", "right"),
    *("pageup", "pagedown", "home", "end", "backspace"),
}


def is_key(key: str) -> bool:
    """Say whether ``key`` is a key, or a sequence of keys, that a terminal can send."""

    def one(part: str) -> bool:
        *modifiers, last = part.split("+") if len(part) > 1 else [part]
        if not all(modifier in ("ctrl", "alt", "shift") for modifier in modifiers):
            return False
        function = len(last) > 1 and last[0] == "f" and last[1:].isdigit() and 1 <= int(last[1:]) <= 24
        return function or last in _WHOLE or (len(last) == 1 and last.isprintable())

    parts = normal_key(key).split()
    return bool(parts) and all(one(part) for part in parts)


def fires_in_input(key: str) -> bool:
    """Say whether ``key`` acts while a text field has the focus: control, alt and function keys do, letters never."""
    first = normal_key(key).split()[0] if key.strip() else ""
    return first.startswith(("ctrl+", "alt+")) or (len(first) > 1 and first[0] == "f" and first[1:].isdigit())


@dataclass(frozen=True)
class Action:
    """One thing a person can do.

    ``name`` is ``area.verb`` (``orders.ship``), unique; ``keys`` the default keys, several alternatives as a tuple,
    a sequence with blanks (``"g o"``); ``label`` one or two words for the key bar; ``handler`` the method of the
    screen (or of the shell, for global actions) that does it; ``permission`` a name in
    ``data.access.rules.PERMISSIONS`` or ``""``; ``help`` one sentence for the ``?`` sheet and
    ``group`` its heading there (the screen's name by default); ``show`` whether the key bar may show it, and ``rank``
    how early (lower is earlier). ``arguments`` go to the handler.
    """

    name: str
    keys: str | tuple[str, ...]
    label: str
    handler: str
    permission: str = ""
    help: str = ""
    group: str = ""
    show: bool = True
    rank: int = 50
    arguments: tuple[str, ...] = ()

    @property
    def all_keys(self) -> tuple[str, ...]:
        """The default keys in Textual's spelling."""
        keys = (self.keys,) if isinstance(self.keys, str) else self.keys
        return tuple(normal_key(key) for key in keys if key)

    @property
    def area(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]
