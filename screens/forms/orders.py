"""The forms over the list of orders: what is done to many; tags, colleague or hold of one; papers into a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.ids import new_id
from screens.forms.overlay import FormOverlay
from widgets.field import Field, Option, SelectField

if TYPE_CHECKING:
    from data.command import Command
    from data.shop import Shop

#: Every action on many orders: what it is called, which argument the second field is, and what to type there.
_ACTIONS: dict[str, tuple[str, str, str]] = {
    "confirm": ("confirm", "", "nothing to say"),
    "ship": ("ship all that is left", "unpaid", "empty, or: unpaid (then also what is not paid in full)"),
    "capture": ("capture what is due", "provider", "empty, or how money came that was not authorised: bank, manual"),
    "tag": ("tag", "tags", "rush gift-wrap"),
    "untag": ("take tags off", "tags", "rush gift-wrap"),
    "assign": ("assign", "email", "a colleague's e-mail, me, or none"),
    "hold": ("hold", "reason", "why; until when stands below, empty: until somebody releases it"),
    "release": ("release from hold", "", "nothing to say"),
    "cancel": ("cancel what is left", "reason", "why; it cannot be taken back"),
}
_PAPERS = (
    Option("packing-slip", "packing slips"),
    Option("pick-list", "one pick list"),
    Option("invoice", "invoices"),
)


def act_form(which: str, op: str = "confirm") -> FormOverlay:
    """Return the form for ``which`` (``the 3 marked``). Dismisses with the job's kind and its arguments."""
    fields = [
        SelectField("op", "Do", [Option(name, label) for name, (label, *_) in _ACTIONS.items()], value=op),
        Field("value", "Say"),
        Field("until", "Until", placeholder="only for hold: 2026-12-01"),
    ]
    return FormOverlay(
        f"Act on {which}", fields, _checked, verb="tries it", aside=lambda values: _ACTIONS[values["op"]][2]
    )


def _checked(shop: Shop, values: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """Return kind and arguments. Raises ``Invalid`` by field."""
    from data.bulk.kinds import kind_called
    from data.errors import Invalid

    op, said = values["op"], values["value"].strip()
    name = _ACTIONS[op][1]
    given: dict[str, Any] = {"until": values["until"]} if op == "hold" else {}
    if name == "unpaid":
        if said not in ("", "unpaid"):
            raise Invalid({"value": "is empty, or: unpaid"})
        given["unpaid"] = said == "unpaid"
    elif name:
        given[name] = shop.actor.email if (op, said.lower()) == ("assign", "me") else said
    try:
        return f"orders.{op}", kind_called(f"orders.{op}").check(given)
    except Invalid as refused:
        raise Invalid({"value" if field == name else field: why for field, why in refused.fields.items()}) from None


def tag_form(order_number: str, order_id: Any, tags: tuple[str, ...]) -> FormOverlay:
    """Return the form of one order's tags, all in one field. Dismisses with the ``OrderTagged``."""
    key = str(new_id())

    def save(shop: Shop, values: dict[str, str]) -> Any:
        from data.orders.handling.messages import TagOrder

        wanted = tuple(values["tags"].replace(",", " ").split())
        gone = tuple(tag for tag in tags if tag not in wanted)
        if not wanted and not gone:
            return None
        return _run(shop, TagOrder(order_id=order_id, add=wanted, remove=gone), key)

    return FormOverlay(f"Tags of {order_number}", [Field("tags", "Tags", value=" ".join(tags))], save)


def assign_form(order_number: str, order_id: Any) -> FormOverlay:
    """Return the form that gives one order to somebody. Dismisses with the ``OrderAssigned``."""
    key = str(new_id())

    def save(shop: Shop, values: dict[str, str]) -> Any:
        from data.orders.handling.messages import AssignOrder

        return _run(shop, AssignOrder(order_id=order_id, email=values["email"]), key)

    field = Field("email", "To", value="me", required=True, placeholder="a colleague's e-mail, me, or none")
    return FormOverlay(f"Assign {order_number}", [field], save, verb="assigns")


def hold_form(order_number: str, order_id: Any) -> FormOverlay:
    """Return the form that holds one order back. Dismisses with the ``OrderHeld``."""
    key = str(new_id())

    def save(shop: Shop, values: dict[str, str]) -> Any:
        from data.orders.handling.messages import HoldOrder
        from data.orders.handling.rules import parse_until

        command = HoldOrder(order_id=order_id, reason=values["reason"], until=parse_until(values["until"]))
        return _run(shop, command, key)

    fields = [
        Field("reason", "Why", required=True),
        Field("until", "Until", placeholder="2026-12-01; empty: until it is released"),
    ]
    return FormOverlay(f"Hold {order_number} back from shipping", fields, save, verb="holds")


def papers_form(which: str) -> FormOverlay:
    """Return the form for papers of many orders. Dismisses with the kind and the file."""
    fields = [
        SelectField("kind", "Print", _PAPERS, value="packing-slip"),
        Field("file", "File", required=True, placeholder="slips.pdf, or slips.txt"),
    ]
    return FormOverlay(f"Papers of {which}", fields, _paper_asked, verb="makes them")


def _paper_asked(shop: Shop, values: dict[str, str]) -> tuple[str, Path]:
    return values["kind"], writable_file(values["file"])


def writable_file(typed: str) -> Path:
    """Return the file that was typed. Raises ``Invalid`` where it is a folder, or lies in none."""
    from data.errors import Invalid

    path = Path(typed.strip()).expanduser()
    if path.is_dir() or not path.parent.is_dir():
        raise Invalid({"file": "is a folder" if path.is_dir() else f"there is no folder {path.parent}"})
    return path


def _run(shop: Shop, command: Command, key: str) -> Any:
    return shop.door.run(command, shop.actor, key=key).result
