"""What an edit of an order holds: opened, shown by the rules, kept as a draft, reviewed, confirmed.

``OrderEditScreen`` adds the keys. Kept apart, because this half must be right about money and a lost terminal, and the
other half about keys.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from data.errors import Conflict, Invalid, OutOfStock, Unavailable
from screens.new_order.entry import EntryLine
from screens.order_edit.conflict import EditConflict
from screens.order_edit.data import Fresh, Opened, confirm, drop_draft, keep_draft, look_again, open_edit, review
from screens.order_edit.draft import EditDraft
from screens.order_edit.sheet import aside_rows, line_rows, sentence, total_rows
from screens.product_entry import ProductEntry
from widgets.sheet import Sheet

if TYPE_CHECKING:
    from data.orders.editing.messages import EditedLine, OrderEdited
    from data.orders.editing.rules import NewOrder
    from screens.base import AppScreen

#: Lines shown at once; more scroll.
MOST_LINES = 7
#: Changes that can be taken back.
UNDO = 50


class OrderEditForm(EditConflict, ProductEntry):
    """An order, the changes to it, and what they come to."""

    #: seconds between looks at the order's version and the stock
    REFRESH: ClassVar[float] = 5.0
    #: seconds of rest after which the draft is kept
    KEEP: ClassVar[float] = 0.3

    def __init__(self) -> None:
        super().__init__()
        self.entry = EntryLine("+", "add: SKU, words or scan, 3*RAM-0412")
        self.lines = Sheet(id="edit-lines")
        self.totals = Sheet(id="edit-totals", focusable=False)
        self.aside = Sheet(id="edit-aside", focusable=False)
        self.draft: EditDraft | None = None
        self.new: NewOrder | None = None
        self._ref = ""
        self._before: list[EditDraft] = []
        self._busy = False

    def on_mount(self) -> None:
        """Look at version and stock now and then."""
        self.set_interval(self.REFRESH, self._look_again)

    def arrive(self, order_number: str = "", **arguments: Any) -> None:
        """Edit the order with this number, or go on with the one shown before."""
        if order_number and order_number != self._ref:
            self._ref, self.draft, self.new = order_number, None, None
            self._before = []
            self.show_crumbs("Orders", order_number, "Edit")
            self._tell("Loading …")
            self.totals.show(lambda width: ())
            self.status.say("")
        self.lines.focus()
        if self.draft is None and self._ref:
            self.load(open_edit, self._ref, then=self._opened, failed=self._not_opened, group="open", keys_wait=True)

    def recovered(self, stores: tuple[str, ...]) -> None:
        """A store is back: the order that could not be read, or the stock."""
        self.arrive()
        self._look_again()

    def _opened(self, opened: Opened) -> None:
        self._before = []
        self.put(opened.draft, keep=False)
        if opened.done:
            self.status.say(f"Your edit of {self._ref} was made before; this is the order as it is", "good")
        elif opened.moved:
            self.status.say("Your edit is back, but somebody changed the order: ^S shows what", "warn")
        elif opened.restored:
            count = opened.draft.count
            changes = f"{count} change{'' if count == 1 else 's'}"
            self.status.say(f"Your edit is back, {changes} · ^X throws it away", "plain")
        else:
            self.status.say("Nothing is written yet.")

    def _tell(self, sentence: str, hint: str = "", tone: str = "muted") -> None:
        """Say ``sentence`` in place of the lines, whose height is what they need: here, three."""
        self.lines.styles.height = 3
        self.lines.say(sentence, hint, tone)

    def _not_opened(self, error: Exception) -> None:
        self._tell(*self.explain(error), tone="bad")
        if not isinstance(error, Unavailable):
            self.shell.show_error(error, doing="reading the order")

    @property
    def under_bar(self) -> EditedLine | None:
        """The line under the bar, as it will be."""
        number = self.lines.key.removeprefix("line:")
        lines = self.new.lines if self.new is not None else ()
        return next((line for line in lines if str(line.line_no) == number), None)

    # -- the draft ----------------------------------------------------------------------------------------------------

    def put(self, draft: EditDraft, *, keep: bool = True) -> None:
        """Show ``draft`` from now on, if the rules take it; ``keep`` it too."""
        try:
            new = draft.result()
        except Invalid as error:
            self.app.bell()
            self.status.say("; ".join(error.fields.values()), "bad")
            return
        if keep and self.draft is not None:
            self._before = [*self._before[1 - UNDO :], self.draft]
            self.status.say("Nothing is written yet.")
        self.draft, self.new = draft, new
        self._show()
        if keep:
            self.later("draft", self.KEEP, self._keep)

    def _show(self) -> None:
        draft, new = self.draft, self.new
        if draft is None or new is None:
            return
        self.lines.show(lambda width: line_rows(new, draft, width))
        self.lines.styles.height = min(len(new.lines), MOST_LINES if self.size.height < 30 else 2 * MOST_LINES) + 1
        self.totals.show(lambda width: total_rows(new, draft, width))
        self._show_aside()
        self.refresh_keys()

    def _show_aside(self) -> None:
        new, line = self.new, self.under_bar
        self.top_rule.show("Lines", line.title if line is not None else "")
        if new is not None:
            self.aside.show(lambda width: aside_rows(new, line, width))

    def _keep(self) -> None:
        if self.draft is not None and not self._busy:
            self.load(keep_draft, self.draft, then=lambda _: self.entry.note("draft saved"), group="keep")

    def undo(self) -> None:
        """Take the last change back."""
        if self._before:
            *earlier, draft = self._before
            self.put(replace(draft, free=self.draft.free if self.draft is not None else draft.free))
            self._before = earlier
            self.refresh_keys()

    def discard(self) -> None:
        """Throw the edit away, asked once."""
        if self.draft is not None and not self.draft.empty:
            self.shell.confirm(f"Throws your edit of {self._ref} away; the order stays as it is.", self.throw_away)

    def throw_away(self) -> None:
        """Forget the draft and begin with the order as it is now."""
        self.not_later("draft")
        self.forget("keep")
        self.entry.note("")
        number = self._ref

        def dropped(_: None) -> None:
            self._ref = ""
            self.arrive(order_number=number)

        self.load(drop_draft, number, then=dropped, group="open")

    def _look_again(self) -> None:
        if self.draft is not None and self.is_current and not self._busy:
            skus = [one.sku for one in self.draft.changes.add]
            self.load(look_again, self._ref, skus, then=self._fresh, failed=self._not_fresh, group="look")

    def _fresh(self, fresh: Fresh) -> None:
        if self.draft is None:
            return
        newer = replace(self.draft, free=fresh.free, offers={**self.draft.offers, **fresh.offers})
        if newer != self.draft:
            self.put(newer, keep=False)
        if fresh.version != newer.order.version:
            self.status.say("Somebody changed this order meanwhile: ^S shows what", "warn")

    def _not_fresh(self, error: Exception) -> None:
        """The banner says which store is away; figures of before are better than none."""
        if not isinstance(error, Unavailable):
            self.shell.show_error(error, doing="reading the stock")

    # -- confirming ---------------------------------------------------------------------------------------------------

    def review(self) -> None:
        """Run it for real, roll it back, and say what it would do."""
        draft = self.draft
        if draft is None or self._busy:
            return
        if draft.empty:
            self.status.say("Nothing is changed yet", "warn")
            return
        self._busy = True
        self.status.say("Reviewing …")

        def reviewed(made: OrderEdited) -> None:
            self._busy = False
            self.status.say("Nothing is written yet.")
            self.shell.confirm(sentence(made, draft), lambda: self._confirm(draft, made))

        self.load(review, draft, then=reviewed, failed=self._refused, group="confirm")

    def _confirm(self, draft: EditDraft, shown: OrderEdited) -> None:
        self._busy = True
        self.not_later("draft")
        self.status.say("Writing …")
        self.load(confirm, draft, shown, then=self._done, failed=self._refused, group="confirm")

    def _done(self, made: OrderEdited) -> None:
        self._busy = False
        self.forget("keep")
        self._ref, self.draft, self.new = "", None, None
        self.entry.note("")
        self.status.say("")
        said = f"{made.order_number} changed, total {made.now.total_amount:,.2f} {made.currency}"
        self.shell.back()
        self.shell.open_screen("order", order_number=made.order_number)  # where one comes from mostly: no second step
        order = cast("AppScreen", self.app.get_screen("order"))
        order.call_later(order.status.say, said, "good")  # after it has arrived

    def _refused(self, error: Exception) -> None:
        """Nothing was written, or nobody knows; the draft stays in any case."""
        self._busy = False
        if isinstance(error, Conflict) and "order" in error.current:
            self._keep()  # whoever was first may have been this person, in another terminal: one draft, done there
            self.show_conflict(error)
            self._look_again()  # where only a price moved, the new total is to be seen
        elif isinstance(error, OutOfStock | Invalid | Conflict):
            self.status.say(f"Not changed: {error}", "bad")
            self._look_again()
        elif isinstance(error, Unavailable):
            self.status.say("Not confirmed: ^S asks again, it is done once at most", "bad")
            self.shell.show_error(error, doing="changing the order")
        else:
            self.shell.show_error(error, doing="changing the order")
