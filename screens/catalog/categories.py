"""The tree of categories: make, move with its products, rename, put in order, close and open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Horizontal

from data.ids import new_id
from screens.action import Action
from screens.base import AppScreen
from screens.catalog.category_data import (
    COUNTED,
    CategoryView,
    Tree,
    count_products,
    line_of,
    order_categories,
    read_category,
    read_tree,
    save_category,
)
from screens.catalog.category_sheet import category_page, first_named, found_in, tree_lines
from screens.catalog.product_verbs import UndoVerb, undo_action
from screens.forms.category import describe_form, move_form, names_of, new_category_form, path_of
from screens.later import Later
from widgets.keybar import KeyHint
from widgets.queryline import QueryLine
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.catalog.types import Category

_EDIT = "catalog.edit"
_NEED_ONE = frozenset({"describe", "move", "close", "up", "down"})


class CategoriesScreen(UndoVerb, Later, AppScreen):
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
        Action("categories.find", "/", "find", "find", help="Find categories by a part of their names", rank=55),
        undo_action("categories"),
        Action("categories.reload", ("r", "f5"), "reload", "reload", help="Read the tree again", show=False),
    )

    #: seconds the bar must rest before the category under it is counted
    REST = 0.12
    DEFAULT_CSS = """
    CategoriesScreen #beside { display: none; padding-left: 1; }
    CategoriesScreen.-wide #beside, CategoriesScreen.-broad #beside { display: block; width: 60; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.query_line = QueryLine(placeholder="part of a category's name")
        self.sheet = Sheet(id="tree")
        self.beside = Sheet(focusable=False, margin=1, id="beside")
        self.tree_read: Tree | None = None
        self._wanted = ""

    def compose_query(self) -> Iterable[Widget]:
        """What is looked for in the tree."""
        yield self.query_line

    def compose_body(self) -> ComposeResult:
        """The tree, and from 100 columns the category under the bar."""
        with Horizontal():
            yield self.sheet
            yield self.beside

    def arrive(self, **arguments: Any) -> None:
        """Show the tree as it is now."""
        self.sheet.focus()
        self.reload()

    def reload(self) -> None:
        """Read the tree, stay at this category."""
        self.load(read_tree, then=self._show, failed=self._not_there, group="tree")

    def recovered(self, stores: tuple[str, ...]) -> None:
        """A store is back."""
        self.reload()

    def _not_there(self, error: Exception) -> None:
        if self.tree_read is None:
            self.sheet.say(*self.explain(error), tone="bad")
        else:
            self.sheet.stale = True
            self.shell.show_error(error, doing="reading the tree")

    def _show(self, tree: Tree) -> None:
        self.tree_read, self.sheet.stale = tree, False
        self._lay_out()
        if self._wanted:
            self.sheet.go_to(self._wanted)
            self._wanted = ""
        closed = sum(not node.is_active for node in tree.nodes)
        told = f"{len(tree.nodes):,} categories" + (f", {closed:,} closed" if closed else "")
        self.status.facts(told if tree.counts is not None else f"{told} · search is away: no counts")
        self._tell()

    @property
    def nodes(self) -> Sequence[Category]:
        """Every category, parents before children; none until they are read."""
        return self.tree_read.nodes if self.tree_read is not None else ()

    def _lay_out(self) -> None:
        """Show the tree, or those of it that are looked for."""
        tree, text = self.tree_read, self.query_line.text
        if tree is None:
            return
        if not tree.nodes:
            self.sheet.say("No categories yet.", "n adds one; an import makes those it needs")
        elif found := found_in(tree.nodes, text):
            self.sheet.show(lambda width: tree_lines(tree, found, text, width))
        else:
            self.sheet.say("No category is called so.", "Esc shows all of them")

    # -- finding ------------------------------------------------------------------------------------------------------

    def find(self) -> None:
        """Type a part of a name."""
        self.query_line.type()

    def on_query_line_changed(self, event: QueryLine.Changed) -> None:
        """Show those that match, the bar on the first one; Enter goes to it."""
        before = self.sheet.key
        self._lay_out()
        self.sheet.go_to(first_named(self.nodes, event.text) if event.text.strip() else before)
        self._tell()
        if event.final:
            self.sheet.focus()

    def leave(self) -> bool:
        """Esc: from the line to the tree, then all of it, then back."""
        if self.query_line.typing:
            self.sheet.focus()
            return True
        if self.query_line.text:
            self.query_line.set("")
            return True
        return False

    def answers(self, action: Action) -> bool:
        """While the line is typed letters go into it."""
        return not self.query_line.typing or self.fires_while_typing(action)

    # -- what stands under the bar ------------------------------------------------------------------------------------

    @property
    def current(self) -> Category | None:
        """The category under the bar."""
        return next((node for node in self.nodes if node.path == self.sheet.key), None)

    def on_sheet_line_moved(self, event: Sheet.LineMoved) -> None:
        """Row 3 and what stands beside the tree follow the bar."""
        self._tell()

    def on_resize(self) -> None:
        """The room beside the tree may have come: fill it."""
        self.call_after_refresh(self._tell)

    def _tell(self) -> None:
        node = self.current
        self.top_rule.show(node.path if node is not None else "")
        if node is None:
            self.not_later("look")
            self.beside.show(lambda width: ())
        elif self.beside.display:
            self.later("look", self.REST, self._look)
        self.refresh_keys()

    def _look(self) -> None:
        if (node := self.current) is not None:
            self.load(read_category, node, then=self._show_beside, failed=lambda error: None, group="look")

    def _show_beside(self, view: CategoryView) -> None:
        self.beside.show(lambda width: category_page(view, width), keep=False)

    def why_not(self, action: Action) -> str:
        """Some actions need a category under the bar."""
        needs = action.name.partition(".")[2] in _NEED_ONE
        return "no category under the bar" if needs and self.current is None else ""

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter and Esc do."""
        if self.query_line.typing:
            return (KeyHint("Enter", "to the tree"),)
        return (KeyHint("Enter", "its products"),)

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """See the products of the category."""
        self.shell.open_screen("catalog", query=line_of(event.key, self.nodes))

    # -- changing -----------------------------------------------------------------------------------------------------

    def _paths(self) -> list[str]:
        return [node.path for node in self.nodes]

    def create(self) -> None:
        """Add a category below the one under the bar."""
        node = self.current
        parent = "" if node is None else node.path if node.level < 3 else path_of(names_of(node.path)[:-1])
        self.shell.overlay(new_category_form(parent, self._paths()), self._saved)

    def describe(self) -> None:
        """Change the description."""
        if (node := self.current) is not None:
            self.shell.overlay(describe_form(node), self._saved)

    def move(self) -> None:
        """Count what follows, then ask where to."""
        if (node := self.current) is not None:
            path = names_of(node.path)
            self.load(
                count_products, path, then=lambda counts: self._move(node, *counts), group="count", doing="counting"
            )

    def _move(self, node: Category, count: int, archived: int) -> None:
        follow = f"{_counted(count)} product{'' if count == 1 else 's'} follow{'s' if count == 1 else ''}"
        follow += f", {_counted(archived)} of them archived" if archived else ""
        self.shell.overlay(move_form(node, follow, self._paths()), self._moved)

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
        siblings = [each.name for each in self.nodes if names_of(each.path)[:-1] == parent]
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


def _counted(number: int) -> str:
    return f"{number:,} or more" if number >= COUNTED else f"{number:,}"
