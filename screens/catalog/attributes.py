"""The editor of one product's attributes: change, add, rename and take away, then save all of it at once.

Nothing is written before ``^S``. Where somebody else changed the product meanwhile, their changes are taken in where
nothing was changed here, and stand beside the others: ``^S`` keeps yours, ``t`` takes theirs, line by line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult

from data.errors import Conflict
from data.ids import new_id
from screens.action import Action
from screens.base import AppScreen
from screens.catalog.attribute_draft import Draft, Entry, kind_of, spell
from screens.catalog.editing_data import AttributeDesk, read_attributes, save_attributes
from screens.forms.attribute import attribute_form
from widgets.keybar import KeyHint
from widgets.line import Piece
from widgets.sheet import Sheet, SheetLine
from widgets.stateline import StateLine
from widgets.text import fit, visible, width_of

if TYPE_CHECKING:
    from textual.widget import Widget

_EDIT = "catalog.edit"


class AttributesScreen(AppScreen):
    """Change the attributes of one product."""

    NAME = "attributes"
    TITLE_CRUMBS = ("Catalog",)
    TOP_RULE = "Attributes"
    KEYS_OF = (Sheet,)
    ACTIONS = (
        Action("attributes.add", "n", "new", "add", _EDIT, help="Add an attribute", rank=20),
        Action(
            "attributes.remove", ("d", "delete"), "remove", "take_away", _EDIT, help="Take it away, or keep it", rank=30
        ),
        Action("attributes.save", "ctrl+s", "save", "save", _EDIT, help="Write all changes at once", rank=10),
        Action(
            "attributes.theirs", "t", "theirs", "take_theirs", _EDIT, help="Take what somebody else wrote", show=False
        ),
        Action("attributes.undo", "u", "undo", "undo", _EDIT, help="Take the last step here back", rank=40),
        Action("attributes.discard", "ctrl+r", "start over", "discard", _EDIT, help="Give up all changes", show=False),
    )

    def __init__(self) -> None:
        super().__init__()
        self.state = StateLine()
        self.sheet = Sheet(id="attributes")
        self.desk: AttributeDesk | None = None
        self.draft: Draft | None = None
        self._product_id = ""
        self._drafts: dict[str, tuple[AttributeDesk, Draft]] = {}
        self._key = ""

    def compose_query(self) -> Iterable[Widget]:
        """What is to be saved."""
        yield self.state

    def compose_body(self) -> ComposeResult:
        """The attributes, one a line."""
        yield self.sheet

    def arrive(self, product_id: str = "", **arguments: Any) -> None:
        """Show the attributes of the product with this id; changes not saved are as they were left."""
        if self.desk is not None and self.draft is not None and self.draft.dirty:
            self._drafts[self._product_id] = self.desk, self.draft
        self._product_id = product_id or self._product_id
        self.desk, self.draft = self._drafts.pop(self._product_id, (None, None))
        self._key = str(new_id())
        self.sheet.focus()
        if self.draft is not None:
            self._paint()
        else:
            self.sheet.say("Loading …")
            self.reload()

    @property
    def dirty(self) -> bool:
        """Whether anything is not saved, here or for another product."""
        return bool(self._drafts) or (self.draft is not None and self.draft.dirty)

    def reload(self) -> None:
        """Read the product, unless there are changes that would be lost."""
        if self._product_id and not (self.draft is not None and self.draft.dirty):
            first = self.desk is None
            self.load(
                read_attributes,
                self._product_id,
                then=self._show,
                failed=self._not_there,
                group="read",
                keys_wait=first,
            )

    def recovered(self, stores: tuple[str, ...]) -> None:
        """A store is back: read what could not be read."""
        if self.desk is None:
            self.reload()

    def _show(self, desk: AttributeDesk) -> None:
        self.desk, self.draft = desk, Draft(desk.product.attributes)
        self._paint()

    def _not_there(self, error: Exception) -> None:
        self.sheet.say(*self.explain(error), tone="bad")

    def why_not(self, action: Action) -> str:
        """Everything needs the product, some a line or a change."""
        if self.draft is None:
            return "no product is loaded"
        if action.name == "attributes.save" and not self.draft.dirty:
            return "nothing is changed"
        if action.name == "attributes.remove" and self._at() is None:
            return "no attribute under the bar"
        return ""

    def more_hints(self) -> tuple[KeyHint, ...]:
        """What Enter does."""
        return (KeyHint("Enter", "change"),)

    # -- painting ---------------------------------------------------------------------------------------------------

    def _paint(self) -> None:
        desk, draft = self.desk, self.draft
        if desk is None or draft is None:
            return
        product = desk.product
        self.show_crumbs("Catalog", product.sku, "Attributes")
        changes = sum(draft.changed(entry) for entry in draft.entries)
        told = f" · {changes} change{'' if changes == 1 else 's'} not saved" if changes else " · nothing to save"
        self.state.show([Piece(visible(product.title), "strong"), Piece(told, "warn" if changes else "muted")], [])
        self.status.facts(f"{len(draft.entries)} attributes · {visible(str(product.category)) or 'no category'}")
        if draft.entries:
            self.sheet.show(self._lines)
        else:
            self.sheet.say("No attributes.", "n adds one")
        self.refresh_keys()

    def _lines(self, width: int) -> list[SheetLine]:
        draft = self.draft
        if draft is None:
            return []
        longest = max((width_of(visible(entry.name)) for entry in draft.entries), default=0)
        name_width = min(longest, max(width // 3, 12))
        return [
            SheetLine(tuple(self._pieces(draft, entry, name_width)), f"at:{place}", place)
            for place, entry in enumerate(draft.entries)
        ]

    @staticmethod
    def _pieces(draft: Draft, entry: Entry, name_width: int) -> Iterable[Piece]:
        changed = draft.changed(entry)
        sign = "−" if entry.removed else "+" if not entry.was else "±" if changed else " "
        tone = "muted" if entry.removed else "warn" if changed else "plain"
        yield Piece(f"{sign} ", "warn")
        yield Piece(fit(entry.name, name_width), "muted" if not changed else tone)
        yield Piece(f"  {kind_of(entry.value):<8}", "muted")
        yield Piece(visible(spell(entry.value)) or "–", tone)
        if entry.theirs is not None:
            yield Piece(f"  ▲ theirs: {visible(entry.theirs)}", "bad")
        elif entry.removed:
            yield Piece("  will be taken away", "warn")
        elif changed and entry.was:
            before = "" if entry.name == entry.was else f"{visible(entry.was)} "
            yield Piece(f"  was {before}{visible(spell(draft.base[entry.was])) or '–'}", "muted")

    # -- changing ---------------------------------------------------------------------------------------------------

    def _at(self) -> int | None:
        line = self.sheet.current
        return line.what if line is not None and isinstance(line.what, int) else None

    def on_sheet_line_chosen(self, event: Sheet.LineChosen) -> None:
        """Change the attribute under the bar."""
        shop = self.shop
        if shop is not None and shop.actor.may(_EDIT) and isinstance(event.what, int):
            self._form(event.what)

    def add(self) -> None:
        """Add an attribute."""
        self._form(None)

    def _form(self, at: int | None) -> None:
        if self.desk is None or self.draft is None:
            return
        form = attribute_form(self.draft, at, self.desk.used, self.desk.product.sku)
        self.shell.overlay(form, lambda put: self._put(at, put))

    def _put(self, at: int | None, put: Any) -> None:
        if put is None or self.draft is None:
            return
        self.draft.put(at, *put)
        self._paint()
        self.sheet.go_to(f"at:{at if at is not None else len(self.draft.entries) - 1}")

    def take_away(self) -> None:
        """Take the attribute under the bar away, or keep it after all."""
        if (at := self._at()) is not None and self.draft is not None:
            self.draft.turn_removed(at)
            self._paint()

    def undo(self) -> None:
        """Take the last step back."""
        if self.draft is not None and self.draft.undo():
            self._paint()
        else:
            self.status.say("nothing to undo here", "warn")

    def discard(self) -> None:
        """Give up every change and read the product again."""
        self.desk = self.draft = None
        self.sheet.say("Loading …")
        self.reload()

    def take_theirs(self) -> None:
        """Give up what was changed over somebody else's change."""
        if (at := self._at()) is not None and self.draft is not None and self.draft.take_theirs(at):
            self._paint()
        else:
            self.status.say("nobody else changed this one", "warn")

    # -- saving -----------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write all changes, if the product is still as it was read."""
        if self.desk is not None and self.draft is not None:
            orders = self.draft.orders()
            arguments = (self.desk.product, *orders, self._key)
            self.load(save_attributes, *arguments, then=self._saved, failed=self._refused, group="save")

    def _saved(self, edited: Any) -> None:
        count = len(edited.changed)
        self.status.say(f"{edited.sku}: {count} attribute{'' if count == 1 else 's'} saved", "good", undo=True)
        self._key = str(new_id())
        self.draft = None
        self.reload()

    def _refused(self, error: Exception) -> None:
        self._key = str(new_id())
        if isinstance(error, Conflict):
            self.load(read_attributes, self._product_id, then=self._compare, group="read", doing="reading it again")
        else:
            self.shell.show_error(error, doing="saving the attributes")

    def _compare(self, desk: AttributeDesk) -> None:
        if self.draft is None:
            return
        self.desk = desk
        clashes = self.draft.rebase(desk.product.attributes)
        self._paint()
        choose = "^S keeps yours, t takes theirs" if clashes else "^S saves yours beside it"
        self.status.say(f"Somebody else changed it. {choose}", "bad")
