"""What the packing screen holds: the order as it was read, its boxes, and the draft of them.

Boxes that somebody began to pack are kept at every key and are here again after Esc, a dropped line or a killed
terminal, while the same units are to be sent. Kept apart from the keys, as the edit's form is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult

from data.errors import Unavailable
from data.ids import new_id
from screens.base import AppScreen
from screens.forms.kept import KEEP_SECONDS
from screens.later import Later
from screens.order.kept import Keep, Kept, write_kept
from screens.order.pack import PACKING, Packing, packing_of
from screens.order.pack_sheet import pack_lines
from screens.order.parcels_sheet import counted
from screens.order.write import Reopened, reopen
from widgets.line import Piece
from widgets.sheet import Sheet
from widgets.stateline import StateLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from data.orders.reads import OrderDetail


class KeptBoxes(Later, AppScreen):
    """The boxes of one order, without a key that changes them."""

    def __init__(self) -> None:
        super().__init__()
        self.state = StateLine()
        self.sheet = Sheet(id="boxes")
        self.packing: Packing | None = None
        self._ref = ""
        self._key = ""
        self._carrier = ""
        #: the boxes nobody has touched
        self._usual: Packing | None = None

    def compose_query(self) -> Iterable[Widget]:
        """What is left to be sent."""
        yield self.state

    def compose_body(self) -> ComposeResult:
        """The boxes."""
        yield self.sheet

    # -- the order ----------------------------------------------------------------------------------------------------

    def arrive(self, order_number: str = "", order: OrderDetail | None = None, **arguments: Any) -> None:
        """Pack the order with this number, or go on where one left. With the ``order`` at hand nobody waits for it:
        it is read again behind the scenes."""
        if order_number and order_number != self._ref:
            self._ref, self.packing = order_number, None
            self.show_crumbs("Orders", order_number, "Ship")
            self.state.show(())
            self.sheet.say("Loading …")
        self.status.say("")
        self.sheet.focus()
        if order is not None and self.packing is None:
            self._opened(Reopened(order, None))
        self.reload()

    def reload(self) -> None:
        """Read the order again; what is packed stays while nobody changed it."""
        if self._ref:
            first = self.packing is None
            self.load(reopen, self.keep_as(), then=self._opened, failed=self._not_read, group="open", keys_wait=first)

    def recovered(self, stores: tuple[str, ...]) -> None:
        """A store is back."""
        self.reload()

    def keep_as(self) -> Keep:
        """Return what the half packed boxes are kept as."""
        return Keep(self._ref, PACKING, "b s")

    def _opened(self, opened: Reopened) -> None:
        order = opened.order
        usual, before = packing_of(order), self.packing
        if before is not None and before.version == order.version:
            return
        self._key, self._usual = str(new_id()), usual
        if before is not None:
            self.put(self._still(usual, usual.with_kept(before.kept())))
        elif opened.kept is not None and not opened.kept.done:
            self.put(self._back(usual, opened.kept))
        else:
            self.put(usual)
            if opened.kept is not None:
                self.status.say("The boxes you had packed were sent before; this is what is left", "good")
        if not usual.shares:
            self.sheet.say(f"Nothing of {order.order_number} is left to be sent.", "Esc goes back to it")

    def _still(self, usual: Packing, mine: Packing | None) -> Packing:
        """Somebody changed the order while boxes were packed here."""
        said = "your boxes still fit" if mine is not None else "packed anew"
        self.status.say(f"Somebody changed the order meanwhile: {said}, nothing was sent", "warn")
        return mine or usual

    def _back(self, usual: Packing, kept: Kept) -> Packing:
        """Boxes that were left half packed are here again, unless they do not fit any more."""
        mine = usual.with_kept(kept.content)
        if mine is None:
            self.status.say("The order changed since you packed: packed anew, nothing was sent", "warn")
            return usual
        if kept.content.get("version") == usual.version:
            self._key = kept.key
        self.status.say("Your boxes are back · ^X packs anew", "plain")
        return mine

    def pack_anew(self) -> None:
        """Throw the boxes away and begin as usual."""
        if self._usual is not None:
            self._key = str(new_id())
            self.put(self._usual, keep=True)
            self.status.say("Packed anew: one box for each warehouse")

    def _not_read(self, error: Exception) -> None:
        if self.packing is None:
            self.sheet.say(*self.explain(error), tone="bad")
        if not isinstance(error, Unavailable):
            self.shell.show_error(error, doing="reading the order")

    def put(self, packing: Packing, *, keep: bool = False) -> None:
        """Show ``packing`` from now on; ``keep`` it too, where it is not the usual."""
        self.packing = packing
        if keep:
            self.later("draft", KEEP_SECONDS, self._keep_boxes)
        left = sum(share.left for share in packing.shares)
        places = sorted({share.warehouse_id for share in packing.shares})
        each = " · ".join(f"{place} {sum(share.left for share in packing.here(place))}" for place in places)
        told = Piece(f"{counted(left)} to be sent", "strong"), Piece(f" · {each}" if each else "")
        self.state.show(told, (Piece(f"v{packing.version}", "muted"),))
        self.sheet.show(lambda width: pack_lines(packing, width))
        behind = f" · {counted(packing.staying)} left behind" if packing.staying else ""
        boxes = "1 box" if len(packing.full) == 1 else f"{len(packing.full)} boxes"
        self.status.facts(f"{counted(packing.units)} in {boxes}{behind}")
        self.refresh_keys()

    def _keep_boxes(self) -> None:
        packing = self.packing
        if packing is not None:
            content = None if packing == self._usual else packing.kept()
            self.load(write_kept, self.keep_as(), content, self._key, group="keep")
