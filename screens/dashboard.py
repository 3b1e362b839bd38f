"""Dashboard: the day in one look."""

from __future__ import annotations

from typing import ClassVar

from screens.base import AppScreen


class DashboardScreen(AppScreen):
    """The first screen."""

    NAME = "dashboard"
    TITLE_CRUMBS: ClassVar[tuple[str, ...]] = ("Today",)
