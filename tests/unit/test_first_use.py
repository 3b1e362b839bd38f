"""Many threads that are the first to read a type do not crash the process, as they would in msgspec 0.22 by itself."""

from __future__ import annotations

import subprocess
import sys

FIRST_USE = """
import sys, threading
from data.structs import convert, decode, decoder
sys.setswitchinterval(1e-6)
TYPES = '''
from decimal import Decimal
import msgspec
class Shared(msgspec.Struct, frozen=True):
    a: int | None = None
    b: list[dict[str, Decimal]] | None = None
class One(msgspec.Struct, frozen=True):
    shared: tuple[Shared, ...]
    d: dict[str, list[int]] | None = None
class Other(msgspec.Struct, frozen=True):
    shared: Shared | None
    d: dict[str, tuple[Decimal, ...]] | None = None
'''
READERS = (
    lambda names: convert({"shared": [{"a": 1, "b": [{"x": "1.2"}]}], "d": {"k": [1]}}, names["One"]),
    lambda names: decode('{"shared": {"a": 1, "b": [{"x": "1.2"}]}, "d": {"k": [1]}}', names["Other"]),
    lambda names: decoder(names["Shared"] | None).decode('{"a": 1, "b": [{"x": "1.2"}]}'),
)
read = []
for _ in range(100):
    names = {}
    exec(TYPES, names)
    start = threading.Barrier(6)
    def first(reader):
        start.wait()
        read.append(reader(names))
    threads = [threading.Thread(target=first, args=(reader,)) for reader in READERS * 2]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
print(len(read))
"""


def test_threads_may_be_the_first_together() -> None:
    ended = subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "600\n", "")
