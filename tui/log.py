"""The program's log: a file in the home folder, never the terminal; a full disk must not stop the program."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

from data.ids import ALPHABET

NAME = "storekeeper.log"
_MAX_BYTES = 2_000_000


def open_log(home: Path, level: str) -> Path | None:
    """Send the log to ``home/storekeeper.log`` (two files of 2 MB). Return its path, ``None`` if that fails."""
    from logging.handlers import RotatingFileHandler

    file = home / NAME
    logging.raiseExceptions = False
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = RotatingFileHandler(file, maxBytes=_MAX_BYTES, backupCount=1, encoding="utf-8", errors="replace")
    except OSError:
        logging.getLogger().addHandler(logging.NullHandler())
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    return file


def log_problem(error: BaseException, doing: str) -> str:
    """Write ``error`` with its traceback to the log and return the reference it can be found by (``E-7K2M9Q``)."""
    reference = "E-" + "".join(secrets.choice(ALPHABET) for _ in range(6))
    logging.getLogger("tui").error("%s while %s", reference, doing or "running", exc_info=error)
    return reference
