"""The sheet of products: which columns it has, its rows, and what of it is to be written. Reads run in a thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from widgets.cell_sheet import Aside
from widgets.cell_table import CellColumn, CellTable

if TYPE_CHECKING:
    from data.bulk.messages import TargetInput
    from data.catalog.types import Product
    from data.shop import Shop
    from data.stock.reads import Level

#: How many products a sheet begins with, and how many more it reads at once.
STEP = 500
#: How many it holds at most: beyond, nobody looks at cells one by one, and a job changes any number (``b``).
MOST = 5_000
Rows = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Part:
    """The rows read, and whether there are more than were asked for."""

    rows: Rows
    more: bool
    #: what only tells, by product: brand, category, units that can be sold from one's warehouse
    told: Mapping[str, tuple[str, str, str]]


#: Column → where its value stands in the document.
_PATHS = {"price": "pricing.base_price", "discount": "pricing.discount_percentage", "status": "status"}
_REORDER = "reorder_level"


def _price(text: str) -> str:
    from data.catalog.fields import check_price

    price = check_price(text)
    return "" if price is None else f"{price:.2f}"


def _discount(text: str) -> str:
    from data.catalog.fields import check_discount

    return f"{check_discount(text or 0):f}"


def _status(text: str) -> str:
    """Take a status by its beginning, where that is enough."""
    from data.catalog.fields import STATUSES, check_status

    near = [status for status in STATUSES if text and status.startswith(text.casefold())]
    return check_status(near[0] if len(near) == 1 else text)


def _units(text: str) -> str:
    if not text.isdecimal() or int(text) >= 2**31:
        raise ValueError("must be a whole number, 0 or more")
    return str(int(text))


COLUMNS = (
    CellColumn("sku", "SKU", 12),
    CellColumn("title", "Title", 12, flex=True),
    CellColumn("price", "Price", 11, right=True, normal=_price),
    CellColumn("discount", "Disc %", 7, right=True, normal=_discount),
    CellColumn("status", "Status", 9, normal=_status),
    CellColumn(_REORDER, "Low at", 7, right=True, normal=_units),
)


def read_sheet(shop: Shop, ids: tuple[str, ...], line: str, most: int) -> Part:
    """Return the products with ``ids``, else what ``line`` finds, as rows of the sheet: the first ``most`` of them."""
    from itertools import islice

    from data.catalog.bulk_targets import of_line
    from data.catalog.reads import get_products
    from data.stock.reads import levels_of

    known = list(ids) or [target.target_id for target in islice(of_line(shop, line), most + 1)]
    wanted = known[:most]
    products = get_products(shop.stores.mongo, wanted)
    levels = levels_of(shop.stores.postgres, wanted)
    house = shop.settings.warehouse
    here = {one: level for one in wanted for level in levels.get(one, ()) if level.warehouse_id == house}
    there = [products[one] for one in wanted if one in products]
    rows = tuple(_row(product, here.get(product.product_id)) for product in there)
    return Part(rows, len(known) > most, {product.product_id: _told(product, here) for product in there})


def _told(product: Product, here: Mapping[str, Level]) -> tuple[str, str, str]:
    level, names = here.get(product.product_id), product.category.names
    return product.brand, names[-1] if names else "", "" if level is None else f"{level.available_stock:,}"


def asides_of(table: CellTable, told: Mapping[str, tuple[str, str, str]]) -> tuple[Aside, ...]:
    """Return the columns that only tell: what the product is, what is there of it, what the cells come to."""

    from data.catalog.rules import final_price

    def of(place: int) -> Callable[[int], str]:
        return lambda row: told.get(table.rows[row][0], ("", "", ""))[place]

    def pays(row: int) -> str:
        cells = {column.key: table.cell(row, at) for at, column in enumerate(table.columns)}
        price, discount = cells["price"], cells["discount"]
        if price.problem or discount.problem or not price.text:
            return ""
        return f"{final_price(Decimal(price.text), Decimal(discount.text or 0)):,.2f}"

    return (
        Aside("Brand", 14, 150, of(0)),
        Aside("Category", 20, 130, of(1)),
        Aside("Stock", 7, 110, of(2), right=True),
        Aside("Pays", 11, 100, pays, right=True),
    )


def _row(product: Product, level: Level | None) -> tuple[str, tuple[str, ...]]:
    pricing = product.pricing
    price = "" if pricing.base_price is None else f"{pricing.base_price:.2f}"
    discount = f"{pricing.discount_percentage.normalize():f}"
    low = "" if level is None else str(level.reorder_level)
    cells = (product.sku, product.title, price, discount, product.status, low)
    return product.product_id, cells


def targets_of(table: CellTable, warehouse: str) -> tuple[TargetInput, ...]:
    """Return what the changed cells are as records of a bulk job, each with what stood there before."""
    from data.bulk.messages import TargetInput

    made: list[TargetInput] = []
    for key, cells in table.changes.items():
        sku = table.stored(key, "sku")
        fields = {name: text for name, text in cells.items() if name in _PATHS}
        if fields:
            data: dict[str, Any] = {
                "set": {_PATHS[name]: text or None for name, text in fields.items()},
                "base": {_PATHS[name]: table.stored(key, name) or None for name in fields},
            }
            made.append(TargetInput(target_id=key, label=sku, data=data))
        if _REORDER in cells:
            level = {"warehouse_id": warehouse, "value": int(cells[_REORDER])}
            made.append(TargetInput(target_id=key, label=sku, data=level))
    return tuple(made)
