"""What bulk jobs do to orders: confirm, hold, release, tag, untag, assign, ship, cancel; one after another.

Capturing stands in ``data.orders.bulk.capture``.

Each action says of an order, from facts alone, whether it can be done and why not (``judge``, pure); the dry run asks
it of hundreds at once, and doing it asks again, just before the order's own command decides for good under its locks.
Rejected: running each command and rolling it back for the dry run, which would lock a thousand orders for a question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from data.bulk.kinds import CHANGED, REFUSED, UNCHANGED, Outcome, Target
from data.errors import Invalid, StorekeeperError, Unavailable
from data.idempotency import results_under
from data.orders.bulk.facts import Facts, facts_of
from data.orders.handling.messages import AssignOrder, HoldOrder, ReleaseOrder, TagOrder
from data.orders.handling.rules import checked_tags, parse_until
from data.orders.messages import CancelLines, ChangeOrderStatus
from data.orders.rules import CLOSED, OPEN
from data.orders.steps import checked_reason
from data.shipments.messages import ShipOrder

if TYPE_CHECKING:
    from data.command import Command
    from data.shop import Shop
    from data.stores import Stores

__all__ = [
    "ASSIGN",
    "CANCEL",
    "CONFIRM",
    "HOLD",
    "RELEASE",
    "SHIP",
    "TAG",
    "UNTAG",
    "Arguments",
    "OrderAction",
    "refused",
]

_CUT_OFF = "done before the job was cut off"
Arguments = Mapping[str, Any]


class OrderAction:
    """What all of them share; ``data.bulk.kinds.RowKind`` says what its methods promise."""

    permission: ClassVar[str]
    done: ClassVar[str]

    def check(self, arguments: Arguments) -> dict[str, Any]:
        """Return the clean arguments: none."""
        return {}

    def title(self, arguments: Arguments) -> str:
        """Return what is done in a few words."""
        raise NotImplementedError

    def judge(self, facts: Facts, arguments: Arguments) -> Outcome:
        """Return what would become of the order."""
        raise NotImplementedError

    def command(self, order_id: UUID, arguments: Arguments) -> Command:
        """Return what is asked of the order; the same arguments make the same command, also on another day."""
        raise NotImplementedError

    def preview(self, stores: Stores, arguments: Arguments, targets: Sequence[Target]) -> list[Outcome]:
        """Say what would become of each."""
        ids = {target.target_id: UUID(target.target_id) for target in targets}
        facts = facts_of(stores.postgres, ids.values())
        return [self._judged(facts.get(ids[target.target_id]), arguments) for target in targets]

    def _judged(self, facts: Facts | None, arguments: Arguments) -> Outcome:
        return Outcome(REFUSED, "is not there any more") if facts is None else self.judge(facts, arguments)

    def carry_out(self, shop: Shop, arguments: Arguments, target: Target, *, key: str, before: Any | None) -> Outcome:
        """Do it, unless it was done before or cannot be."""
        order_id = UUID(target.target_id)
        if before is not None:
            return self.after_all(shop, before)
        facts = facts_of(shop.stores.postgres, [order_id]).get(order_id)
        judged = self._judged(facts, arguments)
        if facts is None or judged.outcome != CHANGED:
            return self._done_elsewhere(shop, key) or judged
        try:
            return self.act(shop, facts, arguments, judged, key)
        except Unavailable:
            raise
        except StorekeeperError:
            if (done := self._done_elsewhere(shop, key)) is None:
                raise
            return done

    def _done_elsewhere(self, shop: Shop, key: str) -> Outcome | None:
        """Return what became of the order under ``key`` in another terminal that goes on with the same job, if so."""
        with shop.stores.postgres.reading() as connection:
            found = results_under(connection, shop.actor.user_id, [key])
        return self.after_all(shop, found[key]) if key in found else None

    def act(self, shop: Shop, facts: Facts, arguments: Arguments, judged: Outcome, key: str) -> Outcome:
        """Run the command."""
        shop.door.run(self.command(facts.order_id, arguments), shop.actor, key=key)
        return judged

    def after_all(self, shop: Shop, before: Any) -> Outcome:
        """Say what became of an order whose command was run before its outcome was noted."""
        return Outcome(CHANGED, _CUT_OFF)


def refused(reason: str, message: str = "") -> Outcome:
    """Return that an order is refused for ``reason``, in words that others share; ``message`` is its own sentence."""
    return Outcome(REFUSED, message or reason, reason)


def _reason(arguments: Arguments, required: str = "") -> str:
    return checked_reason(str(arguments.get("reason") or ""), required=required)


class _Confirm(OrderAction):
    permission = "orders.status"
    done = "confirmed"

    def title(self, arguments: Arguments) -> str:
        return "confirm"

    def judge(self, facts: Facts, arguments: Arguments) -> Outcome:
        if facts.order_status == "pending":
            return Outcome(CHANGED, "pending → confirmed")
        return refused(facts.order_status) if facts.order_status in CLOSED else Outcome(UNCHANGED, facts.order_status)

    def command(self, order_id: UUID, arguments: Arguments) -> Command:
        return ChangeOrderStatus(order_id=order_id, new_status="confirmed")


class _Hold(OrderAction):
    """``{"reason": …, "until": "2026-12-01" | ""}``."""

    permission = "orders.hold"
    done = "held"

    def check(self, arguments: Arguments) -> dict[str, Any]:
        until = str(arguments.get("until") or "").strip()
        parse_until(until)
        return {"reason": _reason(arguments, "a hold must say why"), "until": until}

    def title(self, arguments: Arguments) -> str:
        until = f" until {arguments['until']}" if arguments["until"] else ""
        return f"hold{until}: {arguments['reason']}"

    def judge(self, facts: Facts, arguments: Arguments) -> Outcome:
        wanted = arguments["reason"], parse_until(arguments["until"])
        if facts.order_status not in OPEN:
            return refused(facts.order_status)
        if (facts.hold_reason, facts.on_hold_until) == wanted:
            return Outcome(UNCHANGED, "on hold")
        return Outcome(CHANGED, f"on hold: {facts.hold_reason} → {wanted[0]}" if facts.held else "→ on hold")

    def command(self, order_id: UUID, arguments: Arguments) -> Command:
        return HoldOrder(order_id=order_id, reason=arguments["reason"], until=parse_until(arguments["until"]))


class _Release(OrderAction):
    permission = "orders.hold"
    done = "released"

    def title(self, arguments: Arguments) -> str:
        return "release from hold"

    def judge(self, facts: Facts, arguments: Arguments) -> Outcome:
        if facts.hold_reason is None:
            return Outcome(UNCHANGED, "not on hold")
        return Outcome(CHANGED, f"on hold: {facts.hold_reason} → released")

    def command(self, order_id: UUID, arguments: Arguments) -> Command:
        return ReleaseOrder(order_id=order_id)


class _Tag(OrderAction):
    """``{"tags": ["rush", …]}``; put on or, ``off``, taken off."""

    permission = "orders.tag"

    def __init__(self, *, off: bool) -> None:
        self._off = off
        self.done = "untagged" if off else "tagged"  # type: ignore[misc]  # two objects of one class, each with its word

    def check(self, arguments: Arguments) -> dict[str, Any]:
        given = arguments.get("tags") or ()
        tags = given.replace(",", " ").split() if isinstance(given, str) else list(map(str, given))
        return {"tags": list(checked_tags(tags))}

    def title(self, arguments: Arguments) -> str:
        return f"{'untag' if self._off else 'tag'} {' '.join(f'#{tag}' for tag in arguments['tags'])}"

    def judge(self, facts: Facts, arguments: Arguments) -> Outcome:
        tags = [tag for tag in arguments["tags"] if (tag in facts.tags) == self._off]
        told = " ".join(f"{'−' if self._off else '+'}#{tag}" for tag in tags)
        return Outcome(CHANGED, told) if tags else Outcome(UNCHANGED, " ".join(f"#{tag}" for tag in facts.tags))

    def command(self, order_id: UUID, arguments: Arguments) -> Command:
        tags = tuple(arguments["tags"])
        return TagOrder(order_id=order_id, remove=tags) if self._off else TagOrder(order_id=order_id, add=tags)


class _Assign(OrderAction):
    """``{"email": …}``: a colleague's, or ``none``. Who asks for ``me`` says the e-mail: the job keeps it."""

    permission = "orders.assign"
    done = "assigned"

    def check(self, arguments: Arguments) -> dict[str, Any]:
        email = str(arguments.get("email") or "").strip().lower()
        if not email or email == "me":
            raise Invalid({"email": "say whose e-mail, or none"})
        return {"email": email}

    def title(self, arguments: Arguments) -> str:
        return f"assign to {'nobody' if arguments['email'] == 'none' else arguments['email']}"

    def judge(self, facts: Facts, arguments: Arguments) -> Outcome:
        now, wanted = (facts.assigned_to or "none").lower(), arguments["email"]
        return Outcome(UNCHANGED, now) if now == wanted else Outcome(CHANGED, f"{now} → {wanted}")

    def preview(self, stores: Stores, arguments: Arguments, targets: Sequence[Target]) -> list[Outcome]:
        from data.access.reads import actor_by_email

        if arguments["email"] != "none":
            actor_by_email(stores.postgres, arguments["email"])  # nobody of that e-mail: no row of the job can be done
        return super().preview(stores, arguments, targets)

    def command(self, order_id: UUID, arguments: Arguments) -> Command:
        return AssignOrder(order_id=order_id, email=arguments["email"])


class _Ship(OrderAction):
    """All that is left, a box for each warehouse. ``{"unpaid": true}`` sends also what is not paid in full."""

    permission = "orders.ship"
    done = "shipped"

    def check(self, arguments: Arguments) -> dict[str, Any]:
        return {"unpaid": arguments.get("unpaid") in (True, "yes")}

    def title(self, arguments: Arguments) -> str:
        return "ship all that is left" + (", also unpaid" if arguments["unpaid"] else "")

    def judge(self, facts: Facts, arguments: Arguments) -> Outcome:
        if facts.order_status in ("shipped", "delivered"):
            return Outcome(UNCHANGED, facts.order_status)
        if facts.order_status not in OPEN:
            return refused(facts.order_status)
        if facts.order_status == "pending":
            return refused("not confirmed")
        if facts.held:
            return refused("on hold", f"on hold: {facts.hold_reason}")
        if facts.owed > 0 and not arguments["unpaid"]:
            return refused("not paid", f"not paid: {facts.owed:,.2f} {facts.currency} due")
        if facts.allocated < facts.left or not facts.left:
            return refused("no warehouse serves all of it" if facts.left else "nothing left to send")
        return Outcome(CHANGED, f"sends {facts.left:,} unit{'' if facts.left == 1 else 's'}")

    def command(self, order_id: UUID, arguments: Arguments) -> Command:
        return ShipOrder(order_id=order_id)


class _Cancel(OrderAction):
    """What is not sent yet. ``{"reason": …}``."""

    permission = "orders.cancel"
    done = "cancelled"

    def check(self, arguments: Arguments) -> dict[str, Any]:
        return {"reason": _reason(arguments, "a cancellation must say why")}

    def title(self, arguments: Arguments) -> str:
        return f"cancel: {arguments['reason']}"

    def judge(self, facts: Facts, arguments: Arguments) -> Outcome:
        if facts.order_status == "cancelled":
            return Outcome(UNCHANGED, "cancelled")
        if facts.order_status not in OPEN or not facts.left:
            return refused(facts.order_status)
        return Outcome(CHANGED, f"{facts.order_status} → cancels {facts.left:,} unit{'' if facts.left == 1 else 's'}")

    def command(self, order_id: UUID, arguments: Arguments) -> Command:
        return CancelLines(order_id=order_id, reason=arguments["reason"])


CONFIRM, HOLD, RELEASE = _Confirm(), _Hold(), _Release()
TAG, UNTAG, ASSIGN = _Tag(off=False), _Tag(off=True), _Assign()
SHIP, CANCEL = _Ship(), _Cancel()
