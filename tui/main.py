"""``storekeeper`` without arguments."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from data.types import ReportProgress

if TYPE_CHECKING:
    from data.shop import Shop


def run() -> int:
    """Open the terminal program and return its exit code."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    from data.settings import load_settings
    from tui.app import Shell

    settings = load_settings()

    def opener(report: ReportProgress) -> Shop:
        from data.shop import open_shop

        return open_shop(settings, report=report)

    shell = Shell(settings, opener)
    shell.run()
    return shell.return_code or 0
