"""``storekeeper payments show|authorise|capture|void|refund|resume``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from cli.answer import Answer, plain
from cli.columns import columns, pairs, shown
from cli.options import Noun, with_key
from cli.order_life import line_units, order_id_of, with_lines
from cli.session import opened_shop
from data.money import parse_money

if TYPE_CHECKING:
    from data.payments.messages import PaymentSettled
    from data.payments.reads import Account


@click.group(cls=Noun, name="payments")
def command() -> None:
    """Authorise, capture, void and refund; what an order owes."""


@command.command()
@click.argument("ref")
def show(ref: str) -> Answer:
    """Show the money of the order REF: what is owed, every step, every refund."""
    from data.payments.reads import account_of

    with opened_shop("payments.view") as shop:
        account = account_of(shop.stores.postgres, order_id_of(shop, ref))
    return Answer(plain(account), lambda: _account_lines(account))


def _account_lines(account: Account) -> Iterable[str]:
    yield from pairs(
        {
            f"total {shown(account.currency)}": account.total_amount,
            "credited": account.credited_amount,
            "captured": account.money.captured,
            "refunded": account.money.refunded,
            "owed": account.owed,
        }
    )
    yield ""
    yield from columns(
        ("when", "step", "state", "amount", "provider", "reference", "id", "why not"),
        [
            (
                step.created_at,
                step.kind,
                step.status,
                step.amount,
                step.provider,
                step.provider_reference,
                str(step.payment_id),
                step.failure,
            )
            for step in account.steps
        ],
        whole=("id",),
    )
    for refund in account.refunds:
        yield f"refund of {shown(refund.amount)}: {shown(refund.reason)}"


def with_provider(function: Any) -> Any:
    """Add ``--provider`` and ``--reference``."""
    for option in (
        click.option("--reference", default="", metavar="TEXT", help="What the provider or a statement calls it."),
        click.option(
            "--provider", default="manual", show_default=True, metavar="NAME", help="manual, bank or gateway."
        ),
    ):
        function = option(function)
    return function


def _begin(ref: str, key: str | None, **fields: Any) -> Answer:
    from data.command import parse_command
    from data.payments.flow import take
    from data.payments.messages import BeginPayment

    with opened_shop() as shop:
        content = {"order_id": str(order_id_of(shop, ref)), **fields}
        settled = take(shop, parse_command(BeginPayment, content), key=key)
    return _settled(settled)


def _settled(settled: PaymentSettled) -> Answer:
    # Declined is an answer of the provider, and nothing that may pass for success: exit code 5, a conflict.
    return Answer(
        plain(settled), lambda: _settled_lines((settled,)), exit_code=0 if settled.status == "succeeded" else 5
    )


def _settled_lines(payments: Sequence[PaymentSettled]) -> Iterable[str]:
    for each in payments:
        why = f": {shown(each.failure)}" if each.failure else ""
        yield (
            f"Order {shown(each.order_number)}: {shown(each.kind)} of {shown(each.amount)} {shown(each.currency)}"
            f" {shown(each.status)}{why}; {shown(each.owed)} owed"
        )


def _amount(text: str | None) -> str | None:
    return None if text is None else str(parse_money(text))


@command.command()
@click.argument("ref")
@click.argument("amount", required=False)
@with_provider
@with_key
def authorise(ref: str, amount: str | None, provider: str, reference: str, key: str | None) -> Answer:
    """Hold AMOUNT (default: all that is owed) of the order REF at the provider."""
    return _begin(ref, key, kind="authorise", amount=_amount(amount), provider=provider, provider_reference=reference)


@command.command()
@click.argument("ref")
@click.argument("amount", required=False)
@click.option("--of", "parent", metavar="ID", help="The authorisation to take it of.")
@with_provider
@with_key
def capture(ref: str, amount: str | None, parent: str | None, provider: str, reference: str, key: str | None) -> Answer:
    """Take AMOUNT (default: all that is owed) for the order REF."""
    return _begin(
        ref,
        key,
        kind="capture",
        amount=_amount(amount),
        provider=provider,
        provider_reference=reference,
        parent_payment_id=parent,
    )


@command.command()
@click.argument("ref")
@click.argument("authorisation")
@click.option("--provider", default="manual", show_default=True, metavar="NAME", help="manual, bank or gateway.")
@with_key
def void(ref: str, authorisation: str, provider: str, key: str | None) -> Answer:
    """Let go of an AUTHORISATION (id) of the order REF that nothing was captured of."""
    return _begin(ref, key, kind="void", provider=provider, parent_payment_id=authorisation)


@command.command()
@click.argument("ref")
@with_lines
@click.option("--shipping", metavar="AMOUNT", help="Give back this much of the shipping.")
@click.option("--amount", metavar="AMOUNT", help="Give back this much, for nothing in particular: goodwill.")
@click.option("--restock", is_flag=True, help="The units of --line are back in stock at once.")
@click.option("--share", "shares", multiple=True, metavar="ID=AMOUNT", help="This capture gives back this much.")
@click.option("--reason", default="", metavar="TEXT", help="Why; must be given.")
@with_key
def refund(
    ref: str,
    lines: tuple[str, ...],
    shipping: str | None,
    amount: str | None,
    restock: bool,
    shares: tuple[str, ...],
    reason: str,
    key: str | None,
) -> Answer:
    """Give money of the order REF back. Nothing named: what the shop owes the customer."""
    from data.command import parse_command
    from data.payments.flow import refund as give_back
    from data.payments.messages import RefundOrder

    split = [share.rpartition("=") for share in shares]
    with opened_shop() as shop:
        content = {
            "order_id": str(order_id_of(shop, ref)),
            "lines": [{"sku": each.sku, "quantity": each.quantity} for each in line_units(lines)],
            "shipping": _amount(shipping),
            "amount": _amount(amount),
            "restock": restock,
            "shares": [{"payment_id": name, "amount": _amount(part)} for name, _, part in split],
            "reason": reason,
        }
        done = give_back(shop, parse_command(RefundOrder, content), key=key)
    whole = not done.waiting and all(each.status == "succeeded" for each in done.payments)

    def told() -> Iterable[str]:
        yield f"Order {shown(done.refund.order_number)}: {shown(done.refund.amount)} {shown(done.refund.currency)} back"
        yield from _settled_lines(done.payments)
        if done.waiting:
            yield f"{len(done.waiting)} parts wait for the provider: storekeeper payments resume"

    return Answer(plain(done), told, exit_code=0 if whole else 5)


@command.command()
@click.argument("ref", required=False)
@click.option("--older-than", type=int, default=60, show_default=True, metavar="SECONDS", help="Pending this long.")
def resume(ref: str | None, older_than: int) -> Answer:
    """Ask the providers about steps whose end nobody heard of, of the order REF or of all, and finish them."""
    from data.payments.flow import resume as go_on

    with opened_shop("payments.record") as shop:
        order_id = order_id_of(shop, ref) if ref else None
        done = go_on(shop, order_id=order_id, older_than=timedelta(seconds=older_than))

    def told() -> Iterable[str]:
        yield from _settled_lines(done.settled)
        yield f"{len(done.settled)} settled, {len(done.waiting)} still without an answer"

    return Answer(plain(done), told, exit_code=8 if done.waiting else 0)
