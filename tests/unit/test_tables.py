"""Exports: whole files or none, formulas and control characters inert, JSON lines exact."""

from __future__ import annotations

import csv
import io
import json
import stat
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from data.errors import Invalid
from data.tables import csv_cell, format_of, unguarded, write_table
from tests.hostile import HOSTILE, STORABLE

FORMULAS = ("=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\n=1", " =1", "＝1+1", "|x", "%0A=1")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_text(text: str) -> None:
    cell = csv_cell(text)
    assert cell.startswith("'")
    assert unguarded(cell) == text


def test_a_formula_behind_a_control_character_is_no_formula_any_more() -> None:
    assert [csv_cell("\t=1"), csv_cell("\r=1")] == ["␉=1", "␍=1"]


@pytest.mark.parametrize(
    ("value", "cell"), [(Decimal("-1.50"), "-1.50"), (-3, "-3"), ("-3.5", "-3.5"), (None, ""), (True, "true")]
)
def test_numbers_stay_numbers(value: object, cell: str) -> None:
    assert csv_cell(value) == cell


@pytest.mark.parametrize("text", ["O'Neil", "'quoted", "''=1", "=1", "plain", "Björk", "a\nb"])
def test_the_guard_comes_off_again(text: str) -> None:
    assert unguarded(csv_cell(text)) == text


def test_hostile_text_is_inert_in_csv_and_whole_in_json(tmp_path: Path) -> None:
    for format in ("csv", "jsonl"):
        write_table(("text", "n"), [(text, 1) for text in HOSTILE], path=tmp_path / f"x.{format}")
    raw = (tmp_path / "x.csv").read_bytes()
    text = raw.decode("utf-8-sig")
    assert not [letter for letter in text if (ord(letter) < 32 and letter not in "\r\n") or 0x7F <= ord(letter) < 0xA0]
    assert not set("\u202e\u2066\u200b\u061c") & set(text)
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == len(HOSTILE) + 1
    assert all(len(row) == 2 and not row[0].lstrip().startswith(("=", "+", "@")) for row in rows)
    lines = (tmp_path / "x.jsonl").read_bytes()
    assert b"\x1b" not in lines
    assert b"\xe2\x80\xae" not in lines
    read = [json.loads(line)["text"] for line in lines.splitlines()]
    assert [text for text in read if text in STORABLE] == list(STORABLE)


def test_a_stopped_or_failed_export_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("yesterday")
    done = write_table(("n",), ((n,) for n in range(10)), path=path, cancelled=iter([False] * 3 + [True]).__next__)
    assert (done.rows, done.cancelled, done.path) == (3, True, None)

    def broken() -> Iterator[tuple[int]]:
        yield (1,)
        raise Invalid({"x": "y"})

    with pytest.raises(Invalid):
        write_table(("n",), broken(), path=path)
    assert [file.name for file in tmp_path.iterdir()] == ["orders.csv"]
    assert path.read_text() == "yesterday"


def test_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    write_table(("n",), [(1,)], path=tmp_path / "a.csv")
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be written"):
        write_table(("n",), [(1,)], path=tmp_path / "nowhere" / "a.csv")


def test_the_format_is_asked_for_or_the_names(tmp_path: Path) -> None:
    assert [format_of(Path("a.jsonl")), format_of(Path("a.csv"), "jsonl"), format_of(None)] == ["jsonl", "jsonl", "csv"]
    with pytest.raises(Invalid):
        format_of(None, "xlsx")


def test_a_stream_gets_rows_as_they_come() -> None:
    out, seen = io.BytesIO(), []

    def rows() -> Iterator[tuple[int]]:
        for n in range(3):
            seen.append(out.getvalue().count(b"\n"))
            yield (n,)

    write_table(("n",), rows(), stream=out, format="jsonl")
    assert seen == [0, 1, 2]
