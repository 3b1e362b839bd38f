"""The forms that move an order's money: authorise, capture, let an authorisation go, give back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from data.errors import Invalid
from screens.order.forms import OrderForm, UnitsOf, amount_check, amount_in, line_units, units_fields, units_in
from screens.order.kept import Keep
from screens.order.page import FOR_GOOD
from screens.order.write import promise, run_command
from widgets.field import Field, Option, SelectField
from widgets.text import visible

if TYPE_CHECKING:
    from data.orders.reads import PaymentRow
    from data.payments.refund_rules import CaptureLeft, Refundable
    from data.shop import Shop
    from screens.order.page import OrderPage

_LABEL = 22
_NONE = "none"


def payment_form(page: OrderPage, kind: str, providers: Sequence[str]) -> OrderForm:
    """Return the form that authorises or captures (``kind``); it dismisses with the step as promised.

    The amount is what is still to be paid. A capture may be of an authorisation: then its provider takes it.
    """
    order, held = page.order, page.authorisations if kind == "capture" else ()
    most = page.to_pay
    provider = held[-1].provider if held and held[-1].provider in providers else providers[0]
    fields = [
        Field("amount", "Amount", value=f"{most:.2f}", required=True, check=amount_check(most), label_width=_LABEL),
        SelectField(
            "provider", "Provider", [Option(n, n) for n in providers], value=provider, required=True, label_width=_LABEL
        ),
        Field("provider_reference", "Their reference", placeholder="a statement's line, a slip", label_width=_LABEL),
    ]
    if held:
        choices = [*(Option(str(one.payment_id), _named(one)) for one in held), Option(_NONE, "none")]
        at = str(held[-1].payment_id)
        fields.append(SelectField("parent_payment_id", "Of", choices, value=at, required=True, label_width=_LABEL))

    def tells(values: Mapping[str, str]) -> str:
        amount = amount_in(values, "amount") or Decimal(0)
        verb = "Takes" if kind == "capture" else "Holds"
        rest = max(most - amount, Decimal(0))
        left = (f" {rest:,.2f} stay due." if rest else " Nothing is due then.") if kind == "capture" else ""
        for_good = f" {FOR_GOOD} It can be refunded." if kind == "capture" else " It can be let go again."
        return f"{verb} {amount:,.2f} {order.currency} of {order.order_number} by {values['provider']}.{left}{for_good}"

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.command import parse_command
        from data.payments.messages import BeginPayment

        parent = values.get("parent_payment_id", _NONE)
        content = {
            "order_id": str(order.order_id),
            "kind": kind,
            "amount": str(amount_in(values, "amount")),
            "provider": values["provider"],
            "provider_reference": values["provider_reference"],
            "parent_payment_id": None if parent == _NONE else parent,
        }
        return promise(shop, parse_command(BeginPayment, content), key)

    word = "Capture" if kind == "capture" else "Authorise"
    verb = "takes it" if kind == "capture" else "holds it"
    title = f"{word}: {order.order_number}, {most:,.2f} {order.currency} due"
    keep = Keep(order.order_number, kind, "$ c" if kind == "capture" else "$ a")
    return OrderForm(title, fields, save, tells, verb=verb, keep=keep)


def void_form(page: OrderPage) -> OrderForm:
    """Return the form that lets an authorisation go; it dismisses with the step as promised."""
    order, held = page.order, page.authorisations
    choices = [Option(str(one.payment_id), _named(one)) for one in held]
    field = SelectField(
        "authorisation", "Authorisation", choices, value=choices[-1].value, required=True, label_width=_LABEL
    )

    def tells(values: Mapping[str, str]) -> str:
        chosen = next((one for one in held if str(one.payment_id) == values["authorisation"]), held[-1])
        return f"Lets {chosen.amount:,.2f} {order.currency} at {chosen.provider} go. {FOR_GOOD}"

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.payments.messages import BeginPayment

        chosen = next(one for one in held if str(one.payment_id) == values["authorisation"])
        command = BeginPayment(
            order_id=order.order_id, kind="void", provider=chosen.provider, parent_payment_id=chosen.payment_id
        )
        return promise(shop, command, key)

    return OrderForm(f"Void an authorisation of {order.order_number}", [field], save, tells, verb="lets it go")


def _named(payment: PaymentRow) -> str:
    reference = f" {payment.provider_reference}" if payment.provider_reference else ""
    return visible(f"{payment.amount:,.2f} {payment.provider}{reference}")


def refund_form(left: Refundable) -> OrderForm:
    """Return the form that gives money back; it dismisses with the refund as promised.

    By line, for shipping, any amount; parts from several captures where there are several. Row by row it says what it
    comes to and what could still be given back after it.
    """
    lines = [UnitsOf(line.order_item_id, line.sku, line.free, f"{line.worth_of(1):,.2f} each") for line in left.lines]
    fields = [
        Field("reason", "Reason", required=True, placeholder="why; it stands in the timeline", label_width=_LABEL)
    ]
    fields += units_fields(lines)
    if lines:
        choices = [Option("no", "no: they stay, or come as a return"), Option("yes", "yes, at once")]
        fields.append(SelectField("restock", "Back into stock", choices, value="no", required=True, label_width=_LABEL))
    if left.shipping_left > 0:
        fields.append(_amount("shipping", "Shipping", left.shipping_left))
    owed = max(Decimal(0), -left.owed)
    fields.append(_amount("amount", "Other amount", left.left, f"goodwill{f'; {owed:,.2f} is owed' if owed else ''}"))
    shared = left.captures if len(left.captures) > 1 else ()
    fields += [_amount(f"share-{one.payment_id}", _capture(one), one.left, "from here") for one in shared]

    def asked(values: Mapping[str, str]) -> dict[str, Any]:
        return {
            "units": units_in(values, lines),
            "shipping": amount_in(values, "shipping"),
            "amount": amount_in(values, "amount"),
        }

    def tells(values: Mapping[str, str]) -> str:
        total = left.amount_of(**asked(values))
        shares = sum(_shares(values, shared).values(), Decimal(0))
        parts = f" The parts come to {shares:,.2f}." if shares and shares != total else ""
        money = f"captured {left.captured:,.2f}, refunded {left.refunded:,.2f}"
        if total > left.left:
            return f"{total:,.2f} is more than the {left.left:,.2f} that may be given back ({money})."
        after = left.left - total
        return f"Gives {total:,.2f} {left.currency} back ({money}), {after:,.2f} may follow.{parts} {FOR_GOOD}"

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.payments.messages import RefundOrder, RefundShare

        named = asked(values)
        units = named.pop("units")
        shares = _shares(values, shared)
        command = RefundOrder(
            order_id=left.order_id,
            reason=values["reason"],
            lines=line_units(units),
            **named,
            restock=bool(units) and values.get("restock") == "yes",
            shares=tuple(RefundShare(payment_id=one.payment_id, amount=shares[one]) for one in shared if one in shares),
            expected_version=left.version,
        )
        try:
            return run_command(shop, command, key)
        except Invalid as error:
            raise Invalid({name.partition("[")[0]: why for name, why in error.fields.items()}) from None

    title = f"Refund of {left.order_number}: {left.left:,.2f} {left.currency} may be given back"
    keep = Keep(left.order_number, "refund", "$ r")
    return OrderForm(title, fields, save, tells, verb="gives it back", keep=keep)


def _amount(name: str, label: str, most: Decimal, about: str = "") -> Field:
    hint = f"of {most:,.2f}{f', {about}' if about else ''}"
    return Field(name, label, check=amount_check(most), placeholder=hint, label_width=_LABEL)


def _capture(one: CaptureLeft) -> str:
    return visible(f"From {one.provider} {one.reference}".strip())[: _LABEL - 2]


def _shares(values: Mapping[str, str], captures: Sequence[CaptureLeft]) -> dict[CaptureLeft, Decimal]:
    found = {one: amount_in(values, f"share-{one.payment_id}") for one in captures}
    return {one: amount for one, amount in found.items() if amount}
