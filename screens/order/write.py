"""What the screens of one order ask of the data rooms. Every function runs in a thread."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from screens.order.kept import drop_kept, read_kept

if TYPE_CHECKING:
    from uuid import UUID

    from data.command import Command
    from data.orders.messages import PlacedOrder
    from data.orders.reads import OrderDetail
    from data.payments.flow import Resumed
    from data.payments.messages import BeginPayment, PaymentBegun
    from data.payments.refund_rules import Refundable
    from data.shop import Shop
    from data.undo.finding import Found
    from data.undo.messages import Undone
    from screens.order.kept import Keep, Kept


def run_command(shop: Shop, command: Command, key: str) -> Any:
    """Carry out ``command`` once under ``key``; return its result."""
    return shop.door.run(command, shop.actor, key=key).result


def run_kept(shop: Shop, keep: Keep, command: Command, key: str) -> Any:
    """Carry out ``command`` once under ``key``, then forget the draft of it; return its result."""
    result = run_command(shop, command, key)
    drop_kept(shop, keep)
    return result


class Reopened(NamedTuple):
    """An order as it is now, and what was kept of it."""

    order: OrderDetail
    kept: Kept | None


def reopen(shop: Shop, keep: Keep) -> Reopened:
    """Return the order that ``keep`` is about, with the draft where there is one."""
    from data.orders.reads import get_order

    kept = read_kept(shop, keep).kept
    return Reopened(get_order(shop.stores.postgres, keep.order_number), kept)


def promise(shop: Shop, command: BeginPayment, key: str) -> PaymentBegun:
    """Write a step of money as pending; its provider is asked by ``ask_provider``. Raises ``Invalid`` before that
    where there is no such provider."""
    from data.payments.providers import provider_of

    provider_of(shop.settings, command.provider)
    begun: PaymentBegun = run_command(shop, command, key)
    return begun


def ask_provider(shop: Shop, order_id: UUID) -> Resumed:
    """Take every pending step of the order to its provider and write down how it ended."""
    from data.payments.flow import resume

    return resume(shop, order_id=order_id, older_than=timedelta(0))


def providers(shop: Shop) -> tuple[str, ...]:
    """Return the providers there are here."""
    from data.payments.providers import PROVIDERS

    return tuple(name for name in PROVIDERS if name != "gateway" or shop.settings.gateway_url)


def read_refundable(shop: Shop, ref: str) -> Refundable:
    """Return what of the order can be given back."""
    from data.payments.refundable import refundable_of

    return refundable_of(shop.stores.postgres, ref)


def warehouses(shop: Shop) -> tuple[str, ...]:
    """Return the warehouses in use."""
    from data.stock.reads import list_warehouses

    return tuple(row.warehouse_id for row in list_warehouses(shop.stores.postgres, active_only=True))


def free_stock(shop: Shop, product_ids: list[str]) -> dict[tuple[str, str], int]:
    """Return the units of each product that can be had in each warehouse in use, 0 where there are none."""
    from data.stock.reads import levels_of

    levels = levels_of(shop.stores.postgres, product_ids)
    free = {(product, place): 0 for product in product_ids for place in warehouses(shop)}
    for product, rows in levels.items():
        for level in rows:
            if (product, level.warehouse_id) in free:
                free[product, level.warehouse_id] = level.available_stock
    return free


def place_exchange_of(shop: Shop, exchange_id: UUID) -> PlacedOrder:
    """Place a drafted exchange; safe to repeat."""
    from data.returns.exchanges import place_exchange

    return place_exchange(shop, exchange_id)


class NextUndo(NamedTuple):
    """What ``u`` would take back, ``None`` where there is nothing, and of which order."""

    found: Found | None
    order_number: str = ""


def next_undo_of(shop: Shop, order_id: UUID | None) -> NextUndo:
    """Return what ``u`` would take back of the order, or (``None``) of any."""
    from data.orders.reads import get_order
    from data.undo.reads import next_undo

    postgres = shop.stores.postgres
    found = next_undo(postgres, shop.actor.user_id, area="orders", target_id=_target(order_id))
    of = found.change.target_id if found is not None and order_id is None else ""
    return NextUndo(found, get_order(postgres, of).order_number if of else "")


def undo_of(shop: Shop, order_id: UUID | None, change_key: str, key: str) -> Undone:
    """Take one change of the order, or of any, back."""
    from data.undo.messages import Undo

    undone: Undone = run_command(shop, Undo(change_key=change_key, area="orders", target_id=_target(order_id)), key)
    return undone


def _target(order_id: UUID | None) -> str:
    return str(order_id) if order_id is not None else ""
