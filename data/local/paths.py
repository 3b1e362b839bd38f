"""Where the local engines keep their data, their sockets and their logs, and the URLs that lead to them.

One folder per shop, ``Settings.home``, mode 0700. A unix socket's path must fit in 107 bytes, and MongoDB reads commas
and colons in it; where ``<home>/run`` will not do, the sockets live in ``/tmp/storekeeper-<uid>-<hash of home>``
instead, a folder that is refused unless it is ours, mode 0700. Rejected: ``$XDG_RUNTIME_DIR`` for that, because a cron
job and a login of one user do not see the same one.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

from data.errors import Unavailable
from data.settings import Settings

__all__ = ["DATABASE", "HOST", "Layout", "local_url", "store_url"]

#: the database's name in every local engine, and the role that owns it in PostgreSQL
DATABASE = "storekeeper"
#: how errors call the local host where a store's name would stand
HOST = "local host"
#: ``sun_path`` holds 108 bytes with its NUL; the longest name below the folder is ``/postgresql/.s.PGSQL.5432.lock``
_LONGEST_FOLDER = 107 - 31
_PLAIN_PATH = re.compile(r"[\w/.+@~-]+", re.ASCII)


@dataclass(frozen=True)
class Layout:
    """The folders below one home. Makes nothing by itself; :meth:`make` does."""

    home: Path

    @property
    def run(self) -> Path:
        """The folder of the sockets."""
        run = self.home / "run"
        if len(os.fsencode(run)) <= _LONGEST_FOLDER and _PLAIN_PATH.fullmatch(str(run)):
            return run
        return Path(f"/tmp/storekeeper-{os.geteuid()}-{self.digest}")

    @property
    def digest(self) -> str:
        """A short name for this home, unlike that of any other."""
        return hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]

    @property
    def logs(self) -> Path:
        """The folder of the host's and the engines' logs."""
        return self.home / "log"

    @property
    def lock(self) -> Path:
        """The file the living host holds locked."""
        return self.home / "host.lock"

    @property
    def control(self) -> Path:
        """The host's control socket."""
        return self.run / "host.sock"

    def data(self, store: str) -> Path:
        """Return the data folder of the local engine of ``store``."""
        return self.home / store

    def socket(self, store: str) -> Path:
        """Return the socket on which the local engine of ``store`` listens; for PostgreSQL the folder it is in."""
        return self.run / ("postgresql" if store == "postgresql" else f"{store}.sock")

    def make(self) -> None:
        """Make the folders, mode 0700. Raises ``Unavailable`` where one belongs to somebody else or cannot be made."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.home, self.run, self.logs):
                if folder is not self.home:
                    folder.mkdir(mode=0o700, exist_ok=True)
                _check_ours(folder)
        except OSError as error:
            raise Unavailable(HOST, f"cannot use {error.filename or self.home}: {error.strerror}") from None


def _check_ours(folder: Path) -> None:
    found = folder.lstat()
    if folder.parent == Path("/tmp") and stat.S_ISLNK(found.st_mode):
        raise Unavailable(HOST, f"{folder} is a link that somebody put there; remove it")
    found = folder.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise Unavailable(HOST, f"{folder} is not a folder; move it away or set STOREKEEPER_HOME")
    if found.st_uid != os.geteuid():
        raise Unavailable(
            HOST,
            f"{folder} belongs to user {found.st_uid}; run as that user or set STOREKEEPER_HOME to a folder of yours",
        )
    if found.st_mode & (stat.S_ISVTX | stat.S_IWOTH) or str(folder) == os.path.expanduser("~"):
        raise Unavailable(HOST, f"{folder} is shared with other things; set STOREKEEPER_HOME to a folder of its own")
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)


def local_url(layout: Layout, store: str) -> str:
    """Return the URL by which any client of this user reaches the local engine of ``store``."""
    match store:
        case "postgresql":
            return f"postgresql:///{DATABASE}?host={quote(str(layout.socket(store)))}&user={DATABASE}"
        case "mongodb":
            return f"mongodb://{quote_plus(str(layout.socket(store)))}/{DATABASE}?directConnection=true"
        case "redis":
            return f"unix://{quote(str(layout.socket(store)))}?db=0"
        case "clickhouse":
            return f"chdb://{quote(str(layout.socket(store)))}"
        case "search":
            return f"tantivy://{quote(str(layout.data(store)))}"
    raise ValueError(f"no store {store!r}")


def store_url(settings: Settings, store: str) -> str:
    """Return the URL of ``store``: the configured one, or that of the local engine."""
    return settings.url(store) or local_url(Layout(settings.home), store)
