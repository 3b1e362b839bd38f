"""``storekeeper`` without arguments: the terminal program."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from data.memory import calm_collector, few_heaps
from data.types import ReportProgress

if TYPE_CHECKING:
    from data.shop import Shop


def run(*, with_demo: bool = False) -> int:
    """Open the terminal program and return its exit code; ``with_demo`` fills a new shop with demo data meanwhile.

    Raises ``Invalid`` for wrong settings or a wrong keymap file.
    """
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    few_heaps(1)
    from data.settings import load_settings
    from tui.app import Shell
    from tui.hangup import watch_terminal
    from tui.keymap import read_keymap
    from tui.log import open_log
    from tui.pasting import take_pastes_whole

    settings = load_settings()
    keymap = read_keymap(settings.keymap) if settings.keymap is not None else None

    def opener(report: ReportProgress) -> Shop:
        from data.shop import open_shop

        return open_shop(settings, report=report)

    log = open_log(settings.home, settings.log_level)
    shell = Shell(settings, opener, keymap=keymap, log=log, with_demo=with_demo)
    watch_terminal()
    take_pastes_whole()
    calm_collector()
    shell.run()
    return shell.return_code or 0
