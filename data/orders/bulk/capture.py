"""The bulk job that captures what is due: of authorisations by their providers, else where somebody says how it came.

The provider is called between two commands (``data.payments.flow``); a job that was cut off finds the promised step by
its key and takes it to its end. A gateway that gives no answer refuses its own order and stops no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from data.bulk.kinds import CHANGED, UNCHANGED, Outcome
from data.errors import Invalid, Unavailable
from data.orders.bulk.kinds import Arguments, OrderAction, refused
from data.payments.flow import finish
from data.payments.messages import BeginPayment
from data.payments.providers import PROVIDERS, provider_of

if TYPE_CHECKING:
    from data.orders.bulk.facts import Facts
    from data.payments.messages import PaymentBegun
    from data.shop import Shop

__all__ = ["CAPTURE"]


class _Capture(OrderAction):
    """What is due, of an authorisation, by its provider. ``{"provider": "bank"}``: without one, it came by that way."""

    permission = "payments.capture"
    done = "captured"

    def check(self, arguments: Arguments) -> dict[str, Any]:
        provider = str(arguments.get("provider") or "").strip()
        if provider and provider not in PROVIDERS:
            raise Invalid({"provider": f"must be one of {', '.join(PROVIDERS)}, or left out"})
        return {"provider": provider}

    def title(self, arguments: Arguments) -> str:
        by = f", else by {arguments['provider']}" if arguments["provider"] else ""
        return f"capture what is due of authorisations{by}"

    def judge(self, facts: Facts, arguments: Arguments) -> Outcome:
        if facts.owed <= 0:
            return Outcome(UNCHANGED, "nothing is due")
        if facts.authorised_by is None and not arguments["provider"]:
            return refused("no authorisation", f"no authorisation; {facts.owed:,.2f} {facts.currency} due")
        amount = min(facts.owed, facts.authorised) if facts.authorised_by else facts.owed
        by = facts.provider if facts.authorised_by else arguments["provider"]
        left = f", {facts.owed - amount:,.2f} stays due" if amount < facts.owed else ""
        return Outcome(CHANGED, f"captures {amount:,.2f} {facts.currency} by {by}{left}")

    def act(self, shop: Shop, facts: Facts, arguments: Arguments, judged: Outcome, key: str) -> Outcome:
        begin = BeginPayment(
            order_id=facts.order_id,
            kind="capture",
            amount=min(facts.owed, facts.authorised) if facts.authorised_by else facts.owed,
            provider=facts.provider if facts.authorised_by else arguments["provider"],
            parent_payment_id=facts.authorised_by,
        )
        provider_of(shop.settings, begin.provider)  # one that is not there refuses before anything is written
        begun: PaymentBegun = shop.door.run(begin, shop.actor, key=key).result
        return self._finished(shop, begun.payment_id)

    def after_all(self, shop: Shop, before: Any) -> Outcome:
        return self._finished(shop, UUID(before["payment_id"]))

    def _finished(self, shop: Shop, payment_id: UUID) -> Outcome:
        try:
            settled = finish(shop, payment_id)
        except Unavailable as away:
            if away.store != "gateway":
                raise
            return refused("no answer from the gateway", "no answer from the gateway; it is asked again later")
        if settled.status != "succeeded":
            return refused("declined", f"declined: {settled.failure}" if settled.failure else "")
        return Outcome(CHANGED, f"captured {settled.amount:,.2f} {settled.currency} by {settled.provider}")


CAPTURE = _Capture()
