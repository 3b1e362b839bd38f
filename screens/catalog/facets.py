"""What the catalog's facets are made of: the head in row 3, and a search's facets as its panel shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from widgets.facets import AnyFacet, Chip, RangeFacet, TreeFacet
from widgets.line import OneLine, Piece
from widgets.text import visible, width_of

if TYPE_CHECKING:
    from data.search.query import SearchQuery
    from data.types import Facet

CATEGORY = "category"


class CatalogHead(OneLine):
    """``─ Facets ──── f ─┬─ 214 found · 7 ms ───── best match ──``; without facets only the list's part."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = self._note = ""
        self._facets_width = 0

    def show(self, title: str, note: str) -> None:
        """Say what was found, and its order."""
        self._title, self._note = title, note
        self.changed()

    def split(self, facets_width: int) -> None:
        """Head the facets too: they take ``facets_width`` cells, their border included; 0 where they are away."""
        self._facets_width = facets_width
        self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """The rule."""
        found = _rule(self._title, self._note, width - self._facets_width)
        if not self._facets_width:
            return found
        return [*_rule("Facets", "f", self._facets_width - 1), Piece("┬", "muted"), *found]


def _rule(title: str, note: str, width: int) -> list[Piece]:
    head = f"─ {visible(title)} " if title else ""
    tail = f" {visible(note)} ─" if note else ""
    return [
        Piece(head, "strong"),
        Piece("─" * max(width - width_of(head) - width_of(tail), 0), "muted"),
        Piece(tail, "muted"),
    ]


def panel_facets(facets: Iterable[Facet], in_full: Mapping[str, Facet], query: SearchQuery) -> list[AnyFacet]:
    """Return a search's facets as the panel shows them; those asked for ``in_full`` stand in for their short form."""
    return [_panel_facet(facet, in_full.get(facet.name), query) for facet in facets]


def _panel_facet(facet: Facet, in_full: Facet | None, query: SearchQuery) -> AnyFacet:
    shown = facet if in_full is None else in_full
    if facet.name == CATEGORY:
        return TreeFacet(facet.name, facet.label, shown.values, shown.more)
    if facet.histogram is None:
        return shown
    values = [value for value in shown.values if in_full is not None or (value.chosen and facet.name != "price")]
    more = shown.more if in_full is not None else 0
    return RangeFacet(facet.name, facet.label, facet.histogram, _chosen_range(query, facet.name), values, more)


def _chosen_range(query: SearchQuery, name: str) -> tuple[float | None, float | None]:
    from data.search.query import Between

    for choice in query.choices(name):
        if isinstance(choice, Between):
            low, high = choice.low, choice.high
            return None if low is None else float(low), None if high is None else float(high)
    return None, None


def chips_of(query: SearchQuery) -> list[Chip]:
    """Return what ``query`` has chosen besides its words, as the line writes it; words that must not occur too."""
    from data.search.language import format_filter

    words = [Chip(f"-{word}", f"word:{word}") for word in query.excluded]
    filters = [Chip(format_filter(one), f"{'-' if one.negated else '+'}:{one.field}") for one in query.filters]
    return [*words, *filters]


def without_chip(query: SearchQuery, key: str) -> SearchQuery:
    """Return ``query`` without what the chip with ``key`` stands for."""
    kind, _, name = key.partition(":")
    if kind == "word":
        return replace(query, excluded=tuple(word for word in query.excluded if word != name), problems=())
    kept = tuple(one for one in query.filters if (one.field, one.negated) != (name, kind == "-"))
    return replace(query, filters=kept, problems=())


def category_choice(path: str, paths: Sequence[str]) -> str:
    """Return how the line names the category at ``path``: by its name alone where no other of ``paths`` has it."""
    name = path.rpartition(" > ")[2]
    bearers = {other for other in paths if name.casefold() in other.casefold().split(" > ")[-1:]}
    return name if len(bearers | {path}) == 1 else path
