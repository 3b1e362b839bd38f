"""``storekeeper customers search|show|add`` and ``customers address add``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from cli.answer import Answer, page_document, plain
from cli.columns import columns, pairs, shown
from cli.options import Noun, with_after, with_key, with_limit
from cli.session import carry_out, done_document, opened_shop

if TYPE_CHECKING:
    from data.customers.messages import AddressSaved, CustomerSaved
    from data.customers.reads import CustomerDetail, CustomerRow
    from data.door import Done
    from data.types import Page


@click.group(cls=Noun, name="customers")
def command() -> None:
    """Find, show and add customers and their addresses."""


@command.command()
@click.argument("words", nargs=-1)
@with_limit
@with_after
def search(words: tuple[str, ...], limit: int, after: str | None) -> Answer:
    """List the customers whom every one of WORDS fits (name, e-mail, phone); without words all of them."""
    from data.customers.reads import search_customers

    with opened_shop("customers.view") as shop:
        page = search_customers(shop.stores.postgres, " ".join(words), after=after, limit=limit)
    return Answer(page_document(page, first=after is None), lambda: _found_lines(page))


def _found_lines(page: Page[CustomerRow]) -> Iterable[str]:
    yield from columns(
        ("name", "e-mail", "phone", "city", "country", "orders", "last order"),
        [
            (
                f"{row.first_name} {row.last_name}".strip(),
                row.email,
                row.phone,
                row.city,
                row.country,
                row.order_count,
                row.last_order_at,
            )
            for row in page.rows
        ],
    )
    if page.after:
        yield f"More: --after {page.after}"


@command.command()
@click.argument("ref")
def show(ref: str) -> Answer:
    """Show one customer (e-mail or id) with addresses, payment methods by last four digits, and newest orders."""
    from data.customers.reads import get_customer

    with opened_shop("customers.view") as shop:
        customer = get_customer(shop.stores.postgres, ref)
    return Answer(plain(customer), lambda: _detail_lines(customer))


def _detail_lines(customer: CustomerDetail) -> Iterable[str]:
    yield from pairs(
        {
            "name": f"{customer.first_name} {customer.last_name}".strip(),
            "e-mail": customer.email,
            "phone": customer.phone,
            "born": customer.date_of_birth,
            "active": customer.is_active,
            "since": customer.created_at,
            # An id is what another command takes: it must not be cut or formatted.
            "id": str(customer.user_id),
            "orders": customer.order_count,
            "bought for": customer.lifetime_value,
        }
    )
    yield ""
    yield from columns(
        ("address", "default", "street", "city", "state", "postal code", "country", "id"),
        [
            (
                each.address_type,
                each.is_default,
                each.street_address,
                each.city,
                each.state,
                each.postal_code,
                each.country,
                str(each.address_id),
            )
            for each in customer.addresses
        ],
    )
    yield ""
    yield from columns(
        ("payment method", "default", "brand", "last four"),
        [
            (each.payment_type, each.is_default, each.card_brand, each.card_last_four)
            for each in customer.payment_methods
        ],
    )
    yield ""
    yield from columns(
        ("order", "placed", "status", "total", "currency"),
        [
            (each.order_number, each.created_at, each.order_status, each.total_amount, each.currency)
            for each in customer.last_orders
        ],
    )


@command.command()
@click.argument("email")
@click.option("--first-name", default="", metavar="TEXT")
@click.option("--last-name", default="", metavar="TEXT")
@click.option("--phone", default="", metavar="TEXT")
@click.option("--born", metavar="YYYY-MM-DD", help="Date of birth.")
@with_key
def add(email: str, first_name: str, last_name: str, phone: str, born: str | None, key: str | None) -> Answer:
    """Add a customer. An EMAIL that somebody has already is refused (exit 5)."""
    from data.command import parse_command
    from data.customers.messages import SaveCustomer

    content = {"email": email, "first_name": first_name, "last_name": last_name, "phone": phone}
    done = carry_out(parse_command(SaveCustomer, content | ({"date_of_birth": born} if born else {})), key)
    return Answer(done_document(done), lambda: _saved_lines(done))


def _saved_lines(done: Done[CustomerSaved]) -> Iterable[str]:
    yield f"{shown(done.result.email)} added, id {done.result.user_id}"


@command.group()
def address() -> None:
    """The addresses of a customer."""


@address.command("add")
@click.argument("customer")
@click.option("--type", "address_type", default="shipping", metavar="TYPE", help="shipping (default) or billing.")
@click.option("--street", required=True, metavar="TEXT")
@click.option("--city", required=True, metavar="TEXT")
@click.option("--state", default="", metavar="TEXT")
@click.option("--postal-code", required=True, metavar="TEXT")
@click.option("--country", required=True, metavar="CODE", help="ISO code of two letters, as US or DE.")
@click.option("--default", "is_default", is_flag=True, help="Make it the default of its type.")
@with_key
def add_address(
    customer: str,
    address_type: str,
    street: str,
    city: str,
    state: str,
    postal_code: str,
    country: str,
    is_default: bool,
    key: str | None,
) -> Answer:
    """Add an address to CUSTOMER (e-mail or id)."""
    from data.customers.messages import SaveAddress
    from data.customers.reads import get_customer

    with opened_shop() as shop:
        save = SaveAddress(
            user_id=get_customer(shop.stores.postgres, customer).user_id,
            address_type=address_type,
            is_default=is_default,
            street_address=street,
            city=city,
            state=state,
            postal_code=postal_code,
            country=country,
        )
        done = shop.door.run(save, shop.actor, key=key)
    return Answer(done_document(done), lambda: _address_lines(done))


def _address_lines(done: Done[AddressSaved]) -> Iterable[str]:
    yield f"Address {done.result.address_id} added{' as the default' if done.result.is_default else ''}"
