"""The product under the bar, beside a list of products: first the product, then what is related to it, where it fits.

Shape: two reads one after the other. The product is there a moment after the bar rests; related products and history,
which ask all five stores, only where the page leaves room for them and the bar still rests, and both are dropped when
it moves on. Rejected: one read of everything, which holds the product back for the slowest store.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from screens.catalog.data import ProductHit, ProductView, read_product
from screens.catalog.product_sheet import product_page
from screens.catalog.related_data import Surroundings, read_surroundings
from screens.listing import ListScreen

if TYPE_CHECKING:
    from widgets.grid import Grid


class ProductBeside(ListScreen):
    """Mix in before a list of products."""

    #: seconds the bar must rest on a product that is shown until what is around it is read
    LONGER = 0.25
    #: free lines below the page from which on that is worth reading: two headings and some of their lines
    ROOM = 8

    def __init__(self) -> None:
        super().__init__()
        #: the product whose surroundings were read last, and these: shown again at once when it is read again
        self._around: tuple[str, Surroundings] | None = None

    def look_at(self, row: ProductHit) -> None:
        """Show the product under the bar beside the list."""
        self.load(read_product, row.product_id, then=self._show_beside, failed=lambda error: None, group="beside")

    def on_grid_row_moved(self, event: Grid.RowMoved) -> None:
        """What is around the product before is not read any more."""
        self.not_later("around")  # the list's own handler of the same name is called besides

    def _show_beside(self, view: ProductView) -> None:
        self.beside.show(lambda width: product_page(view, width), keep=False)
        if self.beside.room < self.ROOM:
            return
        if self._around is not None and self._around[0] == view.product.product_id:
            self._show_whole(view, self._around[1])
        self.later("around", self.LONGER, lambda: self._look_around(view))

    def _look_around(self, view: ProductView) -> None:
        def show(around: Surroundings) -> None:
            self._around = view.product.product_id, around
            self._show_whole(view, around)

        self.load(read_surroundings, view.product, then=show, failed=lambda error: None, group="around")

    def _show_whole(self, view: ProductView, around: Surroundings) -> None:
        whole = replace(view, around=around)
        self.beside.show(lambda width: product_page(whole, width), keep=False)
