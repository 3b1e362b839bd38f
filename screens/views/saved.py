"""Views and chosen columns of a list: what any list screen takes in to have them.

Shape: a mix-in that knows only a noun (``data.views.rules.NOUNS``), the query line and the grid. A view is nothing but
a line of query with a name, so opening one is writing it into the line. Rejected: views as a state beside the line,
which would be two truths about what is listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from data.ids import new_id
from data.views.rules import View, Views, built_in
from screens.action import Action
from screens.forms.view import view_form
from screens.listing import ListScreen
from screens.views.overlays import ColumnsOverlay, ViewsOverlay

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from data.estimate import Approximate
    from data.shop import Shop
    from data.views.messages import ViewRemoved, ViewSaved

#: The cells of row 2 that the views may take, and those they leave to the line where there is more room.
_NOTE, _LINE = 34, 66


def view_actions(area: str) -> tuple[Action, ...]:
    """Return the actions of ``SavedViews`` for the screen whose actions begin with ``area``."""
    keys = (
        Action(
            f"{area}.view_{digit}",
            str(digit),
            f"view {digit}",
            "open_view",
            help=f"Open the saved view on {digit}",
            group="Views",
            show=False,
            arguments=(str(digit),),
        )
        for digit in range(1, 10)
    )
    return (
        Action(
            f"{area}.save_view", "B", "save view", "save_view", "views.save", help="Keep this query under a name",
            group="Views", show=False,
        ),
        Action(f"{area}.views", "V", "views", "show_views", help="The saved views", group="Views", rank=70),
        Action(
            f"{area}.columns", "c", "columns", "choose_columns", "views.save", help="Which columns to show, in order",
            group="Views", show=False,
        ),
        *keys,
    )  # fmt: skip


class SavedViews(ListScreen):
    """Views and columns. A subclass sets ``VIEWS_OF`` and says which columns there are."""

    VIEWS_OF: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.saved: Views | None = None
        self.columns_shown: tuple[str, ...] = ()
        #: about how many rows each view finds, where the list's own room can say that
        self.counts: Mapping[UUID, Approximate] = {}

    # -- what a subclass says -----------------------------------------------------------------------------------------

    def columns_there_are(self) -> Sequence[tuple[str, str]]:
        """Return name and label of every column, those of the list's own first."""
        raise NotImplementedError

    def show_columns(self, names: tuple[str, ...]) -> None:
        """Show the columns ``names``, the list's own where there are none."""
        raise NotImplementedError

    # -- views --------------------------------------------------------------------------------------------------------

    def learn_views(self) -> None:
        """Read the views of the list."""
        self.load(_read_views, self.VIEWS_OF, then=self._know_views, failed=lambda error: None, group="views")

    def _know_views(self, saved: Views) -> None:
        first, self.saved = self.saved is None, saved
        if first or saved.columns != self.columns_shown:
            self._put_columns(saved.columns)
        self.views_known()

    def views_known(self) -> None:
        """The views were read; the row of the line may name those on keys."""

    @property
    def views(self) -> Views:
        """The views there are; before they were read, those built in."""
        return self.saved if self.saved is not None else Views(built_in(self.VIEWS_OF))

    @property
    def views_note(self) -> str:
        """The views on keys, as far as they fit into row 2, with about how much each finds."""
        room = max(_NOTE, self.size.width - _LINE)
        note = ""
        for view in self.views.on_keys():
            count = f" {self.counts[view.view_id]}" if view.view_id in self.counts else ""
            said = f"{view.key} {view.name}{count}"
            more = "  " if note else ""
            if len(note) + len(more) + len(said) > room:
                return f"{note}  …" if len(note) + 3 <= room else note
            note += more + said
        return note

    def open_view(self, key: str) -> None:
        """Open the view on a digit."""
        view = self.views.on_key(int(key))
        if view is None:
            self.status.say(f"no view on {key}; B saves one", "warn")
        else:
            self._open(view)

    def _open(self, view: View) -> None:
        if view.columns:
            self._put_columns(view.columns)
        self.show_query(view.query)
        self.status.say(f"view {view.name}", "good")

    def save_view(self) -> None:
        """Keep what the line asks for under a name."""
        shop = self.shop
        may_share = shop is not None and shop.actor.may("views.share")
        form = view_form(self.VIEWS_OF, self.query_line.text, self.columns_shown, may_share=may_share)
        self.shell.overlay(form, self._view_saved)

    def _view_saved(self, saved: ViewSaved | None) -> None:
        if saved is not None:
            on = f" on {saved.key}" if saved.key is not None else ""
            self.status.say(f"view {saved.name} saved{on}{' for everybody' if saved.shared else ''}", "good")
            self.learn_views()

    def show_views(self) -> None:
        """List the saved views."""
        self.shell.overlay(ViewsOverlay(self.views.views, self.counts), self._view_chosen)

    def _view_chosen(self, answer: tuple[str, View] | None) -> None:
        if answer is None:
            return
        verb, view = answer
        if verb == "open":
            self._open(view)
            return
        if view.built_in:
            self.status.say(f"{view.name} is built in; B saves another view on its key", "warn")
            return
        key = str(new_id())
        whose = "which everybody has" if view.shared else "of yours"
        self.shell.confirm(f"Removes the view {view.name}, {whose}.", lambda: self._remove(view, key))

    def _remove(self, view: View, key: str) -> None:
        self.load(_remove_view, view, key, then=self._removed, group="remove view", doing="removing the view")

    def _removed(self, removed: ViewRemoved) -> None:
        self.status.say(f"view {removed.name} removed", "good")
        self.learn_views()

    # -- columns ------------------------------------------------------------------------------------------------------

    def choose_columns(self) -> None:
        """Choose the columns of the list; they are kept for this person."""
        there = self.columns_there_are()
        shown = self.columns_shown or tuple(placed.column.key for placed in self.grid.placed())
        self.shell.overlay(ColumnsOverlay(there, shown), self._columns_chosen)

    def _columns_chosen(self, names: tuple[str, ...] | None) -> None:
        if names is not None:
            self._put_columns(names)
            key = str(new_id())
            self.load(_keep_columns, self.VIEWS_OF, names, key, group="columns", doing="keeping the columns")

    def _put_columns(self, names: tuple[str, ...]) -> None:
        self.columns_shown = names
        self.show_columns(names)


def _read_views(shop: Shop, noun: str) -> Views:
    from data.views.reads import list_views

    return list_views(shop.stores.postgres, noun, shop.actor.user_id)


def _remove_view(shop: Shop, view: View, key: str) -> ViewRemoved:
    from data.views.messages import RemoveView

    removed: ViewRemoved = shop.door.run(RemoveView(view_id=view.view_id), shop.actor, key=key).result
    return removed


def _keep_columns(shop: Shop, noun: str, names: tuple[str, ...], key: str) -> None:
    from data.views.messages import SaveView

    shop.door.run(SaveView(noun=noun, called="", columns=names), shop.actor, key=key)
