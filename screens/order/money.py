"""The money of an order by key: authorise, capture, void, refund, ask a silent provider again.

A step is written as pending first, then its provider is asked in a thread: the page shows the step at once, and what
became of it when the answer is there. Rejected: a form that stays open until the gateway answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screens.action import Action
from screens.order.base import OrderBase, Reason
from screens.order.money_forms import payment_form, refund_form, void_form
from screens.order.page import OrderPage
from screens.order.write import ask_provider, providers, read_refundable

if TYPE_CHECKING:
    from data.payments.flow import Resumed
    from data.payments.messages import PaymentSettled

MONEY = "dollar_sign"
_DONE = {"authorise": "authorised", "capture": "captured", "void": "voided", "refund": "refunded"}


def _money(verb: str, key: str, label: str, handler: str, permission: str, help: str) -> Action:
    return Action(f"order.{verb}", f"$ {key}", label, handler, permission, help=help, group="Money", show=False)


MONEY_ACTIONS = (
    _money("capture", "c", "capture", "capture", "payments.capture", "Take what is due, or a part of it"),
    _money("refund", "r", "refund", "refund", "payments.refund", "Give back: by line, shipping, any amount"),
    _money("authorise", "a", "authorise", "authorise", "payments.capture", "Hold money at a provider"),
    _money("void", "v", "void", "void", "payments.capture", "Let an authorisation go"),
    _money("ask-again", "w", "ask again", "ask_again", "payments.record", "Ask the provider about what waits"),
)


def _payable(page: OrderPage) -> str:
    if page.order.order_status in ("cancelled", "refunded"):
        return f"an order that is {page.order.order_status} owes nothing"
    return "" if page.to_pay > 0 else "nothing is due"


def _refundable(page: OrderPage) -> str:
    return "" if page.order.paid_amount > 0 else "no captured money is left to give back"


MONEY_REASONS: dict[str, Reason] = {
    "order.capture": _payable,
    "order.authorise": _payable,
    "order.refund": _refundable,
    "order.void": lambda page: "" if page.authorisations else "no authorisation is open",
    "order.ask-again": lambda page: "" if page.pending else "nothing waits for a provider",
}


class MoneyVerbs(OrderBase):
    """What the menu of money does."""

    def money_heading(self) -> str:
        """Return how the order's money stands, for the head of the menu."""
        order = self.order
        if order is None:
            return "Money"
        due = order.due_amount
        owed = f"{-due:,.2f} to refund" if due < 0 else f"{due:,.2f} due"
        return f"Money of {order.order_number}: total {order.total_amount:,.2f} {order.currency}, {owed}"

    async def capture(self) -> None:
        """Take money."""
        await self._ask_payment("capture")

    async def authorise(self) -> None:
        """Hold money."""
        await self._ask_payment("authorise")

    async def _ask_payment(self, kind: str) -> None:
        if self.thing is not None and self.shop is not None:
            await self.ask_kept(payment_form(self.thing, kind, providers(self.shop)), self._promised)

    async def void(self) -> None:
        """Let an authorisation go."""
        if self.thing is not None:
            await self.ask_kept(void_form(self.thing), self._promised)

    async def refund(self) -> None:
        """Give money back."""
        order = self.order
        left = await self.read_first(read_refundable, self._ref)
        if order is None or left is None:
            return
        if left.left > 0:
            await self.ask_kept(refund_form(left), self._promised)
        else:
            self.status.say("Nothing that was captured is left to give back", "warn")

    def _promised(self, promised: Any) -> None:
        self.undo_key = ""
        self.status.say("Asking the provider …")
        self.reload()
        self.ask_again()

    def ask_again(self) -> None:
        """Ask the provider about every step of this order that waits."""
        if self.order is not None:
            order_id, number = self.order.order_id, self.order.order_number

            def answered(resumed: Resumed) -> None:
                self._answered(number, resumed)

            group = f"provider:{order_id}"
            self.load(ask_provider, order_id, then=answered, failed=self._unanswered, group=group)

    def _answered(self, number: str, resumed: Resumed) -> None:
        failed = [one for one in resumed.settled if one.status != "succeeded"]
        said = "; ".join(_settled(one) for one in resumed.settled)
        if resumed.waiting:
            count = len(resumed.waiting)
            steps = "a step waits" if count == 1 else f"{count} steps wait"
            said = f"{said + '; ' if said else ''}the provider does not answer: {steps}, $ w asks again"
        tone = "bad" if failed else "warn" if resumed.waiting else "good"
        if not said:
            said = "Nothing waits any more"
        self.tell(said if number == self._ref else f"{number}: {said}", tone)

    def _unanswered(self, error: Exception) -> None:
        self.shell.show_error(error, doing="asking the provider")
        self.reload()


def _settled(one: PaymentSettled) -> str:
    amount = f"{one.amount:,.2f} {one.currency}"
    if one.status != "succeeded":
        return f"{one.kind} of {amount} failed{f': {one.failure}' if one.failure else ''}"
    due = f", {one.owed:,.2f} due" if one.owed > 0 else f", {-one.owed:,.2f} to refund" if one.owed < 0 else ""
    return f"{_DONE.get(one.kind, one.kind)} {amount} by {one.provider}{due}"
