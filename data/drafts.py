"""Drafts: what somebody has typed and not yet saved, kept in a file so that a dropped line loses nothing.

One JSON file per form and person under ``<home>/drafts``, written to a neighbour and renamed, readable by its owner
only. Rejected: Redis alone, which may be the very store that is away while somebody types.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from data.structs import decode

__all__ = ["clear_draft", "list_drafts", "load_draft", "save_draft"]


def _path(home: Path, form: str, owner: str) -> Path:
    return home / "drafts" / f"{_safe(form)}-{_safe(owner)}.json"


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9@._-]", "_", text)


def save_draft(home: Path, form: str, owner: str, content: dict[str, Any]) -> None:
    """Keep ``content`` (JSON-ready) as ``owner``'s draft of ``form``. Raises ``OSError`` where it can't be written."""
    path = _path(home, form, owner)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(content))
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def load_draft(home: Path, form: str, owner: str) -> dict[str, Any] | None:
    """Return the kept draft, ``None`` where there is none or it can't be read."""
    try:
        return decode(_path(home, form, owner).read_bytes(), dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return None


def clear_draft(home: Path, form: str, owner: str) -> None:
    """Forget the draft: what it held is saved, or was thrown away on purpose."""
    _path(home, form, owner).unlink(missing_ok=True)


def list_drafts(home: Path, family: str, owner: str) -> list[dict[str, Any]]:
    """Return what ``owner`` keeps under forms whose name begins with ``family``, newest first; unreadable ones not."""
    paths = (home / "drafts").glob(f"{_safe(family)}*-{glob.escape(_safe(owner))}.json")
    kept: list[tuple[float, dict[str, Any]]] = []
    for path in paths:
        with contextlib.suppress(OSError, msgspec.DecodeError):
            kept.append((path.stat().st_mtime, decode(path.read_bytes(), dict[str, Any])))
    return [content for _, content in sorted(kept, key=lambda one: one[0], reverse=True)]
