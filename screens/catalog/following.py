"""What changes under a list of products: rows shown are kept true, and the list follows what was changed here.

Shape: the rows in view are read again every few seconds while somebody looks, one query of MongoDB and one of
PostgreSQL, and those that differ are painted anew where they stand. What was changed from this list shows at once in
its row; order, filters and counts follow when search has the product at the revision that is stored. Rejected:
searching again at once, which for a moment finds the product where it was: one brought back from the archive vanished.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from screens.catalog.data import ProductHit, index_generation, is_indexed, renewed
from screens.listing import ListScreen

if TYPE_CHECKING:
    from widgets.grid import Grid


class Following(ListScreen):
    """Mix in before a list of products."""

    #: seconds between two looks at the rows in view
    RENEW = 3.0
    #: seconds between two questions whether search has followed, and how many of them are asked
    ASK, TIMES = 0.4, 50

    grid: Grid[ProductHit]

    def shown_attributes(self) -> Collection[str]:
        """Return the names of the attributes that the list has columns for."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Look at the rows now and then."""
        self.set_interval(self.RENEW, self._look_again)

    def _look_again(self) -> None:
        if self.is_current and not self.query_line.typing and not self.grid.stale:
            self._renew(self.grid.in_view)

    def _renew(self, rows: Sequence[ProductHit]) -> None:
        def show(now: Sequence[ProductHit]) -> None:
            held = {row.product_id: row for row in self.grid.in_view}
            for row in now:
                if held.get(row.product_id, row) != row:
                    self.grid.update_row(row.product_id, row)

        if rows:
            attributes = self.shown_attributes()
            self.load(renewed, tuple(rows), attributes, then=show, failed=lambda error: None, group="renew")

    def changed_one(self, product_id: str) -> None:
        """Show what was changed in the row, and the list anew once search has followed."""
        self._renew([row for row in self.grid.in_view if row.product_id == product_id])
        self._follow(product_id, self.TIMES)

    def _follow(self, product_id: str, times: int) -> None:
        def answer(indexed: Any) -> None:
            if indexed:
                self.reload()
            elif times > 1:
                self._follow(product_id, times - 1)

        def ask() -> None:
            self.load(is_indexed, product_id, then=answer, failed=lambda error: None, group="follow")

        self.later("follow", self.ASK, ask)

    def follow_index(self, times: int = TIMES, known: int | None = None) -> None:
        """Show the list anew whenever the index changes, for a while: something was changed, nobody says what."""

        def answer(generation: int) -> None:
            if generation != known:
                self.reload()
            if times > 1:
                self.follow_index(times - 1, generation)

        def ask() -> None:
            self.load(index_generation, then=answer, failed=lambda error: None, group="follow")

        self.later("follow", self.ASK, ask)
