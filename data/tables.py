"""Writing rows to a file or a pipe, as CSV for spreadsheets or JSON lines for programs: the one way for every export.

Rows are written as they come, so memory does not grow with their number. A file appears under its name when it is
whole; a run that was stopped or failed leaves what was there before.

Stored text is hostile in files too. In CSV it is made inert as on a screen (``data.text.visible``; line ends inside a
cell stay, quoted), and text that a spreadsheet would calculate gets an apostrophe in front, which spreadsheets take as
"this is text" and ``unguarded`` takes off again. Numbers are written as numbers. JSON lines keep every character, those
that a terminal could obey or hide as ``\\u`` escapes. A table that is read in again (products) is written ``exact``:
its CSV keeps every character too, only formulas are guarded. Rejected: leaving formulas to the reader's settings,
because the one who opens the file is not the one who chose the name in it.
"""

from __future__ import annotations

import csv
import io
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import msgspec

from data.errors import Invalid
from data.text import inert_json, visible
from data.types import Progress, ReportProgress

__all__ = ["FORMATS", "Written", "csv_cell", "format_of", "json_line", "unguarded", "write_file", "write_table"]

FORMATS = ("csv", "jsonl")
#: What makes a spreadsheet calculate a cell (OWASP, "CSV Injection"), wide twins included, also behind blanks.
_FORMULA = re.compile(r"^\s*[=+\-@|%＝＋－＠]")
#: a text that reads as a plain number is one, whatever its sign
_NUMBER = re.compile(r"^-?\d+(\.\d+)?$")
_GUARD = "'"
#: What JSON has no kind for (another program may have stored it) is written as its text.
_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=str)
#: rows between two looks at the clock and the person
_REPORTED = 500


@dataclass(frozen=True)
class Written:
    """How many rows were written. ``path`` is ``None`` where they went to a pipe, or nothing was kept."""

    rows: int
    path: str | None
    cancelled: bool = False


def format_of(path: Path | None, asked: str = "") -> str:
    """Return the format ``asked`` for, else the one the file's name says, else ``csv``. Raises ``Invalid``."""
    if asked and asked not in FORMATS:
        raise Invalid({"format": f"{asked!r} is not one of {', '.join(FORMATS)}"})
    if asked:
        return asked
    return "jsonl" if path is not None and path.suffix.lower() in (".jsonl", ".ndjson") else "csv"


def write_table(
    names: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    format: str = "",
    path: Path | None = None,
    stream: IO[bytes] | None = None,
    report: ReportProgress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    total: int = 0,
    exact: bool = False,
) -> Written:
    """Write ``rows``, whose cells are in the order of ``names``, to ``path``, or to ``stream`` (standard output).

    ``format`` is one of ``FORMATS``, by default what the file's name says, else CSV. ``exact`` keeps control characters
    in CSV, for a file that comes back in; never for a terminal. ``report`` hears the rows written of about ``total``
    (0: unknown). ``cancelled`` is asked for every row; then a file is not kept, and a stream ends after a whole row.
    Raises ``Invalid`` (the format, a file that cannot be written) and what ``rows`` raises.
    """
    line = _JsonLines(names) if format_of(path, format) == "jsonl" else _Csv(names, exact=exact)
    count, stopped = 0, False

    def lines() -> Iterator[bytes]:
        nonlocal count, stopped
        yield line.heading()
        for row in rows:
            stopped = cancelled()
            if stopped:
                return
            yield line.of(row)
            count += 1
            if report is not None and count % _REPORTED == 0:
                done, whole = (count, max(total, count)) if total else (0, 0)
                report(Progress(done, whole, f"{count:,} rows"))

    if path is None:
        out = stream if stream is not None else sys.stdout.buffer
        out.writelines(lines())
        out.flush()
    else:
        write_file(path, lines(), keep=lambda: not stopped)
    if report is not None:
        report(Progress(count, count, f"{count:,} rows"))
    return Written(count, str(path) if path is not None and not stopped else None, stopped)


def write_file(path: Path, chunks: Iterable[bytes], *, keep: Callable[[], bool] = lambda: True) -> None:
    """Write ``chunks`` beside ``path`` and give them its name when they are whole and ``keep()`` says so.

    The file is readable by its owner only: it holds customers. Raises ``Invalid`` where it cannot be written.
    """
    with _refused(path):
        half = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            for chunk in chunks:
                with _refused(path):
                    out.write(chunk)
            with _refused(path):
                out.flush()
                os.fsync(out.fileno())
        if keep():
            with _refused(path):
                half.replace(path)
    finally:
        half.unlink(missing_ok=True)


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Invalid({"file": f"{path} cannot be written: {error.strerror or error}"}) from error


class _Csv:
    """Lines of RFC 4180 with a heading; UTF-8 with a mark, without which spreadsheets guess another encoding."""

    def __init__(self, names: Sequence[str], *, exact: bool) -> None:
        self._names = names
        self._exact = exact

    def heading(self) -> bytes:
        return b"\xef\xbb\xbf" + self.of(self._names)

    def of(self, row: Sequence[object]) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerow([csv_cell(value, exact=self._exact) for value in row])
        return text.getvalue().encode("utf-8", "replace")


class _JsonLines:
    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def heading(self) -> bytes:
        return b""

    def of(self, row: Sequence[object]) -> bytes:
        return json_line(dict(zip(self._names, row, strict=True)))


def csv_cell(value: object, *, exact: bool = False) -> str:
    """Return ``value`` as a CSV cell, never a formula. Times are UTC, lists and records JSON, none is empty.

    It is inert on a terminal, unless ``exact`` asks for every character as it is.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case float():
            return repr(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case str():
            return _guarded(value, exact=exact)
        case list() | tuple() | dict() | Mapping():
            return _guarded(msgspec.json.encode(_whole(value), enc_hook=str).decode(), exact=exact)
        case _:
            return _guarded(str(value), exact=exact)


def _guarded(text: str, *, exact: bool) -> str:
    inert = text if exact else "\n".join(visible(part) for part in text.replace("\r\n", "\n").split("\n"))
    if _NUMBER.match(inert) or not (_FORMULA.match(inert) or inert.startswith(_GUARD)):
        return inert
    return _GUARD + inert


def unguarded(cell: str) -> str:
    """Return the text that ``csv_cell`` put a guard in front of; any other cell as it is."""
    if cell.startswith(_GUARD) and (_FORMULA.match(cell[1:]) or cell.startswith(_GUARD * 2)):
        return cell[1:]
    return cell


def json_line(document: object) -> bytes:
    """Return ``document`` as one line of JSON that no terminal obeys and every parser reads as it was."""
    return inert_json(_ENCODER.encode(_whole(document)).decode()).encode() + b"\n"


def _whole(value: Any) -> Any:
    """Return ``value`` with half characters, which no UTF-8 can hold, replaced; stores hold none, other sources may."""
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-8", "replace").decode()
        case Mapping():
            return {str(name): _whole(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_whole(inner) for inner in value]
        case _:
            return value
