"""``u`` on the list of orders: takes back one's last change of any order, named and asked for first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import Conflict, Denied, NotFound
from data.ids import new_id
from screens.action import Action
from screens.order.undo import question
from screens.order.write import next_undo_of, undo_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from data.undo.messages import Undone
    from screens.handle import ShellApi
    from screens.order.write import NextUndo
    from widgets.statusline import StatusLine

UNDO_LAST = Action(
    "orders.undo", "u", "undo", "undo", "changes.undo", help="Take your last change of an order back", show=False
)


class UndoInList:
    """What ``u`` does. Asked every time: the order it was may be far from the row under the bar."""

    if TYPE_CHECKING:
        shell: ShellApi
        status: StatusLine
        load: Callable[..., None]
        reload: Callable[[], None]

    def undo(self) -> None:
        """Look for what would be taken back, and ask."""
        self.load(next_undo_of, None, then=self._ask_back, failed=self._not_undone, group="undo")

    def _ask_back(self, answer: NextUndo) -> None:
        found = answer.found
        if found is None:
            self.status.say("You did nothing to an order that can be taken back", "warn")
            return
        sentence = question(found, answer.order_number)
        self.shell.confirm(sentence, lambda: self._take_back(found.key))

    def _take_back(self, change_key: str) -> None:
        arguments = (undo_of, None, change_key, str(new_id()))
        self.load(*arguments, then=self._undone, failed=self._not_undone, group="undo", doing="taking it back")

    def _undone(self, undone: Undone) -> None:
        self.status.say(undone.sentence, "good")
        self.reload()

    def _not_undone(self, error: Exception) -> None:
        if isinstance(error, Conflict | Denied | NotFound):
            self.status.say(f"Not undone: {error}", "bad")
            self.reload()
        else:
            self.shell.show_error(error, doing="taking it back")
