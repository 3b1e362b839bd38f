"""How boxes look while they are packed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.order.pack import Share
from widgets.cells import Column, Runs
from widgets.sheet import SheetLine, heading, table_row

if TYPE_CHECKING:
    from screens.order.pack import Box, Packing

#: what a line of a box hands back: the box's number, and the share
Place = tuple[int, Share]

_LINES = (
    Column("sku", "SKU", 12),
    Column("title", "Title", 20, flex=1),
    Column("state", "", 9),
    Column("units", "In box", 4, right=True),
    Column("left", "Of", 8),
)


def pack_lines(packing: Packing, width: int) -> list[SheetLine]:
    """Return a section for each box, then what lies in warehouses without one."""
    lines: list[SheetLine] = []
    for number, box in enumerate(packing.boxes):
        lines.append(heading(f"Box {number + 1} · {box.warehouse_id}", width, _label(box)))
        for share in packing.here(box.warehouse_id):
            units = box.units.get(share.order_item_id, 0)
            key = f"box:{number}:{share.order_item_id}"
            tone = "strong" if units else "muted"
            cells = (share.sku, share.title, share.state, Runs(((f"{units}", tone),)), f"of {share.left}")
            lines.append(table_row(_LINES, cells, width, key, (number, share)))
    for place in packing.unpacked:
        lines.append(heading(f"No box · {place}", width, "n packs one"))
        for share in packing.here(place):
            cells = (share.sku, share.title, share.state, Runs((("–", "muted"),)), f"of {share.left}")
            lines.append(table_row(_LINES, cells, width, f"left:{share.order_item_id}", share))
    return lines


def place_of(line: SheetLine | None) -> Place | None:
    """Return box and share of the line under the bar, ``None`` where it is in no box."""
    what = line.what if line is not None else None
    return (what[0], what[1]) if isinstance(what, tuple) else None


def _label(box: Box) -> str:
    return " ".join(part for part in (box.carrier, box.tracking_number) if part) or "t writes the label"
