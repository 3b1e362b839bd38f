"""A paper as data: a title and blocks, laid out by ``data.documents.text`` and ``data.documents.pdf``. Pure.

One model and two layouts. Rejected: a template language, which would be a second place where stored text has to be made
inert, and which nobody here could check with a type.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["Block", "Column", "Facts", "Lines", "Paper", "Sums", "Table"]


@dataclass(frozen=True)
class Column:
    """One column of a table; ``width`` is its share of the paper's width, of 100 for all columns together."""

    label: str
    width: int
    right: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under headings; every row has one text for each column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Facts:
    """Named texts under each other; a text may have several lines."""

    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Lines:
    """Running text under a heading, which may be empty."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Sums:
    """Amounts at the right, added up to the last row, which is set strong."""

    rows: tuple[tuple[str, str], ...]


Block = Table | Facts | Lines | Sums


@dataclass(frozen=True)
class Paper:
    """One document. ``sender`` are the seller's lines; ``dated`` is when what it says was so, in UTC."""

    kind: str
    title: str
    reference: str
    dated: datetime
    sender: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = field(default_factory=tuple)
    footer: str = ""

    @property
    def file_name(self) -> str:
        """The name a file of it gets, without an ending."""
        return f"{self.kind}-{self.reference}"

    def texts(self) -> str:
        """Return every text on it, one behind the other: what a font has to show."""
        parts = [self.title, self.reference, *self.sender, self.footer]
        for block in self.blocks:
            match block:
                case Table():
                    parts += [column.label for column in block.columns]
                    parts += [cell for row in block.rows for cell in row]
                case Facts():
                    parts += [text for name, lines in block.rows for text in (name, *lines)]
                case Lines():
                    parts += [block.heading, *block.lines]
                case Sums():
                    parts += [text for row in block.rows for text in row]
        return "".join(parts)
