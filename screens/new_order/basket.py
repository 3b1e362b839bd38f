"""What a new order holds while it is typed. Pure: the screen shows it, threads read stores for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from data.ids import new_id

if TYPE_CHECKING:
    from data.orders.offers import Offer
    from data.orders.rules import PricedLine

MAX_QUANTITY = 99_999
#: ``RAM-0412 3``, ``RAM-0412<TAB>3``, ``RAM-0412;3``, ``RAM-0412 x3``: a row of a pasted list
_ROW = re.compile(r"^\s*(\S+?)\s*(?:[\t;,=×*]|\s[x×*]?)\s*(\d{1,5})\s*$")
#: between rows that stand in one line, as the product field shows those nobody knows
BETWEEN_ROWS = " | "


@dataclass(frozen=True)
class BasketLine:
    """One line: the product as offered, units wanted, and the only warehouse it may come from (``""``: any)."""

    offer: Offer
    quantity: int
    warehouse_id: str = ""

    @property
    def available(self) -> int:
        """Units this line can be served with."""
        return sum(units for name, units in self.offer.stock if not self.warehouse_id or name == self.warehouse_id)

    @property
    def problem(self) -> str:
        """What keeps the line from being placed, ``""`` when nothing does."""
        if self.offer.why_not:
            return self.offer.why_not
        short = self.quantity - self.available
        return f"{self.available:,} of {self.quantity:,} available" if short > 0 else ""


@dataclass(frozen=True)
class Basket:
    """The lines, in the order they were added, and the idempotency key the order will be placed with."""

    lines: tuple[BasketLine, ...] = ()
    key: str = field(default_factory=lambda: str(new_id()))

    def add(self, offer: Offer, quantity: int = 1) -> Basket:
        """Return the basket with ``quantity`` more of ``offer``; a product already there gets more units."""
        for place, line in enumerate(self.lines):
            if line.offer.product_id == offer.product_id:
                return self.with_line(place, quantity=line.quantity + quantity, offer=offer)
        return replace(self, lines=(*self.lines, BasketLine(offer, min(quantity, MAX_QUANTITY))))

    def add_all(self, rows: Iterable[tuple[Offer, int]]) -> Basket:
        """Return the basket with each (offer, quantity) added."""
        basket = self
        for offer, quantity in rows:
            basket = basket.add(offer, quantity)
        return basket

    def with_line(self, place: int, **changes: Any) -> Basket:
        """Return the basket with line ``place`` changed; a quantity below 1 takes the line out."""
        line = replace(self.lines[place], **changes)
        if line.quantity < 1:
            return self.without(place)
        line = replace(line, quantity=min(line.quantity, MAX_QUANTITY))
        return replace(self, lines=(*self.lines[:place], line, *self.lines[place + 1 :]))

    def without(self, place: int) -> Basket:
        """Return the basket without line ``place``."""
        return replace(self, lines=self.lines[:place] + self.lines[place + 1 :])

    def refreshed(self, offers: Mapping[str, Offer]) -> Basket:
        """Return the basket with newer prices and stock, by SKU."""
        return replace(
            self,
            lines=tuple(replace(line, offer=offers.get(line.offer.sku, line.offer)) for line in self.lines),
        )

    def priced(self) -> list[PricedLine]:
        """Return the lines as ``data.orders.rules.quote`` takes them."""
        return [line.offer.priced(line.quantity) for line in self.lines]

    def kept(self) -> list[list[str | int]]:
        """Return the lines as a draft keeps them; ``kept_lines`` reads them back."""
        return [[line.offer.sku, line.quantity, line.warehouse_id] for line in self.lines]

    @property
    def problems(self) -> tuple[str, ...]:
        """One sentence per line that can't be placed."""
        return tuple(f"{line.offer.sku}: {line.problem}" for line in self.lines if line.problem)


@dataclass(frozen=True)
class PastedRow:
    """A row of a list as it was written; ``sku`` is ``""`` where it can't be read as SKU and quantity."""

    text: str
    sku: str = ""
    quantity: int = 0


def pasted_row(text: str) -> PastedRow:
    """Return what a row means: ``RAM-0412 3`` with a blank, tab, comma, semicolon, ``=``, ``x`` or ``×`` between."""
    match = _ROW.match(text)
    if match is None or int(match[2]) < 1:
        return PastedRow(" ".join(text.split()))
    return PastedRow(" ".join(text.split()), match[1], int(match[2]))


def pasted_rows(text: str) -> tuple[PastedRow, ...]:
    """Return the rows of a list of SKU and quantity, one a line or with ``|`` between; of several, a SKU alone is one.

    Of a list that holds one such row at least, the others come back too, to be corrected; a spreadsheet's heading does
    not. What is no list at all (words of a search) is ``()``.
    """
    rows = [pasted_row(row) for row in re.split(r"[\r\n|]", text) if row.strip()]
    if len(rows) > 1 and not rows[0].sku and rows[0].text.casefold().startswith("sku"):
        rows = rows[1:]
    if len(rows) > 1:
        rows = [row if row.sku or " " in row.text else PastedRow(row.text, row.text, 1) for row in rows]
    return tuple(rows) if any(row.sku for row in rows) else ()


def entered(text: str) -> tuple[str, int]:
    """Return what an entry means: words, and units when it begins like ``3*`` or ``3 x`` (``3*usb cable``)."""
    match = re.match(r"^\s*(\d{1,5})\s*[*×]\s*(.*)$", text)
    if match and int(match[1]) > 0:
        return match[2].strip(), int(match[1])
    return text.strip(), 1


@dataclass(frozen=True)
class KeptLine:
    """A line as a draft keeps it."""

    sku: str
    quantity: int
    warehouse_id: str = ""


def kept_lines(lines: Any) -> tuple[KeptLine, ...]:
    """Return the lines of a draft's content; what is no ``[SKU, quantity, warehouse]`` is left out."""
    found = []
    for line in lines if isinstance(lines, list | tuple) else ():
        if isinstance(line, list | tuple) and len(line) >= 2 and str(line[1]).isdecimal() and int(line[1]) > 0:
            warehouse_id = str(line[2]) if len(line) > 2 and line[2] else ""
            found.append(KeptLine(str(line[0]), min(int(line[1]), MAX_QUANTITY), warehouse_id))
    return tuple(found)
