"""The form for a note on an order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from screens.forms.kept import KeptForm
from screens.order.kept import Keep
from widgets.field import Field, Option, SelectField

if TYPE_CHECKING:
    from data.notes.messages import NoteAdded
    from data.shop import Shop


def note_form(order_id: UUID, number: str) -> KeptForm:
    """Return the form for a note on the order called ``number``. It dismisses with the door's ``NoteAdded``."""
    kinds = [Option("internal", "internal"), Option("public", "public: on the packing slip")]
    fields = [
        Field("body", "Note", required=True, placeholder="@name tells a colleague", label_width=10),
        SelectField("visibility", "For", kinds, value="internal", label_width=10),
    ]

    def save(shop: Shop, values: dict[str, str], key: str) -> Any:
        from data.notes.messages import AddNote

        command = AddNote(order_id=order_id, body=values["body"], visibility=values["visibility"] or "internal")
        return shop.door.run(command, shop.actor, key=key).result

    return KeptForm(f"Note on {number}", fields, save, verb="notes it", keep=Keep(number, "note", "m"))


def noted(added: NoteAdded) -> tuple[str, str]:
    """Return what row 23 says of the note, and in which tone."""
    told = f", told {', '.join(email.partition('@')[0] for email in added.mentioned)}" if added.mentioned else ""
    if added.unknown:
        return f"Noted{told}; nobody is called {', '.join(f'@{name}' for name in added.unknown)}", "warn"
    return f"Noted{told}", "good"
