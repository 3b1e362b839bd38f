"""OrderForm: a form about one order that says, as one types, what it will do; and the fields for units of its lines.

Shape: the sentence of the confirm stands under the fields all the time, so ``^S`` is the confirm. Rejected: a second
overlay with the same sentence, which is one more key for every refund of the day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from data.errors import Invalid
from data.money import parse_money
from screens.forms.kept import KeptForm, KeyedSave
from screens.order.kept import Keep
from widgets.field import Check, Field, numeric
from widgets.text import visible

if TYPE_CHECKING:
    from uuid import UUID

    from data.orders.messages import LineUnits

__all__ = ["OrderForm", "UnitsOf", "amount_check", "amount_in", "line_units", "units_fields", "units_in"]

_LABEL = 22
_NAME = "line-"


class OrderForm(KeptForm):
    """``tells`` makes of what is typed the sentence that says what ``^S`` will do, in up to three lines."""

    DEFAULT_CSS = """
    OrderForm .aside { height: 3; }
    """

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        save: KeyedSave,
        tells: Callable[[Mapping[str, str]], str],
        *,
        verb: str,
        keep: Keep | None = None,
    ) -> None:
        def told(values: Mapping[str, str]) -> str:
            try:
                return tells(values)
            except Invalid as error:
                return "; ".join(error.fields.values())

        super().__init__(title, fields, save, verb=verb, aside=told, keep=keep)

    def on_resize(self) -> None:
        """Two lines more than elsewhere are taken by the sentence."""
        self.form.limit(self.app.size.height - 12)


class UnitsOf(NamedTuple):
    """Units of one line that can be chosen: ``most`` of them; ``about`` is said beside the SKU."""

    order_item_id: UUID
    sku: str
    most: int
    about: str = ""
    units: int = 0


def units_fields(lines: Iterable[UnitsOf], prefix: str = _NAME) -> list[Field]:
    """Return a field for the units of each line, by the line's id: a draft finds its line again, wherever it stands."""
    return [
        Field(
            f"{prefix}{line.order_item_id}",
            visible(f"{line.sku} {line.about}".strip())[: _LABEL - 2],
            value=str(line.units) if line.units else "",
            check=numeric(high=line.most),
            placeholder=f"of {line.most}",
            label_width=_LABEL,
        )
        for line in lines
    ]


def units_in(values: Mapping[str, str], lines: Sequence[UnitsOf], prefix: str = _NAME) -> dict[UUID, int]:
    """Return the units typed for each line, those with none left out. What is no number counts as none."""
    units: dict[UUID, int] = {}
    for line in lines:
        text = values.get(f"{prefix}{line.order_item_id}", "").strip()
        if text.isascii() and text.isdigit() and int(text):
            units[line.order_item_id] = int(text)
    return units


def line_units(units: Mapping[UUID, int]) -> tuple[LineUnits, ...]:
    """Return units as commands take them."""
    from data.orders.messages import LineUnits

    return tuple(LineUnits(order_item_id=key, quantity=count) for key, count in units.items())


def amount_in(values: Mapping[str, str], name: str) -> Decimal | None:
    """Return the amount typed into the field ``name``, ``None`` where it is empty. Raises ``Invalid`` naming it."""
    text = values.get(name, "").strip()
    return parse_money(text, field=name) if text else None


def amount_check(most: Decimal) -> Check:
    """Return a check for an amount above 0 and up to ``most``."""

    def check(text: str) -> str:
        try:
            amount = parse_money(text)
        except Invalid as error:
            return next(iter(error.fields.values()))
        return "" if 0 < amount <= most else f"must be above 0 and at most {most:,.2f}"

    return check
