"""Reading what is to be imported: JSON lines and CSV, a folder of them, a zip of them; one row at a time.

Files are read as a stream and never unpacked to disk, so memory does not grow with their size. A row longer than 1 MB
is refused and skipped without being held. Names inside a zip are labels, never paths.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Any

import msgspec

from data.errors import Invalid, NotFound
from data.structs import decoder
from data.tables import unguarded

MAX_ROW_BYTES = 1_000_000
_JSON_SUFFIXES = {".jsonl", ".ndjson"}
_CSV_SUFFIXES = {".csv", ".tsv"}
_DELIMITERS = ",;\t|"
#: A line of an error file: what refused a row, and the row.
REFUSED_KEYS = {"file", "line", "reason", "row"}
_ALL_ATTRIBUTES = "attributes"
#: What is longer is no field's name.
_LONGEST_NAME = 100
_decode_json = decoder(Any).decode


@dataclass(frozen=True)
class Source:
    """One file to read, of ``size`` bytes. ``name`` is for reports, ``table`` is it without folder and ending."""

    name: str
    table: str
    size: int
    path: Path
    member: str = ""

    @cached_property
    def is_csv(self) -> bool:
        """Whether it is read as CSV, else as JSON lines."""
        return PurePosixPath(self.name).suffix.lower() in _CSV_SUFFIXES


@dataclass(frozen=True)
class RawRow:
    """One row as it was read: its fields by name, or why it could not be read. ``line`` counts from 1, headings too.

    ``end`` is how many bytes of the file were read up to here; in CSV every value is text.
    """

    source: Source
    line: int
    fields: dict[str, Any]
    reason: str = ""
    raw: str = ""
    end: int = 0


def find_sources(paths: Sequence[Path]) -> tuple[Source, ...]:
    """Return every JSONL and CSV file that ``paths`` name, in a stable order: files, folders (whole tree), zips.

    Raises ``NotFound`` for a path that is not there and ``Invalid`` where a path holds nothing to import.
    """
    found: list[Source] = []
    for path in paths:
        if not path.exists():
            raise NotFound("file", str(path))
        files = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
        here = [source for file in files for source in _sources_in(file, path)]
        if not here:
            raise Invalid({"files": f"{path} holds no .jsonl, .ndjson, .csv or .tsv file"})
        found += here
    return tuple(found)


def read_rows(source: Source) -> Iterator[RawRow]:
    """Yield every row of ``source``; a row that cannot be read comes with its ``reason`` and stops nothing.

    Raises ``Invalid`` where the file as a whole cannot be read (a damaged or encrypted zip, no column names).
    """
    try:
        with _opened(source) as stream:
            yield from _csv_rows(source, stream) if source.is_csv else _json_rows(source, stream)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise Invalid({source.name: f"cannot be read: {error}"}) from error
    except OSError as error:
        raise Invalid({source.name: f"cannot be read: {error.strerror or error}"}) from error


def _sources_in(file: Path, root: Path) -> Iterator[Source]:
    suffix = file.suffix.lower()
    if suffix in _JSON_SUFFIXES | _CSV_SUFFIXES:
        name = str(file.relative_to(root)) if file != root else file.name
        yield Source(name, file.stem, file.stat().st_size, file)
    elif suffix == ".zip":
        try:
            with zipfile.ZipFile(file) as archive:
                members = sorted(archive.infolist(), key=lambda member: member.filename)
        except (zipfile.BadZipFile, OSError) as error:
            raise Invalid({str(file): f"is not a zip file that can be read: {error}"}) from error
        for member in members:
            label = PurePosixPath(member.filename)
            hidden = label.name.startswith(".") or "__MACOSX" in label.parts
            if label.suffix.lower() in _JSON_SUFFIXES | _CSV_SUFFIXES and not member.is_dir() and not hidden:
                yield Source(f"{file.name}/{label}", label.stem, member.file_size, file, member.filename)


@contextmanager
def _opened(source: Source) -> Iterator[IO[bytes]]:
    if not source.member:
        with source.path.open("rb") as stream:
            yield stream
        return
    with zipfile.ZipFile(source.path) as archive, archive.open(source.member) as stream:
        yield stream


def _lines(stream: IO[bytes]) -> Iterator[tuple[bytes, int, bool]]:
    """Yield each line with the bytes read so far and whether it was cut for being too long."""
    end = 0
    while line := stream.readline(MAX_ROW_BYTES + 1):
        end += len(line)
        cut = len(line) > MAX_ROW_BYTES and not line.endswith(b"\n")
        if cut:
            while more := stream.readline(MAX_ROW_BYTES):
                end += len(more)
                if more.endswith(b"\n"):
                    break
        yield line, end, cut


def _json_rows(source: Source, stream: IO[bytes]) -> Iterator[RawRow]:
    for number, (line, end, cut) in enumerate(_lines(stream), start=1):
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if not text:
            continue
        fields, reason = ({}, _too_long(text)) if cut else _object(text)
        raw = text[:2_000].decode("utf-8", "replace") if reason else ""
        row = RawRow(source, number, fields, reason, raw, end)
        yield _refused_before(row) if fields.keys() == REFUSED_KEYS else row


def _too_long(begun: bytes) -> str:
    """Return why a row is refused of which only the beginning is kept, with the field that it was cut in."""
    colon = begun.rfind(b'":')
    while colon > 0 and begun[colon - 1 : colon] == b"\\":  # a quote inside the text
        colon = begun.rfind(b'":', 0, colon)
    name = begun[begun.rfind(b'"', 0, max(colon, 0)) + 1 : max(colon, 0)].decode("utf-8", "replace")
    return f"is longer than {MAX_ROW_BYTES:,} bytes" + (f", cut in {name}" if 0 < len(name) <= _LONGEST_NAME else "")


def _refused_before(wrapped: RawRow) -> RawRow:
    """Return the row inside a line of an error file, as if it came from its own file: so it is mapped as it was."""
    name, line, row = (wrapped.fields[key] for key in ("file", "line", "row"))
    source = replace(wrapped.source, name=str(name), table=PurePosixPath(str(name)).stem)
    number = line if isinstance(line, int) else wrapped.line
    if not isinstance(row, dict):
        return RawRow(source, number, {}, "could not be read then: put an object in its place", str(row), wrapped.end)
    return RawRow(source, number, row, end=wrapped.end)


def _object(text: bytes) -> tuple[dict[str, Any], str]:
    try:
        fields = _decode_json(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return {}, f"is not JSON: {error}"
    if not isinstance(fields, dict):
        return {}, "is not a JSON object"
    return fields, ""


class _TextLines:
    """Lines of text for the csv module, which remember how far they are and whether one since ``ask`` was unfit."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._lines = _lines(stream)
        self._reason = ""
        self.end = 0

    def __iter__(self) -> Iterator[str]:
        for line, end, cut in self._lines:
            self.end = end
            if cut:
                self._reason = f"is longer than {MAX_ROW_BYTES:,} bytes"
            try:
                yield line.decode()
            except UnicodeDecodeError:
                self._reason = "is not UTF-8 text; save the file as UTF-8"
                yield line.decode("utf-8", "replace")

    def ask(self) -> str:
        """Return why the lines read since the last call are unfit, ``""`` where they are not."""
        reason, self._reason = self._reason, ""
        return reason


def _csv_rows(source: Source, stream: IO[bytes]) -> Iterator[RawRow]:
    text = _TextLines(stream)
    lines = iter(text)
    heading = next(lines, "").removeprefix("\ufeff")
    delimiter = max(_DELIMITERS, key=heading.count)
    names = [name.strip() for name in next(csv.reader([heading], delimiter=delimiter), [])]
    _refuse_names(source, names, text.ask())
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        line = rows.line_num + 2
        try:
            values = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield RawRow(source, line, {}, text.ask() or f"is not CSV: {error}", end=text.end)
            continue
        if any(values):
            yield _csv_row(source, line, names, values, text)


def _refuse_names(source: Source, names: list[str], reason: str) -> None:
    repeated = [name for name in names if name and names.count(name) > 1]
    if not any(names):
        reason = "has no column names in its first line"
    elif repeated:
        reason = f"has the column {repeated[0]!r} twice"
    if reason:
        raise Invalid({source.name: reason})


def _csv_row(source: Source, line: int, names: list[str], values: list[str], text: _TextLines) -> RawRow:
    fields: dict[str, Any] = {name: unguarded(value) for name, value in zip(names, values, strict=False) if name}
    reason = text.ask()
    if str(fields.get(_ALL_ATTRIBUTES, "")).startswith("{"):  # as an export writes them, values with their kinds
        fields[_ALL_ATTRIBUTES], wrong = _object(fields[_ALL_ATTRIBUTES].encode())
        reason = reason or wrong
    if len(values) > len(names):
        reason = f"has {len(values)} cells under {len(names)} column names"
    return RawRow(source, line, fields, reason, str(values)[:2_000] if reason else "", text.end)
