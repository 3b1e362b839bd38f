"""The errors of the domain. Adapters translate driver exceptions into these at their boundary.

Each class carries the exit code the headless twin ends with, so the mapping is written once:
0 ok, 2 usage, 3 invalid input, 4 not found, 5 conflict, 6 out of stock, 7 denied, 8 store unavailable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


class StorekeeperError(Exception):
    """Base of every error that a person is meant to read. ``str(error)`` is one sentence, safe to show."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"

    def details(self) -> dict[str, Any]:
        """What a program needs to react to the error; JSON-ready, never a secret."""
        return {}


class NotFound(StorekeeperError):
    """The thing named does not exist. ``what`` is the noun, ``ref`` what was asked for."""

    exit_code = 4
    code = "not_found"

    def __init__(self, what: str, ref: str) -> None:
        super().__init__(f"No {what} {ref!r}.")
        self.what = what
        self.ref = ref

    def details(self) -> dict[str, Any]:
        """The noun and the reference asked for."""
        return {"what": self.what, "ref": self.ref}


class Conflict(StorekeeperError):
    """Somebody else was first, or a key was used for other content. ``current`` is what is stored now."""

    exit_code = 5
    code = "conflict"

    def __init__(self, message: str, *, current: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.current = dict(current or {})

    def details(self) -> dict[str, Any]:
        """The stored state the caller's change does not fit."""
        return {"current": self.current}


class Invalid(StorekeeperError):
    """Input refused at the edge. ``fields`` maps each field's name to one sentence on what is wrong."""

    exit_code = 3
    code = "invalid"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in fields.items()))
        self.fields = dict(fields)

    def details(self) -> dict[str, Any]:
        """Every refused field with its reason."""
        return {"fields": self.fields}


class Denied(StorekeeperError):
    """The actor lacks the permission the action needs."""

    exit_code = 7
    code = "denied"

    def __init__(self, actor: str, permission: str) -> None:
        super().__init__(f"{actor} may not {permission}.")
        self.actor = actor
        self.permission = permission

    def details(self) -> dict[str, Any]:
        """Who was refused what."""
        return {"actor": self.actor, "permission": self.permission}


@dataclass(frozen=True)
class ShortLine:
    """One line that cannot be served: units asked for against units available (where the line may be served from)."""

    sku: str
    product_id: str
    warehouse_id: str | None
    requested: int
    available: int


class OutOfStock(StorekeeperError):
    """At least one line is short; ``lines`` names every short line. Nothing was reserved."""

    exit_code = 6
    code = "out_of_stock"

    def __init__(self, lines: tuple[ShortLine, ...]) -> None:
        named = ", ".join(f"{line.sku}: {line.requested} asked, {line.available} available" for line in lines)
        super().__init__(f"Out of stock: {named}.")
        self.lines = lines

    def details(self) -> dict[str, Any]:
        """Every short line."""
        return {
            "lines": [
                {
                    "sku": line.sku,
                    "product_id": line.product_id,
                    "warehouse_id": line.warehouse_id,
                    "quantity_requested": line.requested,
                    "quantity_available": line.available,
                }
                for line in self.lines
            ]
        }


class Unavailable(StorekeeperError):
    """A store cannot be reached or did not answer in time. ``store`` is one of the names in ``data.stores.NAMES``."""

    exit_code = 8
    code = "unavailable"

    def __init__(self, store: str, reason: str) -> None:
        super().__init__(f"{store} is not available: {reason}")
        self.store = store
        self.reason = reason

    def details(self) -> dict[str, Any]:
        """The store and the reason it gave."""
        return {"store": self.store, "reason": self.reason}
