"""The form for one attribute in the editor: name, kind and value, with what the category's products use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from screens.catalog.attribute_draft import KINDS, Draft, guess, kind_of, read, spell
from screens.forms.overlay import FormOverlay
from widgets.field import Field, Option, SelectField
from widgets.suggest import SuggestField

if TYPE_CHECKING:
    from data.catalog.types import AttributeUse
    from data.shop import Shop

_AUTO = "as it looks"


def attribute_form(draft: Draft, at: int | None, used: Sequence[AttributeUse], sku: str) -> FormOverlay:
    """Return the form for the entry ``at`` of ``draft`` (``None``: a new one). Dismisses with (name, value)."""
    entry = draft.entries[at] if at is not None else None
    by_name = {use.name: use for use in used}
    present = {kept.name for kept in draft.entries if kept is not entry and not kept.removed}

    def names(typed: str) -> list[str]:
        return [use.name for use in used if typed.casefold() in use.name.casefold() and use.name not in present]

    name_field = SuggestField("name", "Name", names, value=entry.name if entry else "", required=True)

    def values(typed: str) -> list[str]:
        use = by_name.get(name_field.value)
        return [value for value in use.values if typed.casefold() in value.casefold()] if use else []

    value_field = SuggestField("value", "Value", values, value=spell(entry.value) if entry else "")
    kinds = [*([] if entry else [Option(_AUTO, _AUTO)]), *(Option(kind, kind) for kind in KINDS)]
    kind_field = SelectField("kind", "Kind", kinds, value=kind_of(entry.value) if entry else _AUTO)
    fields: list[Field] = [name_field, kind_field, value_field]
    if entry:
        fields = [value_field, kind_field, name_field]  # most come for the value

    def save(shop: Shop, typed: dict[str, str]) -> tuple[str, Any]:
        return _checked(draft, at, typed)

    form = FormOverlay(f"{sku}: {entry.name if entry else 'new attribute'}", fields, save, verb="keeps it")
    form.on_edit = lambda: value_field.suggest()
    return form


def _checked(draft: Draft, at: int | None, typed: dict[str, str]) -> tuple[str, Any]:
    """Return name and value as typed. Raises ``Invalid`` naming the field that no document could hold."""
    from data.catalog.fields import check_attribute, check_attribute_name
    from data.errors import Invalid

    kind = typed["kind"] if typed["kind"] in KINDS else guess(typed["value"])
    taken = [entry.name for place, entry in enumerate(draft.entries) if place != at and not entry.removed]
    try:
        name = check_attribute_name(typed["name"])
    except ValueError as reason:
        raise Invalid({"name": str(reason)}) from None
    if name in taken:
        raise Invalid({"name": "is there already"})
    try:
        return name, check_attribute(read(kind, typed["value"]))
    except ValueError as reason:
        raise Invalid({"value": str(reason)}) from None
