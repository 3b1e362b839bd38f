"""Where one can go: every screen by its dotted name, imported when it is first needed.

A new screen is one line here. ``keys`` are empty for screens that are only reached with something in hand (one order).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from screens.base import AppScreen


@dataclass(frozen=True)
class Place:
    """A screen: its name in the shell, its class by dotted name, its label, keys (F key, ``g`` twin) and permission."""

    name: str
    dotted: str
    label: str
    keys: tuple[str, ...] = ()
    permission: str = ""

    def screen_class(self) -> type[AppScreen]:
        """Import the module and return the screen's class."""
        module, _, name = self.dotted.partition(":")
        screen: type[AppScreen] = getattr(import_module(module), name)
        return screen


HOME = "dashboard"
# F5 is not here: it reads a screen again, as it does elsewhere.
PLACES: tuple[Place, ...] = (
    Place("dashboard", "screens.dashboard.screen:DashboardScreen", "dashboard", ("f2", "g d")),
    Place("orders", "screens.orders.screen:OrdersScreen", "orders", ("f3", "g o"), "orders.view"),
    Place("new-order", "screens.new_order.screen:NewOrderScreen", "new order", ("f4", "g n"), "orders.place"),
    Place("customers", "screens.customers.screen:CustomersScreen", "customers", ("f6", "g c"), "customers.view"),
    Place("catalog", "screens.catalog.screen:CatalogScreen", "products", ("f7", "g p"), "catalog.view"),
    Place("warehouse", "screens.warehouse.screen:WarehouseScreen", "stock", ("f8", "g w"), "stock.view"),
    Place("inbox", "screens.inbox:InboxScreen", "inbox", ("f12", "g i"), "orders.note"),
    Place("events", "screens.events.screen:EventsScreen", "events", ("f11", "g e"), "relay.view"),
    Place("order", "screens.order.screen:OrderScreen", "one order", permission="orders.view"),
    Place("order-ship", "screens.order.ship:OrderShipScreen", "pack an order", permission="orders.ship"),
    Place("order-edit", "screens.order_edit.screen:OrderEditScreen", "edit an order", permission="orders.edit"),
    Place("customer", "screens.customers.customer:CustomerScreen", "one customer", permission="customers.view"),
    Place("movements", "screens.warehouse.movements:MovementsScreen", "movements", permission="stock.view"),
    Place("attributes", "screens.catalog.attributes:AttributesScreen", "attributes", permission="catalog.view"),
    Place("sheet", "screens.catalog.sheet:SheetScreen", "sheet", permission="catalog.view"),
    Place("import", "screens.catalog.imports:ImportScreen", "import", permission="catalog.import"),
    Place("categories", "screens.catalog.categories:CategoriesScreen", "categories", permission="catalog.view"),
    Place("jobs", "screens.bulk.jobs:BulkJobsScreen", "bulk jobs", permission="bulk.run"),
    Place("bulk", "screens.bulk.screen:BulkScreen", "one bulk job", permission="bulk.run"),
    Place("product", "screens.catalog.product:ProductScreen", "one product", permission="catalog.view"),
)
