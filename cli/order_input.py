"""What ``orders place`` is given, from the command line or a JSON file, on its way to the command."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import click
import msgspec

from data.errors import Invalid
from data.structs import decode

if TYPE_CHECKING:
    from data.orders.messages import PlaceOrder

Content = TypeVar("Content")

__all__ = ["LineInput", "OrderInput", "read_json_file", "read_line", "read_order_file", "read_time"]


class LineInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One line: a product by ``sku`` or ``product_id``, units, and the warehouse if it must be one."""

    quantity: int
    sku: str = ""
    product_id: str = ""
    warehouse_id: str | None = None


class OrderInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """An order as a file spells it. Everything may be missing, because the command line may say it."""

    customer: str = ""
    lines: tuple[LineInput, ...] = ()
    key: str | None = None
    shipping_address: dict[str, str] | None = None
    billing_address: dict[str, str] | None = None
    shipping_address_id: str | None = None
    billing_address_id: str | None = None
    shipping_method: str = "standard"
    payment_method: str = ""
    notes: str = ""
    code: str = ""

    def overridden(self, **values: Any) -> OrderInput:
        """Return this order with every given value that is not empty in place of the file's."""
        return msgspec.structs.replace(self, **{name: value for name, value in values.items() if value})

    def command(self, user_id: UUID, warehouse: str | None) -> PlaceOrder:
        """Return the command; ``warehouse`` serves each line that names none. Raises ``Invalid`` by field."""
        from data.command import parse_command
        from data.orders.commands import PlaceOrder

        content = msgspec.to_builtins(self)
        content.pop("customer", None)
        content.pop("key", None)
        content["user_id"] = str(user_id)
        content["lines"] = [
            line | ({"warehouse_id": warehouse} if warehouse and not line.get("warehouse_id") else {})
            for line in content.get("lines", ())
        ]
        return parse_command(PlaceOrder, content)


def read_line(text: str) -> LineInput:
    """Return the line that ``SKU=QTY`` spells; a SKU may hold ``=`` itself. Raises ``UsageError`` for anything else."""
    sku, equals, quantity = text.rpartition("=")
    try:
        units = int(quantity)
    except ValueError:
        units = None
    if not equals or not sku.strip() or units is None:
        raise click.BadParameter(f"{text!r} is not SKU=QTY, like RAM-0412=2.", param_hint="--line")
    return LineInput(sku=sku.strip(), quantity=units)


def read_time(field: str, text: str) -> datetime:
    """Return the moment ``text`` says, in UTC where it names no zone. Raises ``Invalid`` naming ``field``."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid({field: f"{text!r} is no time, write it like 2026-06-01 or 2026-06-01T08:00"}) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def read_order_file(name: str) -> OrderInput:
    """Return the order in the JSON file ``name``, ``-`` for standard input. Raises ``Invalid`` where it is none."""
    order = read_json_file(name, OrderInput)
    if "\0" in order.customer:
        raise Invalid({"customer": "holds a NUL character"})
    return order


def read_json_file(name: str, kind: type[Content]) -> Content:
    """Return what the JSON file ``name`` (``-``: standard input) spells. Raises ``Invalid`` naming the bad field."""
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise Invalid({"file": f"cannot read {name}: {error.strerror}"}) from None
    try:
        return decode(content, kind)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        raise Invalid({path.strip("`.") or "file": what[:1].lower() + what[1:]}) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid({"file": f"{name} is not JSON: {error}"}) from None
