"""Packing: what of an order goes into which box, with its label; Enter, Enter ships the ordinary order.

Shape: a screen of its own with the boxes as one sheet, every key a new ``Packing``. Rejected: a form with a field for
each line of each box, which needs twenty Tabs for what Enter does here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import Conflict, Invalid
from data.ids import new_id
from screens.action import Action
from screens.forms.overlay import FormOverlay
from screens.order.pack import Packing, Share
from screens.order.pack_sheet import place_of
from screens.order.parcels_sheet import counted
from screens.order.ship_kept import KeptBoxes
from screens.order.write import run_kept
from widgets.field import Field, numeric
from widgets.keybar import KeyHint
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from data.shipments.messages import OrderShipped


def _pack(verb: str, keys: str | tuple[str, ...], label: str, handler: str, help: str, rank: int) -> Action:
    return Action(f"order-ship.{verb}", keys, label, handler, "orders.ship", help=help, rank=rank)


class OrderShipScreen(KeptBoxes):
    """Pack boxes and send them."""

    NAME = "order-ship"
    KEYS_OF = (Sheet,)
    TITLE_CRUMBS = ("Orders",)
    TOP_RULE = None
    ACTIONS = (
        _pack("more", "+", "more", "more", "One unit more in this box, of the loose ones or another box", 20),
        _pack("fewer", "-", "fewer", "fewer", "One unit fewer in this box", 21),
        _pack("units", "#", "units", "ask_units", "Type how many units are in this box", 40),
        _pack("all", "space", "all or none", "toggle", "All of the line into this box, or none of it", 30),
        _pack("label", "t", "tracking", "ask_label", "Carrier and tracking number of this box", 22),
        _pack("new", "n", "new box", "another", "Another box out of this warehouse", 23),
        _pack("drop", ("del", "backspace"), "no box", "drop", "Take the box away; its units stay behind", 24),
        _pack("ship", "ctrl+s", "ship", "ship", "Send what is in the boxes, after one question", 60),
        _pack("anew", "ctrl+x", "pack anew", "pack_anew", "Throw these boxes away: one for each warehouse again", 65),
        Action("order-ship.reload", ("r", "f5"), "reload", "reload", help="Read the order again", show=False),
    )

    # -- packing ------------------------------------------------------------------------------------------------------

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does."""
        return (KeyHint("Enter", "ship", "" if self.packing and self.packing.full else "nothing is in a box"),)

    def why_not(self, action: Action) -> str:
        """Boxes need a box under the bar."""
        packing = self.packing
        if action.name == "order-ship.reload":
            return ""
        if packing is None or not packing.shares:
            return "nothing is to be sent"
        if action.name == "order-ship.anew":
            return "these are the usual boxes" if packing == self._usual else ""
        if action.name == "order-ship.ship":
            return "" if packing.full else "nothing is in a box"
        if action.name not in ("order-ship.new", "order-ship.anew") and place_of(self.sheet.current) is None:
            return "no box stands under the bar"
        return ""

    def _change(self, units: int) -> None:
        packing, place = self.packing, place_of(self.sheet.current)
        if packing is not None and place is not None:
            number, share = place
            self.put(packing.put(number, share, units), keep=True)

    @property
    def _in_box(self) -> int:
        packing, place = self.packing, place_of(self.sheet.current)
        if packing is None or place is None:
            return 0
        return packing.boxes[place[0]].units.get(place[1].order_item_id, 0)

    def more(self) -> None:
        """One unit more."""
        self._change(self._in_box + 1)

    def fewer(self) -> None:
        """One unit fewer."""
        self._change(self._in_box - 1)

    def toggle(self) -> None:
        """All of the line, or none."""
        place = place_of(self.sheet.current)
        if place is not None:
            self._change(0 if self._in_box == place[1].left else place[1].left)

    def ask_units(self) -> None:
        """Type the units."""
        place = place_of(self.sheet.current)
        if place is None:
            return
        share = place[1]
        check = numeric(high=share.left)
        field = Field("units", "Units", value=str(self._in_box), required=True, check=check)
        title = f"{share.sku} {share.title}: of {share.left}"
        form = FormOverlay(title, [field], lambda shop, values: values["units"], verb="takes it")
        self.shell.overlay(form, lambda units: self._change(int(units)) if units else None)

    def ask_label(self) -> None:
        """Type carrier and tracking number."""
        packing, place = self.packing, place_of(self.sheet.current)
        if packing is None or place is None:
            return
        number = place[0]
        box = packing.boxes[number]
        fields = [
            Field("tracking_number", "Tracking", value=box.tracking_number, placeholder="scan or type"),
            Field("carrier", "Carrier", value=box.carrier or self._carrier, placeholder="UPS, DHL …"),
        ]

        def taken(values: dict[str, str] | None) -> None:
            if values is not None and self.packing is not None:
                self._carrier = values["carrier"]
                labelled = self.packing.labelled(number, values["carrier"], values["tracking_number"])
                self.put(labelled, keep=True)

        title = f"Label of box {number + 1}, from {box.warehouse_id}"
        self.shell.overlay(FormOverlay(title, fields, lambda shop, values: values, verb="takes it"), taken)

    def another(self) -> None:
        """One more box in this warehouse."""
        line = self.sheet.current
        if self.packing is None or line is None:
            return
        what = line.what
        share = what if isinstance(what, Share) else what[1]  # type: ignore[index]
        packing, number = self.packing.another(share.warehouse_id)
        self.put(packing, keep=True)
        self.sheet.go_to(f"box:{number}:{share.order_item_id}")

    def drop(self) -> None:
        """Take the box under the bar away."""
        place = place_of(self.sheet.current)
        if self.packing is not None and place is not None:
            self.put(self.packing.without(place[0]), keep=True)

    # -- sending ------------------------------------------------------------------------------------------------------

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Enter ships."""
        event.stop()
        self.shell.do(next(action for action in self.ACTIONS if action.name == "order-ship.ship"))

    def ship(self) -> None:
        """Ask, then send."""
        packing, key = self.packing, self._key
        if packing is not None and packing.full:
            self.shell.confirm(packing.sentence(), lambda: self._send(packing, key))

    def _send(self, packing: Packing, key: str) -> None:
        self.status.say("Shipping …")
        self.not_later("draft")
        self.load(run_kept, self.keep_as(), packing.command(), key, then=self._sent, failed=self._refused, group="ship")

    def _sent(self, sent: OrderShipped) -> None:
        self.forget("keep")
        self._ref, self.packing = "", None
        left = f", {counted(sent.units_left)} still to be sent" if sent.units_left else ""
        said = f"{sent.order_number}: {counted(len(sent.parcels), 'parcel')} sent{left}"
        self.shell.back()
        self.shell.open_screen("order", order_number=sent.order_number, say=said)

    def _refused(self, error: Exception) -> None:
        if isinstance(error, Conflict):
            self.reload()
        elif isinstance(error, Invalid):
            self.status.say(f"Not shipped: {error}", "bad")
            self._key = str(new_id())
        else:
            self.status.say("Not confirmed: Enter asks again, it is done once at most", "bad")
            self.shell.show_error(error, doing="shipping")
