"""How the tree of categories, and the category under the bar, are laid out in lines. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from screens.forms.category import names_of, path_of
from widgets.line import Piece
from widgets.sheet import SheetLine, facts, heading
from widgets.spark import spark
from widgets.text import fit, visible, width_of, within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data.catalog.types import Category
    from data.types import Facet
    from screens.catalog.category_data import CategoryView, Tree

#: Cells of a count and of the gap before it.
_COUNT, _GAP = 9, 2
#: How many values of one facet are told of a category.
_VALUES = 8


def found_in(tree: Sequence[Category], text: str) -> list[Category]:
    """Return the categories with ``text`` in their names, and those they are in; all of them for no text."""
    wanted = text.strip().casefold()
    shown: set[str] = set()
    for node in tree:
        if wanted in node.name.casefold():
            names = names_of(node.path)
            shown |= {path_of(names[: end + 1]) for end in range(len(names))}
    return [node for node in tree if node.path in shown]


def first_named(tree: Sequence[Category], text: str) -> str:
    """Return the path of the first category with ``text`` in its name, ``""`` where there is none."""
    wanted = text.strip().casefold()
    return next((node.path for node in tree if wanted in node.name.casefold()), "")


def tree_lines(tree: Tree, found: Sequence[Category], text: str, width: int) -> list[SheetLine]:
    """Return those ``found`` of the tree as lines: names with ``text`` marked, counts in a column, descriptions.

    The column stands where it does for the whole tree.
    """
    longest = max((2 * (node.level - 1) + width_of(visible(node.name)) for node in tree.nodes), default=0)
    names = min(longest, max(width - _COUNT - _GAP, 10))
    return [_node_line(node, tree.counts, text.strip(), names, width) for node in found]


def _node_line(node: Category, counts: Mapping[str, int] | None, text: str, names: int, width: int) -> SheetLine:
    indent = 2 * (node.level - 1)
    pieces = [Piece(" " * indent), *_marked(node, text, max(names - indent, 1))]
    if counts is not None:
        count = counts.get(node.path, 0)
        pieces.append(Piece(f"{count:>{_COUNT + _GAP},}" if count else f"{'–':>{_COUNT + _GAP}}", "muted"))
    if not node.is_active:
        pieces.append(Piece("  ✗ closed", "warn"))
    left = width - sum(width_of(piece.text) for piece in pieces) - _GAP
    if node.description and left > 4:
        pieces.append(Piece(f"  {within(node.description, left)}", "muted"))
    return SheetLine(tuple(pieces), node.path, node)


def _marked(node: Category, text: str, room: int) -> Iterator[Piece]:
    """Yield the name, ``room`` cells wide, with what matches marked."""
    name, tone = fit(visible(node.name), room), "plain" if node.is_active else "muted"
    at = name.casefold().find(text.casefold()) if text else -1
    if at < 0 or len(name.casefold()) != len(name):  # a letter that folds into two: nowhere to put the mark
        yield Piece(name, tone)
        return
    yield Piece(name[:at], tone)
    yield Piece(name[at : at + len(text)], "match")
    yield Piece(name[at + len(text) :], tone)


def category_page(view: CategoryView, width: int) -> list[SheetLine]:
    """Return one category: what is in it, by status, brand, price and attributes."""
    node = view.node
    state = "takes products" if node.is_active else "✗ closed: keeps its products, takes no more"
    products = "search is away: not known now" if view.facets is None else f"{view.total:,}{_archived(view.facets)}"
    lines = [
        heading("Category", width, f"level {node.level}"),
        *facts(
            [
                ("Path", visible(node.path)),
                ("Products", products),
                ("State", state),
                ("About", visible(node.description)),
            ],
            width=width,
        ),
    ]
    for facet in view.facets or ():
        if facet.name != "category":
            lines += _facet(facet, width)
    return lines


def _archived(facets: Sequence[Facet]) -> str:
    """Say how many more are archived: search leaves them out where nobody asks for them."""
    status = next((facet.values for facet in facets if facet.name == "status"), ())
    count = next((value.count for value in status if value.value == "archived"), 0)
    return f", and {count:,} archived" if count else ""


def _facet(facet: Facet, width: int) -> Iterator[SheetLine]:
    if facet.histogram is not None:
        low, high = facet.histogram.bounds[0], facet.histogram.bounds[-1]
        end = "+" if facet.histogram.open_end else ""
        yield heading(facet.label, width)
        bars = Piece(spark(facet.histogram.counts), "key")
        yield SheetLine((Piece(f"{low:,.6g} "), bars, Piece(f" {high:,.6g}{end}")))
        return
    rest = len(facet.values) - _VALUES + facet.more
    yield heading(facet.label, width, f"{rest:,} more" if rest > 0 else "")
    room = max(width - _COUNT - _GAP, 10)
    for value in facet.values[:_VALUES]:
        yield SheetLine((Piece(fit(visible(value.value), room)), Piece(f"{value.count:>{_COUNT + _GAP},}", "muted")))
