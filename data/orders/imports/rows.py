"""From rows to orders: rows that follow each other under one reference are one order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from data.catalog.imports.files import RawRow
from data.catalog.rules import flatten
from data.errors import Invalid
from data.money import parse_money
from data.orders.imports.mapping import OrderMapping, first_of, parsed
from data.orders.messages import Address, OrderLineInput, PlaceOrder

__all__ = ["MappedOrder", "OrderMapper", "RefusedRows"]

MAX_REFERENCE = 150
_PLACE = ("street_address", "city", "postal_code", "country", "state")


@dataclass(frozen=True)
class RefusedRows:
    """Rows that are no order, and why."""

    raws: tuple[RawRow, ...]
    reason: str


@dataclass(frozen=True)
class MappedOrder:
    """One order as the file has it: its rows, whose it is, and the command but for the customer's id."""

    raws: tuple[RawRow, ...]
    reference: str
    email: str
    person: Mapping[str, str]
    lines: tuple[OrderLineInput, ...]
    fields: Mapping[str, Any]

    def command(self, user_id: UUID) -> PlaceOrder:
        """Return the command that places it."""
        return PlaceOrder(user_id=user_id, lines=self.lines, **self.fields)


class OrderMapper:
    """Turns rows into orders by a mapping."""

    def __init__(self, mapping: OrderMapping) -> None:
        self._fields = parsed(mapping.fields, "fields")
        self._line = parsed(mapping.line, "line")
        self._lines = mapping.lines

    def orders(self, rows: Iterable[RawRow]) -> Iterator[MappedOrder | RefusedRows]:
        """Yield each order, or the rows that are none; memory holds one order's rows."""
        reference, held = "", list[tuple[RawRow, dict[str, Any]]]()
        for raw in rows:
            if raw.reason:
                yield RefusedRows((raw,), raw.reason)
                continue
            row = flatten(raw.fields)
            found = self._text("reference", row)
            if not found or len(found) > MAX_REFERENCE:
                why = "is missing" if not found else f"is longer than {MAX_REFERENCE} characters"
                yield RefusedRows((raw,), f"reference: {why}")
                continue
            if held and found != reference:
                yield self._order(reference, held)
                held = []
            reference = found
            held.append((raw, row))
        if held:
            yield self._order(reference, held)

    def _order(self, reference: str, held: list[tuple[RawRow, dict[str, Any]]]) -> MappedOrder | RefusedRows:
        raws = tuple(raw for raw, _ in held)
        try:
            head = held[0][1]
            email = self._text("email", head).lower()
            if not email:
                raise Invalid({"email": "is missing"})
            lines = tuple(line for _, row in held for line in self._lines_of(row))
            person = {name: self._text(name, head) for name in ("first_name", "last_name", "phone")}
            return MappedOrder(raws, reference, email, person, lines, self._head(head))
        except Invalid as error:
            return RefusedRows(raws, "; ".join(f"{name}: {why}" for name, why in error.fields.items()))

    def _head(self, row: dict[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {"channel": self._text("channel", row) or "import"}
        for name in ("shipping_method", "payment_method", "notes"):
            if value := self._text(name, row):
                fields[name] = value
        if value := self._text("placed_at", row):
            fields["placed_at"] = _instant(value)
        if value := self._text("expected_total", row):
            fields["expected_total"] = parse_money(value, field="expected_total")
        place = {name: self._text(name, row) for name in _PLACE}
        if any(place.values()):
            fields["shipping_address"] = Address(**place)
        return fields

    def _lines_of(self, row: dict[str, Any]) -> Iterator[OrderLineInput]:
        inside = row.get(self._lines)
        each = [flatten(one) if isinstance(one, dict) else {} for one in inside] if isinstance(inside, list) else [row]
        for number, line in enumerate(each):
            said = {name: first_of(candidates, line) for name, candidates in self._line.items()}
            where = f"lines[{number}]." if isinstance(inside, list) else ""
            if said.get("sku") is None:
                raise Invalid({f"{where}sku": "is missing"})
            warehouse = said.get("warehouse_id")
            yield OrderLineInput(
                sku=str(said["sku"]).strip(),
                quantity=_whole(said.get("quantity", 1), f"{where}quantity"),
                warehouse_id=str(warehouse).strip() if warehouse is not None else None,
            )

    def _text(self, name: str, row: dict[str, Any]) -> str:
        value = first_of(self._fields.get(name, ()), row)
        return "" if value is None else str(value).strip()


def _whole(value: object, field: str) -> int:
    try:
        number = Decimal(str(1 if value is None else value).strip())
    except InvalidOperation:
        number = Decimal("0.5")
    if not number.is_finite() or number != number.to_integral_value() or not 0 < number < 2**31:
        raise Invalid({field: f"{value!r} is not a whole number above 0"})
    return int(number)


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid({"placed_at": f"{text!r} is no time, write it like 2026-11-22T14:02:00Z"}) from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
