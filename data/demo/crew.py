"""The people who load the demo, and the keys under which they act."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from data.access.rules import Actor
    from data.command import Command
    from data.door import Door

Item = TypeVar("Item")


@dataclass(frozen=True)
class Crew:
    """Staff by first name, who run commands through the door. ``label`` begins every key of this load."""

    door: Door
    label: str
    staff: Mapping[str, Actor]

    def run(self, who: str, command: Command, key: str | None = None) -> Any:
        """Run ``command`` as ``who`` and return its result.

        ``key`` is completed by the load's label unless it names another load (``demo:…``); without one the command is
        run anew, which is right where it is only run for what is missing.
        """
        whole = key if key is None or key.startswith("demo:") else f"{self.label}:{key}"
        return self.door.run(command, self.staff[who], key=whole).result


def batches(items: Sequence[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """Yield ``items`` in tuples of ``size``, the last one shorter."""
    for start in range(0, len(items), size):
        yield tuple(items[start : start + size])
