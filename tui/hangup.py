"""The terminal went away: leave, as every program does that is told by SIGHUP.

A terminal that is killed does not always send SIGHUP (a shell or ``make`` in between may take it), and Textual's input
thread then reads the end of the file for ever at full speed. So a thread waits for the hang-up itself; it costs nothing
until then. What was typed is in its draft already.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading


def watch_terminal() -> None:
    """Begin to watch standard input for a hang-up; no more than once per process is needed."""
    poll = select.poll()
    poll.register(sys.stdin.fileno(), 0)  # a hang-up is told unasked, input is not

    def wait() -> None:
        poll.poll()
        os._exit(128 + signal.SIGHUP)  # not by the signal: under nohup it would be ignored, and there is nobody to ask

    threading.Thread(target=wait, name="hang-up", daemon=True).start()
