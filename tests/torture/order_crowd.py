"""A crowd of clients in processes of their own, each with a journal, that may be killed at any moment and go on.

A client writes down what it is about to send, under which key, sends it, and writes down what became of it. Killed in
between, or told by nobody how it ended, it sends the same again under the same key: that is all the care it takes. What
the journals say was acknowledged is what the shop has to hold.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from data.access.rules import Actor
from data.command import Command
from data.door import Door
from data.errors import StorekeeperError, Unavailable
from data.idempotency import plain
from data.settings import Settings
from data.stores import Stores
from data.stores.postgres import retryable
from data.structs import decode
from tests.torture import order_choices
from tests.torture.order_choices import Hand

#: Every command a client sends, by its name: a journal's line is read back into one.
COMMANDS: dict[str, type[Command]] = {
    kind.name: kind for kind in vars(order_choices).values() if isinstance(kind, type) and issubclass(kind, Command)
    if kind is not Command
}  # fmt: skip
#: A try whose end stays unknown for longer than this, whatever is killed, is a failure.
PATIENCE_SECONDS = 120.0


class Entry(msgspec.Struct, omit_defaults=True):
    """One operation of a journal. ``end`` is ``done`` or what refused it, ``""`` while nobody knows.

    ``lost`` counts the times it was sent and nobody answered, a death of the client included; ``replayed`` says that
    the answer was the stored one. ``twice`` was sent once more after its answer, on purpose; of one that ``died`` the
    client was killed on purpose, between the commit and the note of it.
    """

    number: int
    key: str
    command: str
    content: msgspec.Raw
    end: str = ""
    why: str = ""
    result: Any = None
    lost: int = 0
    replayed: bool = False
    twice: bool = False
    died: bool = False


@dataclass(frozen=True)
class Shift:
    """What one process has to do: ``threads`` clients with ``operations`` each. ``keyed`` is how it should be.

    The first client is killed once for each number in ``dies_at``: by the first operation from there on that is done,
    after it was committed and before that is written down. Its whole process dies of it.
    """

    settings: Settings
    actor: Actor
    user_id: UUID
    folder: Path
    process: int
    threads: int
    operations: int
    seed: int
    dies_at: tuple[int, ...] = ()


def journal_of(path: Path) -> list[Entry]:
    """Return the operations that a journal tells of, as they stand. A line that its writer died in is none."""
    entries: dict[int, Entry] = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            entry = decode(line, Entry)
        except msgspec.DecodeError:
            continue
        if before := entries.get(entry.number):
            entry.lost, entry.died = max(entry.lost, before.lost), entry.died or before.died
        entries[entry.number] = entry
    return [entries[number] for number in sorted(entries)]


class Client:
    """One hand and its journal. ``keyed=False`` is the control: every sending has a key of its own."""

    def __init__(self, stores: Stores, shift: Shift, number: int, *, keyed: bool = True) -> None:
        self.name = f"c-{shift.process}-{number}"
        self.path = shift.folder / f"{self.name}.jsonl"
        self._stores, self._door, self._shift, self._keyed = stores, Door(stores), shift, keyed
        self._entries = journal_of(self.path)
        deaths, done = sum(entry.died for entry in self._entries), len(self._entries)
        self._dies_at = list(shift.dies_at[deaths:]) if number == 0 else []
        self._hand = Hand(self.name, shift.user_id, random.Random(f"{shift.seed}-{self.name}-{done}"))
        self._hand.orders = [UUID(one.result["order_id"]) for one in self._entries if placed(one)]
        self._file = self.path.open("ab")
        if self.path.stat().st_size:  # a line its writer died in ends here
            self._file.write(b"\n")

    def run(self) -> None:
        """Finish what an earlier life began, then go on to the end of the shift."""
        if self._entries and not self._entries[-1].end:
            begun = self._entries[-1]
            begun.lost += 1
            self.send(begun)
        for number in range(len(self._entries), self._shift.operations):
            command = self._choose()
            content = msgspec.Raw(msgspec.json.encode(command))
            entry = Entry(number, f"{self.name}-{number}", command.name, content)
            self._write(entry)
            self._entries.append(entry)
            self.send(entry)

    def send(self, entry: Entry) -> None:
        """Send until the end is known, with the same key every time, and write it down."""
        command = decode(entry.content, COMMANDS[entry.command])
        deadline = time.monotonic() + PATIENCE_SECONDS
        first = not entry.lost
        while not entry.end:
            try:
                done = self._door.run(command, self._shift.actor, key=entry.key if self._keyed else None)
            except StorekeeperError as error:
                if not (isinstance(error, Unavailable) or retryable(error)):
                    entry.end, entry.why = type(error).__name__, str(error)
                    break
                entry.lost += 1
                if time.monotonic() > deadline:
                    raise
            else:
                if first and self._dies_at and entry.number >= self._dies_at[0]:
                    entry.died = True
                    self._write(entry)
                    self.die()
                entry.end, entry.replayed, entry.result = "done", done.replayed, plain(done.result)
        if placed(entry):
            self._hand.orders.append(UUID(entry.result["order_id"]))
        if self._keyed and entry.end == "done" and entry.number % 50 == 7:  # as an impatient person does
            again = self._again(command, entry.key)
            assert again.replayed, entry
            assert plain(again.result) == entry.result
            entry.twice = True
        self._write(entry)

    def die(self) -> None:
        """Be killed: nothing is flushed, nobody is told."""
        os.kill(os.getpid(), signal.SIGKILL)

    def _again(self, command: Command, key: str) -> Any:
        while True:
            try:
                return self._door.run(command, self._shift.actor, key=key)
            except Unavailable:
                continue

    def _choose(self) -> Command:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._hand.choose(self._stores.postgres)
            except StorekeeperError as error:
                if time.monotonic() > deadline or not (isinstance(error, Unavailable) or retryable(error)):
                    raise
                time.sleep(0.02)  # the server is coming back

    def _write(self, entry: Entry) -> None:
        self._file.write(msgspec.json.encode(entry) + b"\n")
        self._file.flush()


def placed(entry: Entry) -> bool:
    """Say whether the operation made an order."""
    return entry.command == "orders.place" and entry.end == "done"


def work(shift: Shift) -> None:
    """Be one process of the crowd. What breaks is left in its folder for the test to show."""
    stores, broken = Stores(shift.settings), []

    def hand(number: int) -> None:
        try:
            Client(stores, shift, number).run()
        except BaseException:  # noqa: BLE001 - told to the test, which fails on it
            broken.append(traceback.format_exc())

    threads = [threading.Thread(target=hand, args=(number,)) for number in range(shift.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stores.close()
    if broken:
        (shift.folder / f"broken-{shift.process}.txt").write_text("\n".join(broken))
        raise SystemExit(1)


class Crowd:
    """Processes that work their shifts, and are started again when they were killed; ``deaths`` counts those."""

    def __init__(self, shifts: list[Shift]) -> None:
        self.deaths = 0
        self._shifts = shifts
        self._context = multiprocessing.get_context("spawn")

    def work(self, *, kill_every: float = 0.0, kills: int = 0) -> list[Entry]:
        """Work to the end and return every operation. ``kills`` times a process is killed, at any moment."""
        running = {shift.process: self._start(shift) for shift in self._shifts}
        dice, next_kill = random.Random(3), time.monotonic() + kill_every
        while running:
            for number, process in list(running.items()):
                process.join(0.05)
                if process.exitcode is None:
                    continue
                if process.exitcode == -signal.SIGKILL:
                    self.deaths += 1
                    running[number] = self._start(self._shifts[number])
                    continue
                assert process.exitcode == 0, f"exit code {process.exitcode}: {self._told(number)}"
                del running[number]
            if kills and running and time.monotonic() > next_kill:
                kills, next_kill = kills - 1, time.monotonic() + kill_every
                running[dice.choice(sorted(running))].kill()
        return list(self.entries())

    def entries(self) -> Iterator[Entry]:
        """Return every operation of every journal."""
        for path in sorted({shift.folder for shift in self._shifts}):
            for journal in sorted(path.glob("c-*.jsonl")):
                yield from journal_of(journal)

    def _start(self, shift: Shift) -> SpawnProcess:
        process = self._context.Process(target=work, args=(shift,), daemon=True)
        process.start()
        return process

    def _told(self, number: int) -> str:
        return "\n".join(path.read_text() for path in self._shifts[number].folder.glob("broken-*.txt"))
