"""Edits of an index that is being searched, committed by another process, as the relay does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from bench.support.products import sample_documents
from data.search.urls import open_engine

__all__ = ["EDITS", "Editor", "editor"]

#: How many products one commit changes: what a handful of people at work save in half a second.
EDITS = 10
_ROOT = Path(__file__).parents[2]


class Editor:
    """A process that changes products on demand."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def commit(self) -> None:
        """Change ``EDITS`` other products than last time and commit; return when every process can see it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        if not self._process.stdout.readline():
            raise SystemExit("the process that edits products has ended")


@contextmanager
def editor(url: str) -> Iterator[Editor]:
    """Start that process on the index at ``url``, to which nobody else may be writing."""
    command = [sys.executable, "-m", "bench.support.edits", url]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Editor(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()


def main(url: str) -> None:
    """Change products, once for every line that comes in."""
    _, documents = sample_documents()
    with closing(open_engine(url)) as engine:
        for number, _ in enumerate(sys.stdin):
            places = ((number * EDITS + edit) * 7_919 % len(documents) for edit in range(EDITS))
            engine.put_many(
                replace(documents[place], revision=number + 2, available_stock=number % 60, price=Decimal(number % 900))
                for place in places
            )
            print(engine.commit(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
