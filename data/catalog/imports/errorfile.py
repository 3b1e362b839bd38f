"""The file of refused rows: one JSON line each, made when the first row is refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec

from data.catalog.imports.files import RawRow
from data.errors import Invalid

#: How many reasons a report shows without the file.
_SHOWN = 10


class ErrorFile(AbstractContextManager["ErrorFile"]):
    """Counts refused rows and writes them to ``path`` (if any): ``{"file", "line", "reason", "row"}``.

    ``row`` is the row's object, or its text where it could not be read. The file of an earlier run is replaced, also by
    none: what stands there is always the last run's. Raises ``Invalid`` where the file cannot be written.
    """

    def __init__(self, path: Path | None) -> None:
        self.count = 0
        self.first: tuple[str, ...] = ()
        self._path = path
        self._stream: IO[bytes] | None = None
        if path is not None:
            self._try(lambda: path.unlink(missing_ok=True))

    @property
    def written_to(self) -> str | None:
        """The file's path where at least one row was written to it."""
        return str(self._path) if self._stream is not None else None

    def add(self, raw: RawRow, reason: str) -> None:
        """Count one refused row and write it down."""
        self.count += 1
        if len(self.first) < _SHOWN:
            self.first = (*self.first, f"{raw.source.name}:{raw.line}: {reason}")
        if self._path is None:
            return
        line = {"file": raw.source.name, "line": raw.line, "reason": reason, "row": raw.raw or raw.fields}
        self._try(lambda: self._opened().write(msgspec.json.encode(line) + b"\n"))

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
