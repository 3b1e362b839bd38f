"""Listed of one state of an index brought forward to a later one, by what was written in between.

With the state before still open, its counts become those of now: less what the products written since were counted for
then, more what they are counted for now. Exact, as long as what is asked of a product depends on nothing but that
product, as every condition does; it costs what was written, not what matches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol, Self

from data.search.kept import Counted, KeptCounts
from data.search.requests import Listed, Requests
from data.search.tree import Node

__all__ = ["brought_forward", "moved"]


class OpenState(Protocol):
    """A state of an index that can be asked; a later one has a higher ``generation``."""

    @property
    def generation(self) -> int:
        """The number of this state."""
        ...

    def changed_since(
        self, before: Self, node: Node, requests: Requests
    ) -> tuple[Mapping[str, Listed], Mapping[str, Listed]] | None:
        """Return the answers over those products that were written since ``before``: as they were then, and are now.

        Two empty ones where nothing was, ``None`` where that cannot be said or costs as much as counting anew.
        """
        ...


def brought_forward(kept: KeptCounts[Any], state: OpenState, node: Node, requests: Requests) -> dict[str, Listed]:
    """Return the answers to those of ``requests`` that are kept of ``node``, as they are in ``state``.

    All that is kept of ``node`` is brought forward to ``state`` and kept so; what is left out has to be counted anew.
    """
    known = kept.known(node) if requests else None
    counted = _carried(kept, state, node, *known) if known is not None else {}
    return {name: counted[name].counts for name, one in requests.items() if _answers(counted.get(name), one)}


def _answers(counted: Counted | None, request: Mapping[str, Any]) -> bool:
    return counted is not None and counted.request == request


def _carried(
    kept: KeptCounts[Any], state: OpenState, node: Node, before: Any, counted: Mapping[str, Counted]
) -> Mapping[str, Counted]:
    if before.generation == state.generation:
        return counted
    changed = state.changed_since(before, node, {name: one.request for name, one in counted.items()})
    if changed is None:
        return {}
    was, now = changed
    if was or now:
        moves = {name: moved(one, was[name], now[name]) for name, one in counted.items()}
        counted = {name: one for name, one in moves.items() if one is not None}
    kept.keep(state, node, counted)
    return counted


def moved(before: Counted, less: Listed, more: Listed) -> Counted | None:
    """Return what was counted ``before``, less ``less``, more ``more``; commonest first, what has none left out.

    ``None`` where any of them may have been cut off at the number of values asked for.
    """
    most = before.request.get("terms", {}).get("size")
    if most is not None and max(map(len, (before.counts, less, more))) >= most:
        return None
    if (was := dict(less)) == (now := dict(more)):
        return before
    totals = Counter(dict(before.counts))
    totals.subtract(was)
    totals.update(now)
    return Counted(before.request, [one for one in totals.most_common() if one[1]])
