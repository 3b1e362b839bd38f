"""The sliding window against the whole list, by a state machine: it is always a true slice."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bench.support.rows import MadeRow, MadeRows
from widgets.window import Window


class WindowMachine(RuleBasedStateMachine):
    """Pages forwards and backwards at random over a list of random length."""

    def __init__(self) -> None:
        super().__init__()
        self.source = MadeRows(0)
        self.window: Window[MadeRow] = Window(lambda row: row.key, max_pages=3)
        self.first = 0

    @rule(count=st.integers(0, 60), limit=st.integers(1, 9), from_end=st.booleans())
    def start(self, count: int, limit: int, from_end: bool) -> None:
        self.source, self.limit = MadeRows(count), limit
        before = "" if from_end else None
        self.window.start(self.source(after=None, before=before, limit=limit), before=before)
        self.first = self.window.rows[0].number if self.window.rows else 0

    @precondition(lambda self: self.window.next_cursor is not None)
    @rule()
    def forward(self) -> None:
        cursor = self.window.next_cursor
        dropped = self.window.append(self.source(after=cursor, before=None, limit=self.limit), cursor or "")
        self.first += dropped

    @precondition(lambda self: self.window.previous_cursor is not None)
    @rule()
    def backward(self) -> None:
        cursor = self.window.previous_cursor
        added = self.window.prepend(self.source(after=None, before=cursor, limit=self.limit), cursor or "")
        self.first -= added

    @precondition(lambda self: len(self.window))
    @rule(data=st.data())
    def replace(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.window) - 1))
        row = self.window.rows[index]
        assert self.window.replace(row.key, MadeRow(row.number)) == index
        assert self.window.replace("nobody", row) is None

    @invariant()
    def is_a_slice_of_the_list(self) -> None:
        numbers = [row.number for row in self.window.rows]
        assert numbers == list(range(self.first, self.first + len(numbers)))
        assert len(numbers) <= 3 * 9
        assert (self.window.next_cursor is None) == (not numbers or numbers[-1] == self.source.count - 1)
        assert (self.window.previous_cursor is None) == (not numbers or numbers[0] == 0)
        assert all(self.window.index_of(row.key) == at for at, row in enumerate(self.window.rows))


TestWindow = WindowMachine.TestCase
TestWindow.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
