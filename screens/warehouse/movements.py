"""Movements: why a level is what it is, newest first, with the balance each movement left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult

from screens.action import Action
from screens.base import AppScreen
from screens.shown import when
from screens.warehouse.data import movement_source
from widgets.cells import Cell, Column
from widgets.grid import Grid
from widgets.keybar import KeyHint
from widgets.line import OneLine, Piece
from widgets.sheet import SheetLine, heading, table_heading, table_row

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.stock.reads import MovementRow

COLUMNS = (
    Column("created_at", "When", 9),
    Column("kind", "What", 8),
    Column("warehouse_id", "Where", 5),
    Column("quantity", "Units", 6, right=True),
    Column("available_after", "Avail", 6, right=True),
    Column("reserved_after", "Resv", 5, right=True),
    Column("stock_after_movement", "Total", 6, right=True),
    Column("reference", "For", 16, flex=3),
    Column("created_by", "Who", 8, flex=1, min_total=92),
)
_SHORT = (
    Column("created_at", "When", 9),
    Column("kind", "What", 8),
    Column("quantity", "Units", 6, right=True),
    Column("available_after", "Avail", 6, right=True),
    Column("reference", "For", 9, flex=1),
)


def signed(row: MovementRow) -> str:
    """Return what the movement did to the units that can be sold, or else to the other columns: ``+5``, ``-2``."""
    return f"{row.available_delta or row.reserved_delta or row.damaged_delta:+,}"


def cells(row: MovementRow) -> tuple[Cell, ...]:
    """Return one movement as the list shows it."""
    return (
        when(row.created_at),
        row.kind,
        row.warehouse_id,
        signed(row),
        row.available_after,
        row.reserved_after,
        row.stock_after_movement,
        row.reference or row.reason,
        row.created_by,
    )


def movement_lines(rows: Sequence[MovementRow], width: int) -> list[SheetLine]:
    """Return the newest movements for the pane beside the list."""
    if not rows:
        return [heading("Movements", width), SheetLine((Piece("None yet.", "muted"),))]
    return [
        heading("Movements", width, "newest first"),
        table_heading(_SHORT, width),
        *(
            table_row(
                _SHORT,
                (when(row.created_at), row.kind, signed(row), row.available_after, row.reference or row.reason),
                width,
            )
            for row in rows
        ),
    ]


class ProductLine(OneLine):
    """Row 2: which product, in which warehouse."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""

    def show(self, text: str) -> None:
        """Name the product."""
        self._text = text
        self.changed()

    def pieces(self, width: int) -> list[Piece]:
        """The name."""
        return [Piece(self._text, "strong")]


class MovementsScreen(AppScreen):
    """The ledger of one product."""

    NAME = "movements"
    TITLE_CRUMBS = ("Warehouse", "Movements")
    ACTIONS = (
        Action("movements.all", "w", "all warehouses", "toggle_warehouse", help="This warehouse, or all of them"),
        Action("movements.reload", ("r", "f5"), "reload", "reload", help="Read the movements again", rank=80),
    )

    def __init__(self) -> None:
        super().__init__()
        self.product = ProductLine()
        self.grid: Grid[MovementRow] = Grid(
            COLUMNS,
            cells,
            key=lambda row: str(row.movement_id),
            empty=("Nothing was ever moved.", "Esc goes back, R receives there"),
            id="movements",
        )
        self._product_id = self._warehouse_id = self._house = self._about = ""

    def compose_query(self) -> Iterable[Widget]:
        """The product."""
        yield self.product

    def compose_body(self) -> ComposeResult:
        """The movements."""
        yield self.grid

    def arrive(
        self, product_id: str = "", warehouse_id: str = "", sku: str = "", title: str = "", **arguments: Any
    ) -> None:
        """Show the movements of a product, in one warehouse or (``""``) everywhere."""
        if product_id:
            self._product_id, self._warehouse_id, self._house = product_id, warehouse_id, warehouse_id
            self._about = f"{sku}  {title}"
            self._list()
        self.grid.focus()

    def _list(self) -> None:
        product_id, house = self._product_id, self._warehouse_id
        self.show_crumbs("Warehouse", "Movements", house or "all warehouses")
        self.product.show(self._about)
        self.grid.show(self.pages(lambda shop: movement_source(shop, product_id, house)))

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does."""
        return (KeyHint("Enter", "open its cause"),)

    def toggle_warehouse(self) -> None:
        """One warehouse, or all."""
        self._warehouse_id = "" if self._warehouse_id else self._house
        self._list()

    def reload(self) -> None:
        """Read the movements again."""
        self.grid.reload()

    def on_grid_loaded(self, event: Grid.Loaded) -> None:
        """Say what the balance is about."""
        self.status.facts("newest first · balances are those after each movement")

    def on_grid_row_chosen(self, event: Grid.RowChosen) -> None:
        """Open what caused the movement."""
        row: MovementRow = event.row
        if row.reference_type == "order" and row.reference:
            self.shell.open_screen("order", order_number=row.reference)
        else:
            self.status.say(row.reason or "no document stands behind it")
