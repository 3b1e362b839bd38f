"""What may be asked of views: save one, remove one. Handlers: ``data.views.commands``."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import msgspec

from data.command import Command

__all__ = ["RemoveView", "SaveView", "ViewRemoved", "ViewSaved"]


class ViewSaved(msgspec.Struct, frozen=True, kw_only=True):
    """The view after saving; ``created`` is false where one of that name was replaced."""

    view_id: UUID
    noun: str
    name: str
    shared: bool
    key: int | None
    created: bool
    version: int


class SaveView(Command, frozen=True, kw_only=True):
    """Keep a list's query under ``name``, for oneself or, ``shared``, for all; one of that name is replaced.

    ``noun`` is the list (``data.views.rules.NOUNS``); ``columns`` are the names of the columns to show, in order, none
    for the list's own; ``key`` is the digit it stands on. Raises ``Invalid`` (also for a key that another view of the
    same owner stands on, and a query of orders that cannot be read) and ``Denied`` for sharing without ``views.share``.
    """

    name: ClassVar[str] = "views.save"
    permission: ClassVar[str] = "views.save"
    result: ClassVar[type] = ViewSaved
    handled_in: ClassVar[str] = "data.views.commands"

    noun: str
    called: str
    query: str = ""
    columns: tuple[str, ...] = ()
    sort: str = ""
    key: int | None = None
    shared: bool = False


class ViewRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """The view that is gone."""

    view_id: UUID
    noun: str
    name: str


class RemoveView(Command, frozen=True, kw_only=True):
    """Remove one's own view, or a shared one with ``views.share``. Raises ``NotFound`` and ``Denied``."""

    name: ClassVar[str] = "views.remove"
    permission: ClassVar[str] = "views.save"
    result: ClassVar[type] = ViewRemoved
    handled_in: ClassVar[str] = "data.views.commands"

    view_id: UUID
