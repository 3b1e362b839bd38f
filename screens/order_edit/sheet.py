"""How an order that is edited is laid out: each line as it was and will be, then what it comes to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from screens.order_edit.draft import EditDraft, shown_discount
from screens.shown import address_line
from widgets.cells import Cell, Column, Runs
from widgets.line import Piece
from widgets.sheet import SheetLine, facts, heading, table_heading, table_row

if TYPE_CHECKING:
    from data.orders.editing.messages import Amounts, EditedLine, OrderEdited, WarehouseUnits
    from data.orders.editing.rules import NewOrder

LINES = (
    Column("sku", "SKU", 10),
    Column("title", "Title", 12, flex=1, min_total=112),
    Column("was", "Was", 4, right=True),
    Column("was_price", "Price", 8, right=True, min_total=96),
    Column("was_total", "Total", 9, right=True),
    Column("mark", "", 1),
    Column("quantity", "Will be", 7, right=True),
    Column("price", "Price", 8, right=True),
    Column("total", "Total", 9, right=True),
    Column("note", "", 16, flex=2),
)
AMOUNTS = (
    Column("label", "", 10),
    Column("was", "Was", 12, right=True),
    Column("now", "Will be", 12, right=True),
    Column("note", "", 30, flex=1),
)
_GONE = "–"


def line_rows(new: NewOrder, draft: EditDraft, width: int) -> list[SheetLine]:
    """Return a heading and one row per line, changed ones marked."""
    rows = [table_row(LINES, _cells(line, draft), width, f"line:{line.line_no}", line) for line in new.lines]
    return [table_heading(LINES, width), *rows]


def _cells(line: EditedLine, draft: EditDraft) -> tuple[Cell, ...]:
    was = line.was_quantity
    mark = "+" if not was else "-" if not line.quantity else "*" if _changed(line) else ""
    gone = not line.quantity
    return (
        line.sku,
        line.title,
        f"{was:,}" if was else _GONE,
        line.was_price if was else _GONE,
        line.was_total if was else _GONE,
        Runs(((mark, "bad" if gone else "warn"),)),
        _GONE if gone else f"{line.quantity:,}",
        _GONE if gone else line.unit_price,
        _GONE if gone else line.total,
        Runs(_note(line, draft)),
    )


def _changed(line: EditedLine) -> bool:
    return (line.was_quantity, line.was_price, line.was_discount) != (line.quantity, line.unit_price, line.discount)


def _note(line: EditedLine, draft: EditDraft) -> tuple[tuple[str, str], ...]:
    """Return where further units come from and how many stay there, what is short, or why the price is another."""
    if line.short:
        have = ", ".join(f"{one.warehouse_id} {one.units:,}" for one in line.left) or "none anywhere"
        return ((f"▲ {line.short:,} short", "bad"), (f" · {have}", "bad"))
    if not line.quantity:
        return (("taken out", "muted"),)
    notes = []
    edit = draft.edit_of(line.line_no)
    if edit is not None and (edit.discount is not None or edit.unit_price is not None):
        what = shown_discount(edit.discount) or "price"
        notes.append(f"{what}: {edit.reason}" if edit.reason else what)
    if line.taken:
        notes.append(", ".join(f"{one.warehouse_id} {one.units:,} left" for one in line.left))
    elif line.freed:
        notes.append(", ".join(f"{one.warehouse_id} +{one.units:,}" for one in line.freed))
    return ((" · ".join(notes), "plain"),)


def total_rows(new: NewOrder, draft: EditDraft, width: int) -> list[SheetLine]:
    """Return what the order came to and will come to, and what else changes."""
    was, now = new.was, new.now
    tax = "Tax incl." if now.tax_included_amount else "Tax"
    parcels = f"parcels {was.parcels} → {now.parcels}" if was.parcels != now.parcels else ""
    rows: list[tuple[str, Decimal, Decimal, str]] = [
        ("Items", was.subtotal, now.subtotal, ""),
        ("Discount", -was.discount_amount, -now.discount_amount, _why(draft)),
        ("Shipping", was.shipping_amount, now.shipping_amount, parcels),
        (tax, was.tax_amount, now.tax_amount, ""),
    ]
    if was.credited_amount or now.credited_amount:
        rows.append(("Credited", -was.credited_amount, -now.credited_amount, "cancelled and returned"))
    rows.append(("Total", was.total_amount, now.total_amount, money_due(now, draft)))
    return [
        table_heading(AMOUNTS, width),
        *(table_row(AMOUNTS, _amounts(*row), width) for row in rows),
        SheetLine(),
        *_delivery(new, draft),
    ]


def _amounts(label: str, was: Decimal, now: Decimal, note: str) -> tuple[Cell, ...]:
    shown: Cell = Runs(((f"{now:,.2f}", "warn" if was != now else "plain"),))
    return (label, was, shown, Runs(((note, "strong" if label == "Total" else "muted"),)))


def _why(draft: EditDraft) -> str:
    off = draft.changes.discount
    if off is None:
        return ""
    return " on the order: ".join(part for part in (shown_discount(off) or "none", draft.changes.reason) if part)


def money_due(now: Amounts, draft: EditDraft) -> str:
    """Return what is left to collect or to give back, and how it is paid."""
    by = f", {draft.order.payment_method}" if draft.order.payment_method else ""
    if now.owed > 0:
        return f"{now.owed:,.2f} to collect{by}"
    return f"{-now.owed:,.2f} to give back{by}" if now.owed < 0 else "nothing due"


def _delivery(new: NewOrder, draft: EditDraft) -> list[SheetLine]:
    changes = draft.changes
    same = dict(new.billing_address) == dict(new.shipping_address)
    rows = (
        ("Ship to", address_line(new.shipping_address), changes.shipping_address is not None),
        ("Bill to", "the same" if same else address_line(new.billing_address), changes.billing_address is not None),
        ("Shipping", new.shipping_method, changes.shipping_method is not None),
        ("Notes", new.notes, changes.notes is not None),
    )
    return facts([(("* " if changed else "") + label, text) for label, text, changed in rows], label_width=11)


def aside_rows(new: NewOrder, line: EditedLine | None, width: int) -> list[SheetLine]:
    """Return the pane of wide terminals: everything that changes, and the stock of the line under the bar."""
    rows = [heading("Changes", width)]
    for change in new.changed:
        rows.append(SheetLine((Piece(change.label, "muted"),)))
        rows.append(SheetLine((Piece(f"  {change.was}"), Piece(f" → {change.now}", "strong"))))
    if not new.changed:
        rows.append(SheetLine((Piece("Nothing yet.", "muted"),)))
    if line is not None:
        rows.append(heading("Stock then", width, line.sku))
        rows += [SheetLine((Piece(f"{one.warehouse_id:<10}{one.units:>8,}"),)) for one in line.left]
        if not line.left:
            rows.append(SheetLine((Piece("none", "muted"),)))
    return rows


def sentence(made: OrderEdited, draft: EditDraft) -> str:
    """Return the one sentence of what the edit does and what it costs."""
    parts = [part for line in made.lines if (part := _told(line))]
    names = {"shipping_address": "address", "billing_address": "billing address", "shipping_method": "shipping"}
    other = [names.get(change.field, change.label) for change in made.changed if not change.field.startswith("line:")]
    if other:
        parts.append(f"changes {' and '.join(other)}")
    first = f"{'; '.join(parts)}." if parts else "Changes nothing."
    was, now = made.was.total_amount, made.now.total_amount
    total = f"Total {was:,.2f} → {now:,.2f} {made.currency}" if was != now else f"Total stays {now:,.2f}"
    after = "Nothing is charged now; another edit changes it back."
    return f"{first[:1].upper()}{first[1:]} {total}; {money_due(made.now, draft)}. {after}"


def _told(line: EditedLine) -> str:
    if not line.quantity:
        return f"takes out {line.sku}{_places(' back to ', line.freed)}"
    if not line.was_quantity:
        return f"adds {line.quantity:,} × {line.sku}{_places(' from ', line.taken)}"
    more = line.quantity - line.was_quantity
    parts = []
    if more:
        where = _places(" from ", line.taken) if more > 0 else _places(" back to ", line.freed)
        parts.append(f"{abs(more):,} {line.sku} {'more' if more > 0 else 'fewer'}{where}")
    if line.unit_price != line.was_price:
        parts.append(f"{line.sku} at {line.unit_price:,.2f}")
    if line.discount != line.was_discount and (line.discount - line.was_discount) * (more or 1) != 0:
        parts.append(f"{line.discount:,.2f} off {line.sku}")
    return ", ".join(parts)


def _places(word: str, units: Sequence[WarehouseUnits]) -> str:
    return word + " and ".join(one.warehouse_id for one in units) if units else ""
