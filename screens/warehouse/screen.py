"""Warehouse: what lies where, what is short; receive, correct, and see why a level is what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data.errors import Invalid
from screens.action import Action
from screens.forms.stock import adjust_form, receive_form, reorder_form
from screens.listing import ListScreen
from screens.shown import stock_mark
from screens.warehouse.data import StockRow, last_movements, level_source
from screens.warehouse.movements import movement_lines
from widgets.cells import Cell, Column
from widgets.grid import Grid
from widgets.keybar import KeyHint
from widgets.queryline import QueryLine

if TYPE_CHECKING:
    from data.stock.messages import StockMoved
    from data.stock.reads import MovementRow

COLUMNS = (
    Column("sku", "SKU", 10, flex=1),
    Column("title", "Title", 14, flex=4),
    Column("warehouse_id", "Where", 5),
    Column("available_stock", "Avail", 8, right=True),
    Column("reserved_stock", "Resv", 5, right=True),
    Column("damaged_stock", "Dmg", 4, right=True),
    Column("total_stock", "Total", 6, right=True),
    Column("reorder_level", "Low at", 6, right=True),
)
#: The filters on the keys 1 to 4.
FILTERS: tuple[tuple[str, str], ...] = (("All", ""), ("Low", "low"), ("Sold out", "out"))

_HINT = "1 All  2 Low  3 Sold out"


def cells(row: StockRow) -> tuple[Cell, ...]:
    """Return one level as the list shows it."""
    level = row.level
    return (
        level.sku,
        row.title or "–",
        level.warehouse_id,
        stock_mark(level.available_stock, level.reorder_level),
        level.reserved_stock,
        level.damaged_stock,
        level.total_stock,
        level.reorder_level,
    )


class WarehouseScreen(ListScreen):
    """Levels per warehouse."""

    NAME = "warehouse"
    TITLE_CRUMBS = ("Warehouse",)
    ACTIONS = (
        Action(
            "stock.filter", "/", "filter", "type_query", help="Words, SKU or scan; warehouse:WH1, low, out", rank=60
        ),
        Action(
            "stock.receive", "R", "receive", "receive", "stock.receive", help="Take units of this product in", rank=20
        ),
        Action(
            "stock.receive_other", "n", "receive other", "receive_other", "stock.receive", help="Scan, then receive"
        ),
        Action(
            "stock.adjust", "a", "adjust", "adjust", "stock.adjust", help="Set what was counted, with a reason", rank=30
        ),
        Action(
            "stock.reorder", "L", "low at", "reorder", "stock.adjust", help="Set from which stock on it is low", rank=55
        ),
        Action("stock.product", "p", "product", "open_product", "catalog.view", help="Open the product", rank=58),
        Action("stock.warehouse", "w", "warehouse", "next_warehouse", help="The next warehouse, or all", rank=52),
        Action("stock.reload", ("r", "f5"), "reload", "reload", help="Read the levels again, stay here", show=False),
        *(
            Action(
                f"stock.view_{place}",
                str(place),
                name,
                "show_query",
                help=f"Levels: {name}",
                group="Views",
                show=False,
                arguments=(query,),
            )
            for place, (name, query) in enumerate(FILTERS, start=1)
        ),
    )

    DEFAULT_CSS = """
    WarehouseScreen #beside { width: 52; padding-left: 1; display: none; }
    WarehouseScreen.-broad #beside { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.query_line = QueryLine(placeholder="words, SKU or scan · warehouse:WH1 · low · out")
        self.grid: Grid[StockRow] = Grid(
            COLUMNS,
            cells,
            key=lambda row: row.key,
            empty=("No level matches.", "/ changes the filter · 1 shows all · n receives a product"),
            id="levels",
        )
        self._houses: tuple[str, ...] = ()

    def on_mount(self) -> None:
        """Learn which warehouses there are."""
        self.query_line.note(_HINT)
        self.load(_warehouses, then=self._know_warehouses, failed=lambda error: None, group="houses")

    def _know_warehouses(self, houses: tuple[str, ...]) -> None:
        self._houses = houses

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does here."""
        return (KeyHint("Enter", "movements"),)

    def why_not(self, action: Action) -> str:
        """Most actions need a level under the bar."""
        needs = ("stock.receive", "stock.adjust", "stock.reorder", "stock.product")
        return "no level under the bar" if action.name in needs and self.grid.current is None else ""

    # -- the filter -------------------------------------------------------------------------------------------------

    def next_warehouse(self) -> None:
        """Go through the warehouses, then all together."""
        from data.stock.query import parse_stock_filter

        try:
            wanted = parse_stock_filter(self.query_line.text)
        except Invalid:
            return
        ring = ["", *self._houses]
        place = ring.index(wanted.warehouse_id) if wanted.warehouse_id in ring else 0
        house = ring[(place + 1) % len(ring)]
        rest = [token for token in self.query_line.text.split() if not token.startswith(("warehouse:", "wh:"))]
        self.show_query(" ".join([*([f"warehouse:{house}"] if house else []), *rest]))

    def list_for(self, text: str) -> bool:
        """List what the filter asks for; a filter that can't be read is marked."""
        from data.stock.query import parse_stock_filter

        try:
            wanted = parse_stock_filter(text)
        except Invalid as error:
            self.query_line.note(next(iter(error.fields.values())), "bad")
            return False
        self.query_line.note(_HINT)
        self.show_crumbs("Warehouse", *([wanted.warehouse_id] if wanted.warehouse_id else []))
        self.grid.show(self.pages(lambda shop: level_source(shop, wanted)))
        return True

    # -- the list ---------------------------------------------------------------------------------------------------

    def on_grid_loaded(self, event: Grid.Loaded) -> None:
        """Say how many match."""
        count = ""
        if event.estimate is not None:
            count = f"{'' if event.exact else '~'}{event.estimate:,} level{'' if event.estimate == 1 else 's'} · "
        self.status.facts(f"{count}by SKU")
        self.refresh_keys()

    def recovered(self, stores: tuple[str, ...]) -> None:
        """Where the catalog is back the titles are, too."""
        if "mongodb" in stores and not self.grid.failed:
            self.grid.reload()
        super().recovered(stores)

    def on_grid_row_chosen(self, event: Grid.RowChosen) -> None:
        """See why the level is what it is."""
        level = event.row.level
        self.shell.open_screen(
            "movements",
            product_id=level.product_id,
            warehouse_id=level.warehouse_id,
            sku=level.sku,
            title=event.row.title,
        )

    def look_at(self, row: StockRow) -> None:
        """Show the newest movements of the level under the bar."""
        self.load(
            last_movements,
            row.level.product_id,
            row.level.warehouse_id,
            then=self._show_beside,
            failed=lambda error: None,
            group="beside",
        )

    def _show_beside(self, rows: tuple[MovementRow, ...]) -> None:
        self.beside.show(lambda width: movement_lines(rows, width), keep=False)

    # -- doing ------------------------------------------------------------------------------------------------------

    def receive(self) -> None:
        """Take units of the product under the bar in."""
        if (row := self.grid.current) is not None:
            self.shell.overlay(receive_form(row.level.warehouse_id, row.level, row.title), self._moved)

    def receive_other(self) -> None:
        """Take units of any product in."""
        shop = self.shop
        self.shell.overlay(receive_form(shop.settings.warehouse if shop else ""), self._moved)

    def adjust(self) -> None:
        """Set what was counted."""
        if (row := self.grid.current) is not None:
            self.shell.overlay(adjust_form(row.level, row.title), self._moved)

    def reorder(self) -> None:
        """Set from which stock on it is low."""
        if (row := self.grid.current) is not None:
            self.shell.overlay(reorder_form(row.level, row.title), self._reordered)

    def _moved(self, moved: StockMoved | None) -> None:
        if moved is not None:
            self.status.say(f"{moved.sku} in {moved.warehouse_id}: {moved.available_stock:,} available", "good")
            self.grid.reload()
            self.look()

    def _reordered(self, done: object) -> None:
        if done is not None:
            self.status.say("reorder level set", "good")
            self.grid.reload()

    def open_product(self) -> None:
        """Open the product."""
        if (row := self.grid.current) is not None:
            self.shell.open_screen("product", product_id=row.level.product_id)


def _warehouses(shop: Any) -> tuple[str, ...]:
    from data.stock.reads import list_warehouses

    return tuple(row.warehouse_id for row in list_warehouses(shop.stores.postgres))
