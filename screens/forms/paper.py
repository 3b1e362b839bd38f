"""The form that prints or saves a document of an order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from screens.forms.overlay import FormOverlay
from widgets.field import Field, Option, SelectField

if TYPE_CHECKING:
    from data.shop import Shop

_KINDS = (("packing-slip", "packing slip"), ("pick-list", "pick list"), ("invoice", "invoice"))
_FORMATS = (("pdf", "PDF"), ("text", "plain text"))


def paper_form(number: str) -> FormOverlay:
    """Return the form for a document of the order called ``number``. It dismisses with what row 23 says."""
    fields = [
        SelectField("kind", "Document", [Option(*kind) for kind in _KINDS], value="packing-slip", label_width=10),
        SelectField("format", "As", [Option(*format) for format in _FORMATS], value="pdf", label_width=10),
        Field("to", "Save to", placeholder="a folder or file; empty: the printer", label_width=10),
    ]

    def save(shop: Shop, values: dict[str, str]) -> Any:
        from data.documents.make import make_document, print_document, save_document

        made = make_document(shop, [number], values["kind"], format=values["format"])
        if target := values["to"].strip():
            said = f"Saved {save_document(made, Path(target))}"
        else:
            said = f"{made.title} sent to {print_document(shop, made).split()[0]}"
        missing = " ".join(f"U+{ord(letter):04X}" for letter in made.missing)
        return f"{said}; no font has {missing}" if missing else said

    return FormOverlay(f"Print {number}", fields, save, verb="prints or saves")
