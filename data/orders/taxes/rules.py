"""By which rate goods are taxed: a table of rows for a country, a state and a category, each may be open. Pure.

The most specific row that fits wins, the place before the category: country and state, then country, then everywhere;
among rows of one place the deepest category, then the row for all of them. The rates below are rows of that table for
all categories, and its last row, everywhere at 0, is what exports are taxed by; the shop's own rows
(``data.orders.taxes``) stand in for the row of the same place and category. Rejected: the category before the place,
by which a rate of one country's law could be beaten by a row meant for another's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import msgspec

__all__ = ["NO_TAX", "SEPARATOR", "STANDARD", "TaxRow", "TaxRule", "Taxes", "tax_rule", "taxes_with"]

#: Between the levels of a category, as the catalog writes them.
SEPARATOR = " > "
Key = tuple[str, str, str]


@dataclass(frozen=True)
class TaxRule:
    """What a row means: ``rate`` is a fraction (0.19), ``name`` what the bill calls it.

    ``inclusive`` says whether prices contain the tax, ``None`` leaves it to the product.
    """

    name: str
    rate: Decimal
    on_shipping: bool
    inclusive: bool | None = None

    def includes(self, product: bool) -> bool:
        """Say whether a price contains the tax, where its product says ``product``."""
        return product if self.inclusive is None else self.inclusive


NO_TAX = TaxRule("", Decimal(0), on_shipping=False)


class TaxRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row. ``country`` and ``state`` are codes in capitals, ``category`` a path (``Parts > Memory``); empty is any.

    ``percent`` is 0 to 100, ``label`` what the bill calls the tax.
    """

    country: str = ""
    state: str = ""
    category: str = ""
    percent: Decimal
    label: str = "Tax"
    inclusive: bool | None = None
    on_shipping: bool = True

    @property
    def key(self) -> Key:
        """What the row is found by."""
        return self.country, self.state, self.category.casefold()

    @property
    def rule(self) -> TaxRule:
        """What it means."""
        name = f"{self.label} {self.percent.normalize():f} %" if self.percent else ""
        return TaxRule(name, self.percent / 100, self.on_shipping, self.inclusive)


#: Standard rates in percent. United States: the state's own rate, no county or city added, nothing on shipping.
_US = {
    "AL": "4", "AZ": "5.6", "AR": "6.5", "CA": "7.25", "CO": "2.9", "CT": "6.35", "DC": "6", "FL": "6", "GA": "4",
    "HI": "4", "ID": "6", "IL": "6.25", "IN": "7", "IA": "6", "KS": "6.5", "KY": "6", "LA": "5", "ME": "5.5", "MD": "6",
    "MA": "6.25", "MI": "6", "MN": "6.875", "MS": "7", "MO": "4.225", "NE": "5.5", "NV": "6.85", "NJ": "6.625",
    "NM": "4.875", "NY": "4", "NC": "4.75", "ND": "5", "OH": "5.75", "OK": "4.5", "PA": "6", "RI": "7", "SC": "6",
    "SD": "4.2", "TN": "7", "TX": "6.25", "UT": "6.1", "VT": "6", "VA": "5.3", "WA": "6.5", "WV": "6", "WI": "5",
    "WY": "4",
}  # fmt: skip
#: Canada: GST with the province's share.
_CA = {
    "AB": "5", "BC": "12", "MB": "12", "NB": "15", "NL": "15", "NS": "14", "NT": "5", "NU": "5", "ON": "13", "PE": "15",
    "QC": "14.975", "SK": "11", "YT": "5",
}  # fmt: skip
#: Value added tax by country.
_VAT = {
    "AT": "20", "BE": "21", "BG": "20", "CH": "8.1", "CY": "19", "CZ": "21", "DE": "19", "DK": "25", "EE": "24",
    "ES": "21", "FI": "25.5", "FR": "20", "GB": "20", "GR": "24", "HR": "25", "HU": "27", "IE": "23", "IS": "24",
    "IT": "22", "LT": "21", "LU": "17", "LV": "21", "MT": "18", "NL": "21", "NO": "25", "PL": "23", "PT": "23",
    "RO": "21", "SE": "25", "SI": "22", "SK": "23",
}  # fmt: skip
_GST = {"AU": "10", "IN": "18", "JP": "10", "NZ": "15", "SG": "9"}


def _standard() -> Iterator[TaxRow]:
    for country, states, label, on_shipping in (("US", _US, "Sales tax", False), ("CA", _CA, "GST/HST/PST", True)):
        for state, percent in states.items():
            yield TaxRow(country=country, state=state, percent=Decimal(percent), label=label, on_shipping=on_shipping)
    for rates, label in ((_VAT, "VAT"), (_GST, "GST")):
        for country, percent in rates.items():
            yield TaxRow(country=country, percent=Decimal(percent), label=label)
    yield TaxRow(percent=Decimal(0), label="", on_shipping=False)


class Taxes:
    """The table: the standard rows with the shop's own in their place."""

    def __init__(self, own: Iterable[TaxRow] = ()) -> None:
        self.own = tuple(own)
        self.rows: Mapping[Key, TaxRow] = {row.key: row for row in (*_standard(), *self.own)}
        self._rules = {key: row.rule for key, row in self.rows.items()}
        #: whether any row is for one category, so that the categories of products matter
        self.by_category = any(row.category for row in self.own)

    def rule(self, country: str, state: str = "", category: Sequence[str] = ()) -> TaxRule:
        """Return the rule for goods of this category delivered there (codes, any case)."""
        place, part = country.strip().upper(), state.strip().upper()
        paths = [""]
        if self.by_category:
            paths = [SEPARATOR.join(category[:depth]).casefold() for depth in range(len(category), -1, -1)]
        for where in ((place, part), (place, ""), ("", "")):
            for path in paths:
                rule = self._rules.get((*where, path))
                if rule is not None:
                    return rule
        return NO_TAX


@lru_cache(maxsize=16)
def taxes_with(own: tuple[TaxRow, ...]) -> Taxes:
    """Return the table with these rows of the shop's own; made once for the same rows."""
    return Taxes(own)


#: The table without any row of one's own.
STANDARD = taxes_with(())


def tax_rule(country: str, state: str = "") -> TaxRule:
    """Return the standard rule for goods delivered to ``country`` and ``state``."""
    return STANDARD.rule(country, state)
