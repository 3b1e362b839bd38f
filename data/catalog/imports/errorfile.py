"""The files an import leaves: the refused rows, and what a dry run finds; one JSON line each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import msgspec

from data.catalog.changes import Change
from data.catalog.imports.files import RawRow
from data.catalog.telling import told
from data.errors import Invalid

#: How many reasons a report shows without the file.
_SHOWN = 10
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode


class _LinesFile(AbstractContextManager["_LinesFile"]):
    """A file of JSON lines that is made with its first line.

    The file of an earlier run is replaced, also by none: what stands there is always the last run's. Raises ``Invalid``
    where the file cannot be written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stream: IO[bytes] | None = None
        if path is not None:
            self._try(lambda: path.unlink(missing_ok=True))

    @property
    def written_to(self) -> str | None:
        """The file's path where at least one line was written to it."""
        return str(self._path) if self._stream is not None else None

    def write(self, line: dict[str, Any]) -> None:
        """Write one line, where there is a file."""
        if self._path is not None:
            self._try(lambda: self._opened().write(_encode(line) + b"\n"))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()

    def _opened(self) -> IO[bytes]:
        if self._stream is None:
            assert self._path is not None
            self._stream = self._path.open("wb")
        return self._stream

    def _try(self, write: Callable[[], object]) -> None:
        try:
            write()
        except OSError as error:
            raise Invalid({"errors": f"{self._path} cannot be written: {error.strerror}"}) from error


class ErrorFile(_LinesFile):
    """Counts refused rows and writes them to a file (if any): ``{"file", "line", "reason", "row"}``.

    ``row`` is the row's object, or its text where it could not be read.
    """

    def __init__(self, path: Path | None) -> None:
        super().__init__(path)
        self.count = 0
        self.first: tuple[str, ...] = ()

    def __enter__(self) -> ErrorFile:
        """Return itself."""
        return self

    def add(self, raw: RawRow, reason: str) -> None:
        """Count one refused row and write it down."""
        self.count += 1
        if len(self.first) < _SHOWN:
            self.first = (*self.first, f"{raw.source.name}:{raw.line}: {reason}")
        self.write({"file": raw.source.name, "line": raw.line, "reason": reason, "row": raw.raw or raw.fields})


class DiffFile(_LinesFile):
    """Writes what a dry run finds: ``{"sku", "action", "changes": {path: [before, after]}}``; remembers the first."""

    def __init__(self, path: Path | None) -> None:
        super().__init__(path)
        self.first: tuple[tuple[str, str], ...] = ()

    def __enter__(self) -> DiffFile:
        """Return itself."""
        return self

    def add(self, sku: str, action: str, change: Change) -> None:
        """Write down what would become of one product."""
        if len(self.first) < _SHOWN:
            self.first = (*self.first, (sku, told(change) if action == "updated" else action))
        changes = {path: [change.before.get(path), change.sets.get(path)] for path in change.paths}
        self.write({"sku": sku, "action": action, "changes": changes})
