"""Catalog: find products by words and facets; the line of query and the facet panel are two views of one query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from screens.action import Action
from screens.catalog.beside import ProductBeside
from screens.catalog.columns import OWN, attributes_of, cells_for, column_names, columns_for
from screens.catalog.data import (
    Found,
    ProductHit,
    ProductView,
    product_source,
    read_product,
)
from screens.catalog.facet_panel import FacetsBeside
from screens.catalog.following import Following
from screens.catalog.product_sheet import what_changed
from screens.catalog.product_verbs import NEED_PRODUCT, ManyVerbs, ProductVerbs, list_actions, product_actions
from screens.forms.product import create_form, edit_form
from screens.shown import took
from screens.views.saved import SavedViews, view_actions
from widgets.grid import Grid
from widgets.keybar import KeyHint
from widgets.queryline import QueryLine

if TYPE_CHECKING:
    from data.search.query import SearchQuery
    from data.undo.messages import Undone


class CatalogScreen(Following, ProductVerbs, ManyVerbs, SavedViews, ProductBeside, FacetsBeside):
    """Browse, search and open products."""

    NAME = "catalog"
    VIEWS_OF = "products"
    TITLE_CRUMBS = ("Catalog",)
    TOP_RULE = None
    #: a search takes some ten milliseconds, and what a later letter overtakes is dropped
    DELAY, EAGER = 0.03, True
    #: seconds until a search index that was still being built is asked again
    SOON = 2.0
    ACTIONS = (
        Action("catalog.search", "/", "search", "type_query", help="Type words and filters", rank=60),
        Action("catalog.facets", "f", "facets", "facets", help="Choose by facets", rank=40),
        Action("catalog.edit", "e", "edit", "edit", "catalog.edit", help="Change the product under the bar", rank=20),
        Action("catalog.new", "n", "new", "create", "catalog.edit", help="Add a product", rank=30),
        Action("catalog.clear", "ctrl+u", "all", "clear_query", help="Every product", show=False),
        Action("catalog.copy_query", "ctrl+y", "copy query", "copy_query", help="Copy the line of query", show=False),
        Action(
            "catalog.stock", "w", "movements", "movements", "stock.view", help="Why the stock is what it is", rank=55
        ),
        Action("catalog.reload", ("r", "f5"), "reload", "reload", help="Search again, stay at this row", show=False),
        *product_actions("catalog"),
        *list_actions("catalog"),
        *view_actions("catalog"),
    )

    DEFAULT_CSS = """
    CatalogScreen #facets { border-right: solid $tone-muted; }
    CatalogScreen #beside { width: 60; padding-left: 1; display: none; }
    CatalogScreen.-broad #beside { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.query_line = QueryLine(placeholder="words brand:Corsair price:50..100 stock:>0 -color:white sort:-price")
        self.grid: Grid[ProductHit] = Grid(
            OWN,
            cells_for(OWN),
            key=lambda row: row.product_id,
            empty=("Nothing found.", "/ changes the words · ^U shows every product · n adds one"),
            quick=True,
            id="products",
        )
        self.query_now: SearchQuery | None = None
        self._asked = 0

    def compose_body(self) -> ComposeResult:
        """Facets, list, and from 150 columns the product under the bar."""
        with Horizontal():
            with Vertical():
                yield self.head
                with Horizontal():
                    yield self.panel
                    yield self.grid
            yield self.beside
        yield self.offers

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter and the brackets do here."""
        if self.query_line.typing:
            return (KeyHint("Enter", "find"), KeyHint("↓", "offers, list"), KeyHint("Tab", "complete"))
        if self.panel.finding is not None:
            return (KeyHint("letters", "find"), KeyHint("Space", "choose"), KeyHint("Esc", "all facets"))
        if self.panel.has_focus:
            return (
                KeyHint("Space", "choose"),
                KeyHint("← →", "range, unfold"),
                KeyHint("/", "find in it"),
                KeyHint("Esc", "list"),
            )
        return (KeyHint("Enter", "open"), KeyHint("[ ]", "sort"))

    def why_not(self, action: Action) -> str:
        """Some actions need a product under the bar."""
        needs = action.name in ("catalog.edit", "catalog.stock") or action.name.partition(".")[2] in NEED_PRODUCT
        return "no product under the bar" if needs and self.grid.current is None else ""

    # -- the query --------------------------------------------------------------------------------------------------

    def leave(self) -> bool:
        """Esc: from the facets to the list, else as in every list."""
        return self.leave_panel() or self.stop_exporting() or super().leave()

    def list_for(self, text: str) -> bool:
        """Find what the line asks for; what can't be read of it is named beside it and left out."""
        from data.search.query import SORTS

        query = self.read_line(text)
        if query.sort == "best" and not query.text:
            query = query.with_sort("title")  # without words nothing matches better; a sort key pages to the very end
        self.query_now = query
        self._asked += 1
        number = self._asked
        name, descending = query.sort.removeprefix("-"), query.sort.startswith("-")

        def tell(found: Found) -> None:
            self.app.call_later(self._told, number, found, SORTS[query.sort])

        def wanted() -> bool:
            return number == self._asked

        source = self.pages(
            lambda shop: product_source(shop, query, tell, self.sees_facets, self.shown_attributes, wanted)
        )
        self.grid.show(source, sorted_by=(name, descending))
        return True

    def _told(self, number: int, found: Found, order: str) -> None:
        if number != self._asked:
            return
        time_taken = "" if found.fallback else f" · {took(found.took_ms)}"
        self.head.show(f"{found.total:,} found{time_taken}", order)
        self.show_found(found)
        self.hear(found.unheard)
        if found.soon:
            self.later("soon", self.SOON, self._ask_again)
        said = [one for one in (self.trouble, *found.notes) if one]
        self.status.facts(" · ".join(said) or f"{found.total:,} product{'' if found.total == 1 else 's'} · {order}")

    def _ask_again(self) -> None:
        if self.is_current:
            self.reload()
        else:
            self._changing = True  # nobody looks: it is soon enough when somebody is back

    def arrive(self, query: str | None = None, **arguments: Any) -> None:
        """Show the list; what things are called may have changed meanwhile."""
        super().arrive(query, **arguments)
        self.learn_names()
        self.learn_views()

    def columns_there_are(self) -> Sequence[tuple[str, str]]:
        """The fixed ones, then every attribute."""
        return column_names(self.names.attributes)

    def show_columns(self, names: tuple[str, ...]) -> None:
        """Show the columns chosen, the list's own where none are."""
        columns, before = columns_for(names), self.shown_attributes()
        self.grid.columns, self.grid.cells = columns, cells_for(columns)
        self.grid.column = min(self.grid.column, len(columns) - 1)
        self.grid.refresh()
        if not self.shown_attributes() <= before:
            self.grid.reload()  # the rows were read without what the new columns show

    def shown_attributes(self) -> frozenset[str]:
        """Those there are columns for."""
        return attributes_of(self.grid.columns)

    def views_known(self) -> None:
        """Row 2 names the views on keys."""
        self.read_line(self.query_line.text)

    def idle_note(self) -> str:
        """The views on keys stand at the end of row 2 while there is nothing to mend."""
        return self.views_note

    def open_product(self, product_id: str) -> None:
        """Go to a product that was offered."""
        self.shell.open_screen("product", product_id=product_id)

    def recovered(self, stores: tuple[str, ...]) -> None:
        """Where search is back facets are, where PostgreSQL is back the stock is true again."""
        if {"search", "postgresql"} & set(stores) and not self.grid.failed:
            self.grid.reload()
        super().recovered(stores)

    def copy_query(self) -> None:
        """Copy the line of query: it is text that can be shared."""
        self.shell.copy_text(self.query_line.text, "query")

    def on_grid_sort_requested(self, event: Grid.SortRequested) -> None:
        """Sort by the column: the line says so."""
        from data.search.query import SORTS

        sort = f"-{event.name}" if event.descending else event.name
        if self.query_now is not None and sort in SORTS:
            self.rewrite(self.query_now.with_sort(sort))

    # -- products ---------------------------------------------------------------------------------------------------

    def on_grid_row_chosen(self, event: Grid.RowChosen) -> None:
        """Open the product."""
        self.shell.open_screen("product", product_id=event.key)

    def total_found(self) -> int:
        """How many the line finds."""
        return self.found.total if self.found is not None else 0

    def product_in_hand(self) -> tuple[str, str] | None:
        """The product under the bar."""
        row = self.grid.current
        return (row.product_id, row.sku) if row is not None else None

    def edit(self) -> None:
        """Change the product under the bar."""
        if (row := self.grid.current) is not None:
            self.load(read_product, row.product_id, then=self._edit, group="edit", doing="reading the product")

    def _edit(self, view: ProductView) -> None:
        self.shell.overlay(edit_form(view.product), self._saved)

    def create(self) -> None:
        """Add a product."""
        self.shell.overlay(create_form(), self._created)

    def _saved(self, saved: Any) -> None:
        if saved is not None:
            self.status.say(f"{saved.sku}: {what_changed(saved.changed)}", "good", undo=True)
            self.changed_one(saved.product_id)

    def _created(self, saved: Any) -> None:
        if saved is not None:
            self.shell.open_screen("product", product_id=saved.product_id, made=f"{saved.sku} is created")

    def undone(self, undone: Undone) -> None:
        """Which product it was is not said: the list is read now, and once search has followed."""
        super().undone(undone)
        self.follow_index()

    def movements(self) -> None:
        """See why the stock is what it is."""
        if (row := self.grid.current) is not None:
            self.shell.open_screen("movements", product_id=row.product_id, sku=row.sku, title=row.title)
