"""An edit beside what somebody else made of the order meanwhile: field by field, and laid on the new order. Pure.

Changes say what a field becomes, so an edit is rebased by keeping those that are still wanted. What only they changed
is theirs, what only I changed is mine; only where both changed a field to different values somebody must choose.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import asdict, replace

from data.orders.editing.facts import OrderFacts
from data.orders.editing.fields import NOTHING, Shown, address_text, fields_of
from data.orders.editing.messages import LineAdded, LineEdit, OrderChanges
from data.orders.editing.rules import edited
from data.orders.rules import PricedLine

__all__ = ["Clash", "clashes", "rebased"]

_LINE_PARTS = {"quantity": "quantity", "price": "unit_price", "discount": "discount"}
_ORDER_PARTS = ("shipping_address", "billing_address", "shipping_method", "notes", "discount")


@dataclass(frozen=True)
class Clash:
    """A field that differs: as it ``was`` when the edit began, as it is now, and as the edit has it.

    ``theirs_moved`` and ``mine_moved`` say who changed it; ``open`` where both did, to different values.
    """

    field: str
    label: str
    was: str
    theirs: str
    mine: str

    @property
    def theirs_moved(self) -> bool:
        """Somebody else changed it."""
        return self.theirs != self.was

    @property
    def mine_moved(self) -> bool:
        """The edit changes it."""
        return self.mine != self.was

    @property
    def open(self) -> bool:
        """Somebody must choose."""
        return self.theirs_moved and self.mine_moved and self.theirs != self.mine


def clashes(
    base: OrderFacts, theirs: OrderFacts, changes: OrderChanges, added: Sequence[PricedLine]
) -> tuple[Clash, ...]:
    """Return every field that they or the edit changed, open ones first."""
    was, now = fields_of(base), fields_of(theirs)
    mine = {**was, **_mine(base, changes, added)}
    found = []
    for name in dict.fromkeys((*was, *now, *mine)):
        shown = [fields.get(name) for fields in (was, now, mine)]
        if name not in now and name in was and not name.endswith(":quantity"):
            continue  # the line is gone; its quantity says so
        label = next(one.label for one in reversed(shown) if one is not None)
        texts = [one.text if one is not None else NOTHING for one in shown]
        if len(set(texts)) > 1 and (name in was or name.endswith(":quantity")):
            found.append(Clash(name, label, *texts))
    return tuple(sorted(found, key=lambda clash: not clash.open))


def _mine(base: OrderFacts, changes: OrderChanges, added: Sequence[PricedLine]) -> dict[str, Shown]:
    """Return the fields the edit sets itself; a discount that only follows its line's quantity is none of them."""
    made = {line.line_no: line for line in edited(base, changes, added).lines}
    fields: dict[str, Shown] = {}
    for edit in changes.lines:
        line_no = _line_no(base, edit)
        line, name = made[line_no], f"line:{line_no}"
        if edit.quantity is not None:
            fields[f"{name}:quantity"] = Shown(f"{line.sku} quantity", str(line.quantity) if line.quantity else NOTHING)
        if edit.unit_price is not None:
            fields[f"{name}:price"] = Shown(f"{line.sku} price", f"{line.unit_price:,.2f}")
        if edit.discount is not None:
            fields[f"{name}:discount"] = Shown(f"{line.sku} discount", f"{line.discount:,.2f}")
    for place, (one, priced) in enumerate(zip(changes.add, added, strict=True)):
        fields[f"add:{place}:quantity"] = Shown(f"{priced.sku} quantity", str(one.quantity))
    return fields | {name: shown for name, shown in _order_parts(base, changes, added).items() if shown}


def _order_parts(base: OrderFacts, changes: OrderChanges, added: Sequence[PricedLine]) -> Mapping[str, Shown | None]:
    stored = fields_of(base)
    ship, bill = changes.shipping_address, changes.billing_address
    off = edited(base, changes, added)
    whole = off.now.discount_amount - sum(line.discount for line in off.lines)
    return {
        "shipping_address": Shown(stored["shipping_address"].label, address_text(asdict(ship))) if ship else None,
        "billing_address": Shown(stored["billing_address"].label, address_text(asdict(bill))) if bill else None,
        "shipping_method": Shown("shipping", changes.shipping_method) if changes.shipping_method is not None else None,
        "notes": Shown("notes", changes.notes or NOTHING) if changes.notes is not None else None,
        "discount": Shown("discount", f"{whole:,.2f}") if changes.discount is not None else None,
    }


def _line_no(order: OrderFacts, edit: LineEdit) -> int:
    return edit.line_no or next(line.line_no for line in order.lines if line.sku == edit.sku)


def rebased(base: OrderFacts, theirs: OrderFacts, changes: OrderChanges, give_up: Collection[str]) -> OrderChanges:
    """Return what is left of ``changes`` for ``theirs``, without the fields in ``give_up``.

    A line that they took out and the edit keeps becomes a new one.
    """
    lines: list[LineEdit] = []
    add = [one for place, one in enumerate(changes.add) if f"add:{place}:quantity" not in give_up]
    for edit in changes.lines:
        line_no = _line_no(base, edit)
        dropped = {part for name, part in _LINE_PARTS.items() if f"line:{line_no}:{name}" in give_up}
        left = replace(edit, line_no=line_no, sku="", **dict.fromkeys(dropped))
        if all(getattr(left, part) is None for part in _LINE_PARTS.values()):
            continue
        before, now = base.line(line_no), theirs.line(line_no)
        if now is not None and before is not None and now.product_id == before.product_id:
            lines.append(left)
        elif before is not None and left.quantity:
            add.append(
                LineAdded(
                    sku=before.sku,
                    quantity=left.quantity,
                    unit_price=left.unit_price,
                    discount=left.discount,
                    reason=left.reason,
                )
            )
    gone = dict.fromkeys(name for name in _ORDER_PARTS if name in give_up)
    return replace(changes, lines=tuple(lines), add=tuple(add), **gone)
