"""The returns of an order by key: ask for one, receive, inspect, close, exchange, place the exchange."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from screens.action import Action
from screens.order.base import OrderBase, Reason
from screens.order.page import FOR_GOOD, OrderPage
from screens.order.parcels_sheet import counted, key
from screens.order.return_forms import close_form, exchange_form, inspect_form, receive_form, request_form
from screens.order.write import place_exchange_of, warehouses

if TYPE_CHECKING:
    from data.orders.messages import PlacedOrder
    from data.returns.messages import ExchangeDrafted, ReturnChanged
    from data.returns.reads import ReturnRow
    from screens.order.forms import OrderForm

RETURNS = "R"


def _return(verb: str, key: str, label: str, handler: str, permission: str, help: str) -> Action:
    return Action(f"order.{verb}", f"R {key}", label, handler, permission, help=help, group="Returns", show=False)


RETURN_ACTIONS = (
    _return("return", "n", "new return", "request_return", "returns.request", "Units are to come back, and why"),
    _return("receive", "r", "receive", "receive_return", "returns.inspect", "Units of a return arrived"),
    _return("inspect", "i", "inspect", "inspect_return", "returns.inspect", "Back in stock, damaged, rejected"),
    _return("close-return", "c", "close", "close_return", "returns.request", "No more of it comes"),
    _return("exchange", "x", "exchange", "draft_exchange", "returns.request", "Draft what goes out instead"),
    _return("place-exchange", "p", "place exchange", "place_exchange", "orders.place", "Make the draft an order"),
)


def _may_receive(row: ReturnRow) -> bool:
    return row.status in ("requested", "received") and any(i.quantity > i.received_quantity for i in row.items)


def _may_inspect(row: ReturnRow) -> bool:
    return row.status == "received" and _undecided(row)


def _undecided(row: ReturnRow) -> bool:
    return any(
        item.received_quantity > item.restocked_quantity + item.damaged_quantity + item.rejected_quantity
        for item in row.items
    )


def _may_close(row: ReturnRow) -> bool:
    return row.status in ("requested", "received") and not _undecided(row)


def _may_exchange(row: ReturnRow) -> bool:
    return row.status != "cancelled" and (row.exchange is None or row.exchange.status == "draft")


def _may_place(row: ReturnRow) -> bool:
    return row.exchange is not None and row.exchange.status == "draft"


def _some(fits: Callable[[ReturnRow], bool], why: str) -> Reason:
    def reason(page: OrderPage) -> str:
        return "" if any(map(fits, page.returns)) else why

    return reason


RETURN_REASONS: dict[str, Reason] = {
    "order.return": lambda page: "" if page.returnable else "no unit that was sent is left to come back",
    "order.receive": _some(_may_receive, "no return is on its way"),
    "order.inspect": _some(_may_inspect, "nothing that arrived is undecided"),
    "order.close-return": _some(_may_close, "no open return, or one that is to be inspected first"),
    "order.exchange": _some(_may_exchange, "there is no return to exchange"),
    "order.place-exchange": _some(_may_place, "no exchange is drafted"),
}


class ReturnVerbs(OrderBase):
    """What the menu of returns does. Meant is the return under the bar, else the oldest that the step fits."""

    def _meant(self, fits: Callable[[ReturnRow], bool]) -> ReturnRow | None:
        from data.returns.reads import ReturnRow

        under: ReturnRow | None = self.under_bar(ReturnRow)
        if under is not None and fits(under):
            return under
        rows = self.thing.returns if self.thing is not None else ()
        return next((row for row in rows if fits(row)), None)

    def enter_return(self, row: ReturnRow) -> None:
        """Enter on a return: the step that comes next."""
        for fits, name in ((_may_inspect, "order.inspect"), (_may_receive, "order.receive")):
            if fits(row):
                self.shell.do(next(action for action in RETURN_ACTIONS if action.name == name))
                return
        self.status.say(f"This return is {row.status}; R shows what else can be done")

    async def request_return(self) -> None:
        """Ask for units back."""
        if self.thing is not None:
            await self._ask_return(request_form(self.thing), _changed)

    async def receive_return(self) -> None:
        """Units arrived."""
        row = self._meant(_may_receive)
        houses = await self.read_first(warehouses)
        if row is not None and houses is not None and self.shop is not None:
            await self._ask_return(receive_form(row, houses, self.shop.settings.warehouse), _changed)

    async def inspect_return(self) -> None:
        """Decide on what arrived."""
        await self._ask_about(_may_inspect, inspect_form, _changed)

    async def close_return(self) -> None:
        """No more comes."""
        await self._ask_about(_may_close, close_form, _changed)

    async def draft_exchange(self) -> None:
        """Draft what goes out instead."""
        await self._ask_about(_may_exchange, exchange_form, _drafted)

    async def _ask_about(
        self, fits: Callable[[ReturnRow], bool], form: Callable[[ReturnRow], OrderForm], said: Callable[[Any], str]
    ) -> None:
        row = self._meant(fits)
        if row is not None:
            self.sheet.go_to(key(row))
            await self._ask_return(form(row), said)

    async def _ask_return(self, form: OrderForm, said: Callable[[Any], str]) -> None:
        await self.ask_kept(form, lambda result: self.tell(said(result)))

    def place_exchange(self) -> None:
        """Make the draft an order, asked once."""
        row = self._meant(_may_place)
        if row is None or row.exchange is None:
            return
        draft = row.exchange
        balance = f"{abs(draft.balance_amount):,.2f} {draft.currency}"
        owed = f"{balance} to pay" if draft.balance_amount >= 0 else f"{balance} to give back"
        sentence = f"Places the exchange, total {draft.total_amount:,.2f} {draft.currency}, {owed}. {FOR_GOOD}"

        def place() -> None:
            arguments = (place_exchange_of, draft.exchange_id)
            self.load(*arguments, then=self._placed, failed=self.refused, group="change", doing="placing the exchange")

        self.shell.confirm(sentence, place)

    def _placed(self, order: PlacedOrder) -> None:
        self.tell(f"Exchange placed as {order.order_number}, total {order.total_amount:,.2f} {order.currency}")


def _changed(after: ReturnChanged) -> str:
    if after.status == "requested":
        return f"Return of {counted(after.quantity)} asked for"
    if after.status == "cancelled":
        return "Return closed"
    done = after.restocked + after.damaged + after.rejected
    if not done:
        return f"{after.received} of {counted(after.quantity)} received; R i inspects"
    owed = f"; {-after.owed:,.2f} {after.currency} to refund, $ r gives it back" if after.owed < 0 else ""
    kinds = (after.restocked, "restocked"), (after.damaged, "damaged"), (after.rejected, "rejected")
    return ", ".join(f"{units} {word}" for units, word in kinds if units) + owed


def _drafted(draft: ExchangeDrafted) -> str:
    return f"Exchange drafted, balance {draft.balance_amount:,.2f} {draft.currency}; R p places it"
