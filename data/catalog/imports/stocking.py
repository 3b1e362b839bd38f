"""Stock for imported products by a rule: so many units in a warehouse for every product that has no level there yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.errors import Invalid, NotFound
from data.stock.commands import ReceiveLine, ReceiveMany, SaveWarehouse
from data.stock.reads import levels_of, list_warehouses

if TYPE_CHECKING:
    from data.shop import Shop


@dataclass(frozen=True)
class StockRule:
    """How many units each warehouse gets of a product it has never held. Empty: no stock is touched."""

    units: Mapping[str, int]

    @classmethod
    def checked(cls, shop: Shop, units: Mapping[str, int], *, dry_run: bool) -> StockRule:
        """Return the rule for ``units`` by warehouse id. Raises ``NotFound`` for a warehouse, ``Invalid`` for a number.

        In a shop without any warehouse the default one (``settings.warehouse``) is made: a first import just works.
        """
        wrong = {warehouse: "must be 1 or more units" for warehouse, count in units.items() if count < 1}
        if wrong:
            raise Invalid(wrong)
        if not units:
            return cls({})
        known = {warehouse.warehouse_id for warehouse in list_warehouses(shop.stores.postgres)}
        if not known and set(units) == {shop.settings.warehouse}:
            if not dry_run:
                command = SaveWarehouse(warehouse_id=shop.settings.warehouse, label="Main warehouse")
                shop.door.run(command, shop.actor)
        elif missing := sorted(set(units) - known):
            raise NotFound("warehouse", missing[0])
        return cls(dict(units))

    def apply(self, shop: Shop, products: Sequence[tuple[str, str]], *, key: str) -> int:
        """Take in what the rule says of ``products``, given as (product id, SKU); return how many levels were made."""
        if not self.units or not products:
            return 0
        held = levels_of(shop.stores.postgres, [product_id for product_id, _ in products])
        lines = tuple(
            ReceiveLine(product_id=product_id, sku=sku, warehouse_id=warehouse, quantity=count)
            for product_id, sku in products
            for warehouse, count in self.units.items()
            if all(level.warehouse_id != warehouse for level in held.get(product_id, ()))
        )
        if lines:
            shop.door.run(ReceiveMany(lines=lines, reason="opening stock of an import"), shop.actor, key=key)
        return len(lines)
