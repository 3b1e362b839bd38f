"""The frame of the twin, without any store: usage, help, errors, what standard output may hold, and inert text."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wcwidth import wcswidth

from cli.answer import to_json
from cli.columns import columns, pairs, shown
from cli.main import NOUNS, run
from data.types import Page
from tests.hostile import STORABLE

UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


@pytest.fixture
def bare(monkeypatch, tmp_path, capfd):
    """Run words with nothing configured but an empty home; give exit code, output, narration."""
    monkeypatch.setenv("HOME", str(tmp_path))

    def call(*words: str) -> tuple[int, str, str]:
        code = run(words)
        said = capfd.readouterr()
        return code, said.out, said.err

    return call


def test_every_noun_has_help_and_json(bare):
    assert bare("--help")[0] == 0
    for noun in NOUNS:
        code, out, _ = bare(noun, "--help")
        assert code == 0
        assert f"Usage: storekeeper {noun}" in out


def verbs() -> list[tuple[str, ...]]:
    """Return the path of every verb there is."""
    import click

    from cli.main import root

    def below(group: click.Group, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        ctx = click.Context(group)
        found = []
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            inner = (*path, name)
            found += below(command, inner) if isinstance(command, click.Group) else [inner]
        return found

    return below(root, ())


@pytest.mark.parametrize("verb", verbs(), ids=" ".join)
def test_every_verb_takes_json_and_says_what_it_does(bare, verb):
    code, out, _ = bare(*verb, "--help")
    assert code == 0
    assert "--json" in out
    assert len(out.split("\n\n")[1].strip()) > 15


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("orders",),
        ("orders", "nonsense"),
        ("orders", "show"),
        ("orders", "list", "--limit", "many"),
        ("orders", "list", "--limit", "0"),
        ("orders", "place", "ann@example.com", "--line", "RAM-1"),
        ("orders", "place", "ann@example.com", "--line", "=2"),
        ("orders", "place", "--line", "RAM-1=2"),
        ("products", "edit", "RAM-1"),
        ("products", "edit", "RAM-1", "--set", "title"),
        ("products", "import"),
        ("products", "import", "x.jsonl", "--stock", "WH1"),
        ("stock", "receive", "RAM-1", "many"),
        ("stack", "up", "--hard"),
    ],
)
def test_wrong_usage_exits_2_with_one_document(bare, words):
    code, out, err = bare(*words, "--json")
    assert code == 2
    document = json.loads(out)
    assert document["error"]["code"] == "usage"
    assert document["error"]["message"]
    assert err
    assert bare(*words)[:2] == (2, "")


def test_a_mistyped_noun_is_told_the_nearest(bare):
    assert "Did you mean 'orders'?" in bare("order", "list")[2]


def test_version(bare):
    assert bare("--version")[1].startswith("storekeeper, version ")


def test_wrong_settings_exit_3_and_name_the_key(bare, monkeypatch):
    monkeypatch.setenv("STOREKEEPER_POSTGRESS_URL", "postgresql://db/shop")
    code, out, err = bare("config", "show", "--json")
    assert code == 3
    error = json.loads(out)["error"]
    assert error["code"] == "invalid"
    assert "STOREKEEPER_POSTGRES_URL" in error["fields"]["STOREKEEPER_POSTGRESS_URL"]
    assert "STOREKEEPER_POSTGRESS_URL" in err


def test_config_show_masks_passwords(bare, monkeypatch):
    monkeypatch.setenv("STOREKEEPER_POSTGRES_URL", "postgresql://app:s3cret@db/shop")
    for words in (("config", "show"), ("config", "show", "--json")):
        code, out, err = bare(*words)
        assert code == 0
        assert "app:***@db" in out
        assert "s3cret" not in out + err


def test_a_fault_of_the_program_is_told_and_exits_1(bare, monkeypatch, tmp_path):
    (tmp_path / "faulty_noun.py").write_text(
        "import click\n"
        "from cli.options import JsonCommand\n"
        "@click.command('faulty', cls=JsonCommand)\n"
        "def command():\n    raise ZeroDivisionError('\\x1b[2J gone')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(NOUNS, "faulty", ("faulty_noun", "A verb with a fault."))
    code, out, err = bare("faulty", "--json")
    assert code == 1
    assert json.loads(out)["error"]["code"] == "internal"
    assert "ZeroDivisionError" in err
    assert not UNSAFE.search(err)


# -- the program as a process ----------------------------------------------------------------------------------------


def test_a_reader_that_goes_away_is_no_crash(tmp_path):
    script = "import sys; from cli.main import run; sys.exit(run(['config', 'show', '--json']))"
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [sys.executable, "-c", script], stdout=writing, stderr=subprocess.PIPE, env={"HOME": str(tmp_path)}, check=False
    )
    os.close(writing)
    assert ran.returncode == 141
    assert ran.stderr == b""


def test_without_a_terminal_the_app_says_so(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "cli.main"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={"HOME": str(tmp_path)},
        check=False,
    )
    assert ran.returncode == 2
    assert b"needs a terminal" in ran.stderr


def test_ctrl_c_while_reading_standard_input_exits_130(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "cli.main", "orders", "place", "ann@example.com", "--file", "-", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        # A run in the background may have been told to ignore it, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_until_it_reads(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert b"Interrupted" in err
    assert b"Traceback" not in err


def wait_until_it_reads(pid: int) -> None:
    """Return when the process sleeps in a read of its standard input."""
    import time

    until = time.monotonic() + 10
    while time.monotonic() < until:
        with open(f"/proc/{pid}/syscall") as syscall:
            if syscall.read().split()[:2] == ["0", "0x0"]:  # read(0, …); any other pipe may be a child's
                return
        time.sleep(0.01)
    raise AssertionError("the program never read its standard input")


# -- JSON ------------------------------------------------------------------------------------------------------------


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
@example("".join(STORABLE))
def test_json_is_whole_and_inert(value):
    text = to_json(value)
    assert json.loads(text) == value
    assert not UNSAFE.search(text)
    assert "\n" not in text


def test_json_of_half_a_character_does_not_fail():
    assert json.loads(to_json({"message": "no 'x\udc80'"})) == {"message": "no 'x\\udc80'"}


def test_amounts_are_numbers_with_their_cents_and_times_are_utc():
    text = to_json({"a": Decimal("184.90"), "t": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "u": UUID(int=7)})
    assert text == '{"a":184.90,"t":"2026-01-02T03:04:05Z","u":"00000000-0000-0000-0000-000000000007"}'


# -- plain text ------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.text(), st.text(), st.integers(0, 9_999_999)), min_size=1, max_size=8))
@example([(text, text, 1) for text in STORABLE])
def test_columns_line_up_and_nothing_in_them_acts(rows):
    lines = list(columns(("name", "title", "units"), rows))
    assert len(lines) == len(rows) + 1
    # The last column is numbers, at the right: every line ends in the same cell.
    assert len({wcswidth(line) for line in lines}) == 1
    assert not any(UNSAFE.search(line) or "\n" in line for line in lines)


@given(st.dictionaries(st.text(min_size=1), st.text() | st.none() | st.lists(st.text())))
def test_pairs_are_one_line_each_and_inert(values):
    lines = list(pairs(values))
    assert len(lines) == len(values)
    assert not any(UNSAFE.search(line) for line in lines)


def test_what_a_person_reads():
    assert shown(None) == shown("") == shown([]) == "-"
    assert shown(1234567) == "1,234,567"
    assert shown(Decimal("1204.5")) == "1,204.50"
    assert shown(True) == "yes"
    assert shown({"color": ["a", "b"]}) == "color=a, b"
    assert shown("\x1b]0;x\x07") == "␛]0;x␇"


def test_a_list_that_ended_on_its_first_page_has_an_exact_total():
    from cli.answer import page_document

    whole = page_document(Page(("a", "b")), first=True)
    assert (whole["total"], whole["total_exact"], whole["next"]) == (2, True, None)
    cut = page_document(Page(("a",), after="c1", estimate=1200), first=True)
    assert (cut["total"], cut["total_exact"], cut["next"]) == (1200, False, "c1")
    unknown = page_document(Page(("a",)), first=False)
    assert (unknown["total"], unknown["total_exact"]) == (None, False)
