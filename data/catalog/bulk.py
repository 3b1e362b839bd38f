"""What bulk jobs do to products: one change to all of them, or each its own values (the sheet, a job taken back).

How a batch of them is written stands in ``data.catalog.batches``, the reorder levels in ``data.catalog.reorder``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from data.bulk.kinds import Outcome, Target
from data.catalog.batches import Plan, apply_patches, planned, stored_of
from data.catalog.categories import category_states
from data.catalog.changes import REMOVED, still, stored_value
from data.catalog.documents import Document
from data.catalog.fields import (
    check_attribute,
    check_attribute_name,
    check_attributes,
    check_category,
    check_discount,
    check_fields,
    check_price,
    check_status,
    number,
)
from data.catalog.reorder import preview_reorder, set_reorder_levels
from data.catalog.telling import spoken
from data.errors import Invalid
from data.idempotency import plain
from data.money import cents
from data.stores.mongo import translate_errors
from data.structs import decode

if TYPE_CHECKING:
    from data.door import UnitOfWork
    from data.stores import Stores

__all__ = ["CHANGE", "OPERATIONS", "VALUES"]

_HUNDRED = Decimal(100)

#: What one change can be, by the name it has in the arguments, with what people call it.
OPERATIONS = {
    "price_percent": "price by percent",
    "price_amount": "price by amount",
    "price_set": "price to",
    "discount": "discount %",
    "status": "status",
    "category": "category",
    "attribute": "attribute",
    "attribute_removed": "remove attribute",
    "reorder_level": "reorder level",
}


#: What is asked for by who leaves the value out.
_MISSING = {
    "price_percent": "is missing: by how many percent?",
    "price_amount": "is missing: by how much?",
    "price_set": "is missing: the new price, like 12.50",
    "discount": "is missing: the percentage, 0 to 100",
    "status": "is missing: draft, active or archived",
    "category": "is missing: a path, like Parts > Memory",
    "attribute": "is missing: what the attribute shall be",
    "reorder_level": "is missing: the level, in units",
}


class _ProductJob:
    """What both kinds share: the dry run and the batch, given how a record's patch is made."""

    permission = "catalog.edit"
    done = "changed"

    def preview(self, stores: Stores, arguments: Mapping[str, Any], targets: Sequence[Target]) -> list[Outcome]:
        """Say what ``apply`` would do."""
        fields, levels = self._split(arguments, targets)
        made: dict[int, Outcome] = {}
        if levels:
            wanted = [targets[place] for place in levels]
            made |= zip(levels, preview_reorder(stores.postgres, list(levels.values()), wanted), strict=True)
        if fields:
            mongo, plan = stores.mongo, self._plan(arguments)
            with translate_errors():
                known, stored = category_states(mongo), stored_of(mongo, [targets[place] for place in fields])
            for place in fields:
                target = targets[place]
                made[place] = planned(stored.get(target.target_id), target, plan, known)[0]
        return [made[place] for place in range(len(targets))]

    def apply(self, arguments: Mapping[str, Any], targets: Sequence[Target], uow: UnitOfWork) -> list[Outcome]:
        """Change the products; see ``data.bulk.kinds.Kind``."""
        fields, levels = self._split(arguments, targets)
        made: dict[int, Outcome] = {}
        if levels:  # first, so that MongoDB is written when nothing of PostgreSQL's can refuse any more
            wanted = [targets[place] for place in levels]
            made |= zip(levels, set_reorder_levels(list(levels.values()), wanted, uow), strict=True)
        if fields:
            made |= zip(
                fields, apply_patches(self._plan(arguments), [targets[place] for place in fields], uow), strict=True
            )
        return [made[place] for place in range(len(targets))]

    def _split(
        self, arguments: Mapping[str, Any], targets: Sequence[Target]
    ) -> tuple[list[int], dict[int, tuple[str, int]]]:
        """Return the places of the targets whose fields are changed, and (warehouse, level) of the others."""
        levels = {
            place: level for place, each in enumerate(targets) if (level := self._level(arguments, each)) is not None
        }
        return [place for place in range(len(targets)) if place not in levels], levels

    def _plan(self, arguments: Mapping[str, Any]) -> Plan:
        raise NotImplementedError

    def _level(self, arguments: Mapping[str, Any], target: Target) -> tuple[str, int] | None:
        """Return (warehouse, reorder level) where it is that which ``target`` gets."""
        raise NotImplementedError


class _Change(_ProductJob):
    """The same change to every product: ``{"op": …, "value": …, "name": …, "warehouse_id": …}``."""

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the clean arguments. Raises ``Invalid`` by argument."""
        op, value = arguments.get("op"), arguments.get("value")
        clean: dict[str, Any] = {"op": op}
        if op not in OPERATIONS:
            raise Invalid({"op": f"must be one of {', '.join(OPERATIONS)}"})
        missing = self._missing(op, arguments)
        if missing:
            raise Invalid(missing)
        field = "name" if op == "attribute_removed" else "value"
        try:
            if op in ("attribute", "attribute_removed"):
                field = "name"
                clean["name"] = check_attribute_name(str(arguments.get("name") or ""))
                field = "value"
            if op != "attribute_removed":
                clean["value"] = plain(_CHECKS[op](value))
            if op == "reorder_level":
                field = "warehouse_id"
                clean["warehouse_id"] = _text(arguments.get("warehouse_id"))
        except ValueError as reason:
            raise Invalid({field: str(reason)}) from None
        return clean

    @staticmethod
    def _missing(op: str, arguments: Mapping[str, Any]) -> dict[str, str]:
        """Return every argument of ``op`` that is left out, with what belongs there."""
        found, value = {}, arguments.get("value")
        if op in _MISSING and (value == "" or (value is None and op != "attribute")):
            found["value"] = _MISSING[op]
        if op in ("attribute", "attribute_removed") and not str(arguments.get("name") or "").strip():
            found["name"] = "is missing: which attribute, like memory.speed"
        if op == "reorder_level" and not str(arguments.get("warehouse_id") or "").strip():
            found["warehouse_id"] = "is missing: which warehouse, like WH1"
        return found

    def title(self, arguments: Mapping[str, Any]) -> str:
        """Return what is done in a few words."""
        op, value = arguments["op"], arguments.get("value")
        match op:
            case "price_percent":
                return f"price {Decimal(str(value)):+} %"
            case "price_amount":
                return f"price {Decimal(str(value)):+}"
            case "attribute":
                return f"{arguments['name']} = {spoken(value)}"
            case "attribute_removed":
                return f"remove {arguments['name']}"
            case "reorder_level":
                return f"reorder level {value} in {arguments['warehouse_id']}"
        return f"{OPERATIONS[op]} {spoken(value)}"

    def _plan(self, arguments: Mapping[str, Any]) -> Plan:
        return lambda document, _: _patch(arguments, document)

    def _level(self, arguments: Mapping[str, Any], target: Target) -> tuple[str, int] | None:
        is_level = arguments["op"] == "reorder_level"
        return (arguments["warehouse_id"], int(arguments["value"])) if is_level else None


class _Values(_ProductJob):
    """To every product its own: ``data = {"set": {path: value}, "remove": [path], "base": {path: value}}``.

    ``base`` is what the person saw; a product where that is no longer so is refused. Or its reorder level:
    ``data = {"warehouse_id": …, "value": …}``.
    """

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the clean arguments: what whoever opens the job calls it."""
        return {"title": str(arguments.get("title") or "sheet")[:200]}

    def title(self, arguments: Mapping[str, Any]) -> str:
        """Return what whoever opened the job called it."""
        return str(arguments["title"])

    def _plan(self, arguments: Mapping[str, Any]) -> Plan:
        return _own_patch

    def _level(self, arguments: Mapping[str, Any], target: Target) -> tuple[str, int] | None:
        data = target.data or {}
        return (str(data["warehouse_id"]), int(data.get("value", 0))) if "warehouse_id" in data else None


CHANGE = _Change()
VALUES = _Values()


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("is missing")
    return value.strip()


def _percent(value: object) -> Decimal:
    percent = number(value)
    if not -_HUNDRED <= percent <= 10_000:
        raise ValueError("must be between -100 and 10,000")
    return percent


def _whole(value: object) -> int:
    amount = number(value)
    if amount != int(amount) or not 0 <= amount < 2**31:
        raise ValueError("must be a whole number, 0 or more")
    return int(amount)


def _needed_price(value: object) -> Decimal:
    price: Decimal | None = check_price(value)
    if price is None:
        raise ValueError("is missing")
    return price


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "price_percent": _percent,
    "price_amount": lambda value: cents(number(value)),
    "price_set": _needed_price,
    "discount": check_discount,
    "status": check_status,
    "category": check_category,
    "attribute": check_attribute,
    "reorder_level": _whole,
}


def _patch(arguments: Mapping[str, Any], document: Document) -> Mapping[str, Any]:
    """Return the patch of one change for ``document``. Raises ``Invalid`` where it cannot have it."""
    op, value = arguments["op"], arguments.get("value")
    if op.startswith("price_"):
        return {"pricing.base_price": _priced(op, Decimal(str(value)), document)}
    match op:
        case "discount":
            return {"pricing.discount_percentage": Decimal(str(value))}
        case "category":
            return {"category": tuple(value or ())}
        case "attribute":
            return {f"attributes.{arguments['name']}": value}
        case "attribute_removed":
            return {f"attributes.{arguments['name']}": REMOVED}
    return {op: value}


def _priced(op: str, value: Decimal, document: Document) -> Decimal:
    if op == "price_set":
        return value
    base = stored_value(document, "pricing.base_price")
    if base is None:
        raise Invalid({"pricing.base_price": "there is no price to change"})
    raw = base * (_HUNDRED + value) / _HUNDRED if op == "price_percent" else base + value
    try:
        return _needed_price(cents(raw))
    except ValueError as reason:
        raise Invalid({"pricing.base_price": f"{cents(raw)} {reason}"}) from None


def _own_patch(document: Document, target: Target) -> Mapping[str, Any]:
    """Return the patch that a record brings with it. Raises ``Invalid`` where somebody changed the same since."""
    data = target.data or {}
    for path, seen in (data.get("base") or {}).items():
        stored = stored_value(document, path)
        if not still(stored, seen):
            raise Invalid({path: f"was changed meanwhile, it is {spoken(stored)} now"})
    given = data.get("set") or {}
    fixed, wrong = check_fields((path, value) for path, value in given.items() if not path.startswith("attributes."))
    named = {path.removeprefix("attributes."): v for path, v in given.items() if path.startswith("attributes.")}
    attributes, more = check_attributes(named)
    if wrong or more:
        raise Invalid(wrong | more)
    return fixed | attributes | dict.fromkeys(data.get("remove") or (), REMOVED)


def read_json(text: str) -> Any:
    """Return what ``text`` is as JSON, else the text: how a form and a verb give an attribute's value."""
    try:
        return decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return text
