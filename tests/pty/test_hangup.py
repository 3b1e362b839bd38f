"""A terminal that goes away takes the program along, also where SIGHUP is ignored."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess

from data.settings import Settings
from data.shop import Shop
from tests.pty.test_program import COMMAND

from .conftest import ROOT


def test_the_program_leaves_with_its_terminal(settings: Settings, shop: Shop) -> None:
    master, slave = pty.openpty()
    program = subprocess.Popen(
        COMMAND, stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, start_new_session=True,
        env={**os.environ, **settings.to_environ(), "TERM": "xterm-256color"},
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    os.close(slave)
    try:
        painted = b""
        while b"Storekeeper" not in painted:
            assert select.select([master], [], [], 30)[0], painted
            painted += os.read(master, 65536)
        os.close(master)
        assert program.wait(20) == 128 + signal.SIGHUP
    finally:
        program.kill()
        program.wait()
