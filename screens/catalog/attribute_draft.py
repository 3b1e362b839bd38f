"""The attributes of a product while somebody changes them: what is new, renamed, changed, taken away. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from screens.shown import by_name

if TYPE_CHECKING:
    from data.catalog.types import AttributeValue

#: Kinds of value as the form offers them.
KINDS = ("text", "number", "yes/no", "list", "nothing")
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


def kind_of(value: AttributeValue) -> str:
    """Return the kind of ``value``, one of ``KINDS``."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes/no"
        case int() | float():
            return "number"
        case str():
            return "text"
    return "list"


def spell(value: AttributeValue) -> str:
    """Return ``value`` as the form shows it, so that ``read`` of it gives the value again."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(_spell_item(item) for item in value)
    return str(value)


def _spell_item(item: AttributeValue) -> str:
    if item is None:
        return "none"
    text = spell(item)
    plain = not isinstance(item, str) or (_item(text) == item and "," not in text and '"' not in text)
    return text if plain and text == text.strip() and text else '"' + text.replace('"', '""') + '"'


def read(kind: str, text: str) -> AttributeValue:
    """Return the value of ``kind`` that ``text`` spells. Raises ``ValueError`` with the reason."""
    match kind:
        case "nothing":
            return None
        case "number":
            return _number(text)
        case "yes/no":
            if text.strip().casefold() not in _FLAGS:
                raise ValueError("is neither yes nor no")
            return _FLAGS[text.strip().casefold()]
        case "list":
            return _items(text)
    return text


def guess(text: str) -> str:
    """Return the kind that ``text`` looks like: of a new attribute whose kind nobody has chosen."""
    if text.strip().casefold() in _FLAGS:
        return "yes/no"
    if "," in text:
        return "list"
    try:
        _number(text)
    except ValueError:
        return "text"
    return "number"


def _number(text: str) -> int | float:
    clean = text.strip()
    for kind in (int, float):
        try:
            number: int | float = kind(clean)
        except ValueError:
            continue
        if number != number or number in (float("inf"), float("-inf")) or "_" in clean:
            break
        return number
    raise ValueError(f"{clean[:40]!r} is not a number")


def _items(text: str) -> list[str | int | float | bool | None]:
    """Read ``5, 6000, "a, b"``: what is quoted is text, the rest is what it looks like."""
    return [part[1:-1].replace('""', '"') if _quoted(part) else _item(part) for part in _split(text)]


def _quoted(part: str) -> bool:
    return len(part) > 1 and part[0] == part[-1] == '"'


def _split(text: str) -> list[str]:
    parts = [""]
    inside = False
    for char in text:
        inside ^= char == '"'
        if char == "," and not inside:
            parts.append("")
        else:
            parts[-1] += char
    if inside:
        raise ValueError("has a quote that is not closed")
    return [part.strip() for part in parts if part.strip()]


def _item(text: str) -> str | int | float | bool | None:
    if text.casefold() == "none":
        return None
    if text.casefold() in _FLAGS:
        return _FLAGS[text.casefold()]
    try:
        return _number(text)
    except ValueError:
        return text


@dataclass(frozen=True)
class Entry:
    """One attribute on its way: ``was`` is its name in the product, ``""`` for a new one.

    ``theirs`` is set where somebody else changed it meanwhile, too: what they wrote, as text for the person.
    """

    name: str
    value: AttributeValue
    was: str = ""
    removed: bool = False
    theirs: str | None = None


class Draft:
    """The changes somebody is making to the attributes ``base`` of a product."""

    def __init__(self, base: Mapping[str, AttributeValue]) -> None:
        self.base = dict(base)
        self.entries = [Entry(name, value, name) for name, value in sorted(base.items(), key=by_name)]
        self._before: list[list[Entry]] = []

    @property
    def dirty(self) -> bool:
        """Whether there is anything to save."""
        return any(self.changed(entry) for entry in self.entries)

    def changed(self, entry: Entry) -> bool:
        """Whether ``entry`` differs from the product."""
        if not entry.was:
            return not entry.removed
        return entry.removed or entry.name != entry.was or not _alike(entry.value, self.base[entry.was])

    def put(self, at: int | None, name: str, value: AttributeValue) -> None:
        """Give the entry at ``at`` (``None``: a new one) name and value. Raises ``ValueError`` for a taken name."""
        others = [entry.name for place, entry in enumerate(self.entries) if place != at and not entry.removed]
        if name in others:
            raise ValueError(f"there is an attribute {name} already")
        self._remember()
        if at is None:
            self.entries.append(Entry(name, value))
        else:
            self.entries[at] = replace(self.entries[at], name=name, value=value, removed=False, theirs=None)

    def turn_removed(self, at: int) -> None:
        """Take the entry away, or keep it after all; a new one is gone."""
        self._remember()
        entry = self.entries[at]
        if entry.was:
            self.entries[at] = replace(entry, removed=not entry.removed, theirs=None)
        else:
            del self.entries[at]

    def undo(self) -> bool:
        """Take the last step back. Return whether there was one."""
        if not self._before:
            return False
        self.entries = self._before.pop()
        return True

    def _remember(self) -> None:
        self._before = [*self._before[-49:], list(self.entries)]

    def orders(self) -> tuple[dict[str, AttributeValue], dict[str, str], tuple[str, ...]]:
        """Return what to write: values by name, new names by old one, names to take away."""
        sets: dict[str, AttributeValue] = {}
        renames: dict[str, str] = {}
        removes: list[str] = []
        for entry in self.entries:
            if entry.removed:
                removes.append(entry.was)
            elif not entry.was or not _alike(entry.value, self.base[entry.was]):
                sets[entry.name] = entry.value
            if entry.was and not entry.removed and entry.name != entry.was:
                renames[entry.was] = entry.name
        return sets, renames, tuple(removes)

    def rebase(self, now: Mapping[str, AttributeValue]) -> int:
        """Take over what somebody else changed where nothing was changed here; mark the rest. Return how many clash."""
        self._before.clear()
        mine = {entry.was: entry for entry in self.entries if entry.was and self.changed(entry)}
        fresh = [entry for entry in self.entries if not entry.was and not entry.removed]
        merged: list[Entry] = []
        clashes = 0
        for name, value in sorted(now.items(), key=by_name):
            entry = mine.get(name)
            if entry is None:
                merged.append(Entry(name, value, name))
                continue
            theirs = None if name in self.base and _alike(self.base[name], value) else spell(value) or "nothing"
            clashes += theirs is not None
            merged.append(replace(entry, theirs=theirs))
        for name, entry in mine.items():
            if name not in now and not entry.removed:  # they took it away, here it was changed: it becomes a new one
                clashes += 1
                merged.append(Entry(entry.name, entry.value, theirs="taken away"))
        for entry in fresh:
            if entry.name in now:  # both added it
                merged = [kept for kept in merged if kept.was != entry.name]
                clash = None if _alike(now[entry.name], entry.value) else spell(now[entry.name]) or "nothing"
                clashes += clash is not None
                merged.append(replace(entry, was=entry.name, theirs=clash))
            else:
                merged.append(entry)
        self.base, self.entries = dict(now), merged
        return clashes

    def take_theirs(self, at: int) -> bool:
        """Give up what was typed over somebody else's change. Return whether there was any."""
        entry = self.entries[at]
        if entry.theirs is None:
            return False
        self._remember()
        if entry.was:
            self.entries[at] = Entry(entry.was, self.base[entry.was], entry.was)
        else:
            del self.entries[at]
        return True


def _alike(left: AttributeValue, right: AttributeValue) -> bool:
    """Equal in value and kind, lists by their items."""
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(_alike, left, right))
    return left == right and isinstance(left, bool) == isinstance(right, bool)
