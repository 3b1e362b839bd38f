"""Making documents of stored orders: read, lay out, save to a file or hand to the print command.

A document is a read: it changes nothing and needs what seeing the order needs.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from data.documents.content import KINDS, invoice, packing_slip, pick_list
from data.documents.text import paper_text
from data.errors import Invalid
from data.notes.reads import public_notes
from data.orders.reads import get_order
from data.piping import pipe, words_of
from data.tables import write_file

if TYPE_CHECKING:
    from data.documents.paper import Paper
    from data.shop import Shop

__all__ = ["FORMATS", "Document", "make_document", "make_paper", "print_document", "save_document"]

FORMATS = ("pdf", "text")
_ENDINGS = {"pdf": ".pdf", "text": ".txt"}
#: A print command that waits for somebody must not hold a worker for ever.
_PATIENCE = 30.0


@dataclass(frozen=True)
class Document:
    """A document as bytes. ``missing`` are the characters that no font has: on the paper they stand as ``[U+…]``."""

    name: str
    title: str
    content: bytes
    missing: tuple[str, ...] = ()


def make_document(shop: Shop, refs: Sequence[str], kind: str, *, format: str = "pdf", warehouse: str = "") -> Document:
    """Return the document ``kind`` of the orders ``refs`` (numbers or ids); only a pick list takes several.

    Raises ``NotFound`` (an order), ``Invalid`` (kind, format, nothing to pack or to pick).
    """
    if kind not in KINDS:
        raise Invalid({"kind": f"{kind!r} is not one of {', '.join(KINDS)}"})
    if format not in FORMATS:
        raise Invalid({"format": f"{format!r} is not one of {', '.join(FORMATS)}"})
    paper = _paper(shop, tuple(dict.fromkeys(refs)), kind, warehouse)
    name = paper.file_name + _ENDINGS[format]
    if format == "text":
        return Document(name, paper.title, paper_text(paper).encode("utf-8", "replace"))
    from data.documents.pdf import paper_pdf  # fonts and layout cost a second to load; text does without

    printed = paper_pdf(paper)
    return Document(name, paper.title, printed.content, printed.missing)


def _paper(shop: Shop, refs: Sequence[str], kind: str, warehouse: str) -> Paper:
    if not refs:
        raise Invalid({"orders": "say at least one order"})
    if kind == "pick-list":
        orders = [get_order(shop.stores.postgres, ref) for ref in refs]
        return pick_list(orders, warehouse=warehouse, now=datetime.now(UTC))
    if len(refs) > 1:
        raise Invalid({"orders": f"{KINDS[kind].lower()}s are made one by one; only a pick list takes several orders"})
    return make_paper(shop, refs[0], kind, warehouse=warehouse)


def make_paper(shop: Shop, ref: str, kind: str, *, warehouse: str = "") -> Paper:
    """Return the invoice or, else, the packing slip of an order. Raises ``NotFound``, ``Invalid`` (nothing to pack)."""
    postgres, sender = shop.stores.postgres, _sender(shop.settings.seller)
    order = get_order(postgres, ref)
    if kind == "invoice":
        return invoice(order, sender=sender)
    notes = public_notes(postgres, order.order_id)
    return packing_slip(order, sender=sender, notes=notes, warehouse=warehouse)


def _sender(seller: str) -> tuple[str, ...]:
    return tuple(line for part in seller.split("|") if (line := part.strip()))


def save_document(document: Document, path: Path) -> Path:
    """Write ``document`` to ``path``, or under its own name into the folder ``path``; return the file.

    Raises ``Invalid`` where that cannot be written.
    """
    target = path.expanduser()
    target = target / document.name if target.is_dir() else target
    write_file(target, [document.content])
    return target


def print_document(shop: Shop, document: Document) -> str:
    """Give ``document`` to the print command's standard input; return what ran.

    Raises ``Invalid`` where no command is set and ``CommandFailed`` where it does not end well within 30 s. No shell
    reads the command, and nothing of the order stands in it.
    """
    words = words_of("print_command", shop.settings.print_command)
    if not words:
        raise Invalid({"print_command": "no print command is set; set print_command (lp), or save to a file"})
    pipe(words, document.content, patience=_PATIENCE)
    return shlex.join(words)
