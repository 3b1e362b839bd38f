"""Who may do what: permissions, roles as sets of permissions, and the actor every write names. Pure.

Roles are sets of permissions written here and reviewed like code; a table of permissions editable at run time was
rejected, because then no reader of this page could say what a role may do.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

__all__ = ["NO_PASSWORD", "PERMISSIONS", "ROLES", "Actor"]

#: What stands in ``users.password_hash`` of somebody who has no password: no hash is one character long, so no
#: password verifies against it.
NO_PASSWORD = "!"

_VIEWS = frozenset(
    {"orders.view", "stock.view", "catalog.view", "customers.view", "payments.view", "analytics.view", "relay.view"}
)
_ORDERS = frozenset({"orders.place", "orders.status", "orders.edit", "orders.cancel", "orders.ship", "orders.allocate"})
#: How the desk handles an order: its tags, whose it is, holding it back from shipping.
_DESK = frozenset({"orders.tag", "orders.assign", "orders.hold"})
#: Notes and the inbox of mentions; writing to the customer; files with many orders out of the shop and into it.
_NOTES = frozenset({"orders.note"})
_MESSAGES = frozenset({"orders.message"})
_FILES = frozenset({"orders.export", "orders.import"})
_PAYMENTS = frozenset({"payments.record", "payments.capture", "payments.refund"})
_RETURNS = frozenset({"returns.request", "returns.inspect"})
_STOCK = frozenset(
    {"stock.receive", "stock.adjust", "stock.transfer", "stock.count", "stock.warehouses", "stock.reserve"}
)
_CATALOG = frozenset({"catalog.edit", "catalog.import"})
_CUSTOMERS = frozenset({"customers.edit"})
#: Taking back one's own last change; what was changed needs its own permission besides.
_UNDO = frozenset({"changes.undo"})
#: Jobs over many records; what is done to each needs its own permission besides.
_BULK = frozenset({"bulk.run"})
#: Keeping queries under names: one's own, and those that everybody has.
_SAVING = frozenset({"views.save"})
_SHARING = frozenset({"views.save", "views.share"})
#: Discount codes: make one, stop one.
_CODES = frozenset({"codes.manage"})
_CARE = frozenset({"access.manage", "relay.manage", "cache.manage", "search.manage", "taxes.manage", "demo.load"})

#: Every permission there is. A command names one; ``data.door.handles`` refuses a name that is not here.
PERMISSIONS: frozenset[str] = (
    _VIEWS
    | _ORDERS
    | _DESK
    | _NOTES
    | _MESSAGES
    | _FILES
    | _PAYMENTS
    | _RETURNS
    | _STOCK
    | _CATALOG
    | _CUSTOMERS
    | _UNDO
    | _BULK
    | _CODES
    | _CARE
    | _SHARING
)

#: Every role with what it may do. A person may hold several.
ROLES: dict[str, frozenset[str]] = {
    "admin": PERMISSIONS,
    "support": _ORDERS
    | _DESK
    | _NOTES
    | _MESSAGES
    | _FILES
    | _UNDO
    | _BULK
    | _SHARING
    | _PAYMENTS
    | _CUSTOMERS
    | _RETURNS
    | _CODES
    | {"stock.reserve"}
    | {"orders.view", "customers.view", "payments.view", "catalog.view", "stock.view", "analytics.view", "relay.view"},
    "warehouse": _STOCK
    | _DESK
    | _NOTES
    | _UNDO
    | _BULK
    | _SHARING
    | _RETURNS
    | {"orders.view", "orders.status", "orders.ship", "orders.allocate", "stock.view", "catalog.view", "relay.view"},
    "catalogue": _CATALOG
    | _UNDO
    | _BULK
    | _SHARING
    | {"catalog.view", "stock.view", "analytics.view", "cache.manage", "search.manage", "relay.view"},
    "analyst": _VIEWS | _SAVING,
}


@dataclass(frozen=True)
class Actor:
    """The staff member who acts. ``roles`` are names of ``ROLES``; an unknown name grants nothing."""

    user_id: UUID
    email: str
    name: str
    roles: frozenset[str]

    def may(self, permission: str) -> bool:
        """Say whether one of the actor's roles grants ``permission``."""
        return any(permission in ROLES.get(role, frozenset()) for role in self.roles)
