"""Running the headless twin: in this process for speed, or as the real program for what only a process shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from data.settings import Settings


@dataclass(frozen=True)
class Ran:
    """What one run came to."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output; fails where there is anything else."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error in the document."""
        assert self.document.keys() == {"error"}
        return self.document["error"]


Twin = Callable[..., Ran]


@pytest.fixture
def twin(settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Twin:
    """Run ``storekeeper`` with these words, in this process, on the test's own databases."""
    from cli.main import run

    for name, value in settings.to_environ().items():
        monkeypatch.setenv(name, value)

    def call(*words: str, code: int = 0, env: dict[str, str] | None = None) -> Ran:
        with monkeypatch.context() as patch:
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            capfd.readouterr()
            left = run(words)
            said = capfd.readouterr()
        assert left == code, said.err
        return Ran(left, said.out, said.err)

    return call


PROGRAM = [str(Path(sys.executable).with_name("storekeeper"))]


def environ_of(settings: Settings) -> dict[str, str]:
    """Return the environment of a real process on the test's databases."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **settings.to_environ()}


@pytest.fixture
def program(settings: Settings) -> Twin:
    """Run the installed program itself; standard input is what is given, and nothing is shared but the databases."""

    def call(*words: str, code: int = 0, stdin: bytes = b"", env: dict[str, str] | None = None) -> Ran:
        ran = subprocess.run(
            [*PROGRAM, *words],
            env=environ_of(settings) | (env or {}),
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == code, ran.stderr.decode()
        return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())

    return call
