"""The form that says which file is to be imported, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from screens.forms.overlay import FormOverlay
from widgets.field import Field

if TYPE_CHECKING:
    from data.shop import Shop


@dataclass(frozen=True)
class ImportPlan:
    """Which file, how it is read, where its refused rows go."""

    path: Path
    mapping: Path | None
    errors: Path


def import_form(before: ImportPlan | None = None) -> FormOverlay:
    """Return the form; it begins with what was typed ``before``. Dismisses with an ``ImportPlan``."""
    path = str(before.path) if before else ""
    mapping = str(before.mapping) if before and before.mapping else ""
    fields = [
        Field("path", "File", value=path, required=True, placeholder=".csv .jsonl .zip, or a folder of them"),
        Field("mapping", "Mapping", value=mapping, placeholder="a .toml, where the columns have other names"),
        Field("errors", "Refused rows", placeholder="left empty: FILE.errors.jsonl beside it"),
    ]
    return FormOverlay("Import products", fields, _checked, verb="tries it")


def _checked(shop: Shop, values: dict[str, str]) -> ImportPlan:
    """Return the plan. Raises ``Invalid`` by field."""
    from data.catalog.imports import load_mapping
    from data.errors import Invalid, NotFound

    path = Path(values["path"]).expanduser()
    mapping = Path(values["mapping"]).expanduser() if values["mapping"] else None
    if not path.exists():
        raise Invalid({"path": "is not there"})
    try:
        load_mapping(mapping)
    except (Invalid, NotFound) as error:
        raise Invalid({"mapping": str(error)}) from None
    errors = Path(values["errors"]).expanduser() if values["errors"] else path.with_name(f"{path.stem}.errors.jsonl")
    return ImportPlan(path, mapping, errors)
