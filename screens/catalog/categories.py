"""The tree of categories: make, move with its products, rename, put in order, close and open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult

from data.ids import new_id
from screens.action import Action
from screens.base import AppScreen
from screens.catalog.category_data import COUNTED, count_products, order_categories, read_tree, save_category
from screens.catalog.product_verbs import UndoVerb, undo_action
from screens.forms.category import describe_form, move_form, names_of, new_category_form
from widgets.keybar import KeyHint
from widgets.line import Piece
from widgets.sheet import Sheet, SheetLine
from widgets.stateline import StateLine
from widgets.text import visible

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.catalog.types import Category

_EDIT = "catalog.edit"
_NEED_ONE = frozenset({"describe", "move", "close", "up", "down"})


class CategoriesScreen(UndoVerb, AppScreen):
    """See and change the tree."""

    NAME = "categories"
    TITLE_CRUMBS = ("Catalog", "Categories")
    TOP_RULE = ""
    KEYS_OF = (Sheet,)
    ACTIONS = (
        Action("categories.new", "n", "new", "create", _EDIT, help="Add one, below the one under the bar", rank=20),
        Action(
            "categories.move", "m", "move", "move", _EDIT, help="Another parent or name; its products follow", rank=25
        ),
        Action("categories.describe", "e", "describe", "describe", _EDIT, help="Edit the description", rank=30),
        Action(
            "categories.close", "x", "close", "turn_active", _EDIT, help="It takes no more products; again: it does"
        ),
        Action("categories.up", "K", "up", "up", _EDIT, help="Before the one above it", rank=60),
        Action("categories.down", "J", "down", "down", _EDIT, help="After the one below it", rank=61),
        undo_action("categories"),
        Action("categories.reload", ("r", "f5"), "reload", "reload", help="Read the tree again", show=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self.state = StateLine()
        self.sheet = Sheet(id="tree")
        self.nodes: Sequence[Category] | None = None
        self._wanted = ""

    def compose_query(self) -> Iterable[Widget]:
        """The one under the bar."""
        yield self.state

    def compose_body(self) -> ComposeResult:
        """The tree."""
        yield self.sheet

    def arrive(self, **arguments: Any) -> None:
        """Show the tree as it is now."""
        self.sheet.focus()
        if self.nodes is None:
            self.sheet.say("Loading …")
        self.reload()

    def reload(self) -> None:
        """Read the tree, stay at this category."""
        self.load(read_tree, then=self._show, failed=self._not_there, group="tree")

    def recovered(self, stores: tuple[str, ...]) -> None:
        """A store is back."""
        self.reload()

    def _not_there(self, error: Exception) -> None:
        if self.nodes is None:
            self.sheet.say(*self.explain(error), tone="bad")
        else:
            self.sheet.stale = True
            self.shell.show_error(error, doing="reading the tree")

    def _show(self, tree: Sequence[Category]) -> None:
        self.nodes, self.sheet.stale = tree, False
        if not tree:
            self.sheet.say("No categories yet.", "n adds one; an import makes those it needs")
        else:
            self.sheet.show(lambda width: [_line(node, width) for node in tree])
        if self._wanted:
            self.sheet.go_to(self._wanted)
            self._wanted = ""
        closed = sum(not node.is_active for node in tree)
        self.status.facts(f"{len(tree):,} categories" + (f", {closed:,} closed" if closed else ""))
        self._tell()
        self.refresh_keys()

    # -- what stands under the bar ------------------------------------------------------------------------------------

    @property
    def current(self) -> Category | None:
        """The category under the bar."""
        return next((node for node in self.nodes or () if node.path == self.sheet.key), None)

    def on_sheet_line_moved(self, event: Sheet.LineMoved) -> None:
        """Row 2 follows the bar."""
        self._tell()
        self.refresh_keys()

    def _tell(self) -> None:
        node = self.current
        self.state.show([Piece(visible(node.path), "strong")] if node else [], [])

    def why_not(self, action: Action) -> str:
        """Some actions need a category under the bar."""
        needs = action.name.partition(".")[2] in _NEED_ONE
        return "no category under the bar" if needs and self.current is None else ""

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does."""
        return (KeyHint("Enter", "its products"),)

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """See the products of the category."""
        levels = ("category.primary", "category.secondary", "category.tertiary")
        names = names_of(event.key)
        line = " ".join(f'{level}:"{name}"' for level, name in zip(levels, names, strict=False))
        self.shell.open_screen("catalog", query=line)

    # -- changing -----------------------------------------------------------------------------------------------------

    def _paths(self) -> list[str]:
        return [node.path for node in self.nodes or ()]

    def create(self) -> None:
        """Add a category below the one under the bar."""
        node = self.current
        parent = "" if node is None else node.path if node.level < 3 else " > ".join(names_of(node.path)[:-1])
        self.shell.overlay(new_category_form(parent, self._paths()), self._saved)

    def describe(self) -> None:
        """Change the description."""
        if (node := self.current) is not None:
            self.shell.overlay(describe_form(node), self._saved)

    def move(self) -> None:
        """Count what follows, then ask where to."""
        if (node := self.current) is not None:
            path = names_of(node.path)
            self.load(count_products, path, then=lambda count: self._move(node, count), group="count", doing="counting")

    def _move(self, node: Category, count: int) -> None:
        products = f"{count:,} or more" if count >= COUNTED else f"{count:,}"
        self.shell.overlay(move_form(node, products, self._paths()), self._moved)

    def _moved(self, moved: Any) -> None:
        if moved is not None:
            self._after(moved.path, f"{moved.path}: moved with {moved.products:,} products")

    def _saved(self, saved: Any) -> None:
        if saved is not None:
            self._after(saved.path, f"{saved.path}: {'created' if saved.created else 'saved'}")

    def turn_active(self) -> None:
        """Close the category, or open it again."""
        if (node := self.current) is None:
            return
        said = f"{node.path}: {'closed, it takes no more products' if node.is_active else 'open again'}"
        arguments = (names_of(node.path), {"is_active": not node.is_active}, str(new_id()))
        self.load(save_category, *arguments, then=lambda _: self._after(node.path, said), group="save", doing="saving")

    def up(self) -> None:
        """Put it before the one above it."""
        self._swap(-1)

    def down(self) -> None:
        """Put it after the one below it."""
        self._swap(1)

    def _swap(self, step: int) -> None:
        node = self.current
        if node is None:
            return
        parent = names_of(node.path)[:-1]
        siblings = [each.name for each in self.nodes or () if names_of(each.path)[:-1] == parent]
        at = siblings.index(node.name)
        if not 0 <= at + step < len(siblings):
            self.app.bell()
            return
        siblings[at], siblings[at + step] = siblings[at + step], siblings[at]
        arguments = (parent, tuple(siblings), str(new_id()))
        self.load(order_categories, *arguments, then=lambda _: self._after(node.path, ""), group="save", doing="saving")

    def _after(self, path: str, said: str) -> None:
        self._wanted = path
        if said:
            self.status.say(said, "good", undo=True)
        self.reload()


def _line(node: Category, width: int) -> SheetLine:
    """Return one category as a line of the tree."""
    name = Piece(f"{'  ' * (node.level - 1)}{visible(node.name)}", "plain" if node.is_active else "muted")
    closed = Piece("  ✗ closed" if not node.is_active else "", "warn")
    told = Piece(f"  {visible(node.description)}"[: max(width - 2 * node.level - len(node.name) - 12, 0)], "muted")
    return SheetLine((name, closed, told), node.path, node)
