"""The form that keeps a list's query under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from data.ids import new_id
from screens.forms.overlay import FormOverlay
from widgets.field import Field, Option, SelectField

if TYPE_CHECKING:
    from data.shop import Shop

MINE, SHARED = "mine", "shared"


def view_form(noun: str, query: str, columns: tuple[str, ...], *, may_share: bool = False) -> FormOverlay:
    """Return the form that saves ``query`` and ``columns`` of the list ``noun``; it answers with the ``ViewSaved``."""
    key = str(new_id())
    fields = [
        Field("called", "Name", required=True, placeholder="what the view is for"),
        Field("key", "Key", check=_digit, placeholder="1 to 9, or none"),
    ]
    if may_share:
        whose = [Option(MINE, "only me"), Option(SHARED, "everybody")]
        fields.append(SelectField("shared", "For", whose, value=MINE))

    def save(shop: Shop, values: dict[str, str]) -> Any:
        from data.views.messages import SaveView

        command = SaveView(
            noun=noun,
            called=" ".join(values["called"].split()),
            query=query,
            columns=columns,
            key=int(values["key"]) if values["key"].strip() else None,
            shared=values.get("shared") == SHARED,
        )
        return shop.door.run(command, shop.actor, key=key).result

    return FormOverlay(f"Save the view: {query or 'everything'}", fields, save)


def _digit(text: str) -> str:
    return "" if text.strip() in ("", *"123456789") else "is a digit from 1 to 9"
