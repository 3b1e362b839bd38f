"""A paper as PDF: A4, text only, fonts embedded as subsets, no script, no link, no form, nothing that acts.

Every string goes through ``fonts.Fitted.text`` and then into the page as numbers of glyphs, so stored text cannot end a
PDF string or begin an object. The same paper gives the same bytes. fpdf2 rather than reportlab: it falls back from font
to font by character and shapes Arabic, Hebrew, Thai and Indic text.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from fpdf import FPDF

from data.documents.fonts import Fitted, fit
from data.documents.paper import Column, Facts, Lines, Paper, Sums, Table

__all__ = ["Printed", "paper_pdf", "papers_pdf"]

_MARGIN, _LINE, _SMALL = 15.0, 5.2, 9
_TITLE, _NAMES, _AMOUNT = 16, 30.0, 34.0
# fpdf2 and fontTools tell the log about tables they drop from a subset: nothing anybody here can act on.
logging.getLogger("fontTools").setLevel(logging.ERROR)
logging.getLogger("fpdf").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Printed:
    """The file's bytes, and the characters on it that no font has (they stand as ``[U+…]``)."""

    content: bytes
    missing: tuple[str, ...]


def paper_pdf(paper: Paper) -> Printed:
    """Return ``paper`` as a PDF."""
    return papers_pdf((paper,))


def papers_pdf(papers: Sequence[Paper]) -> Printed:
    """Return ``papers``, one or more, as one PDF; each begins on a page of its own."""
    fitted = fit("".join(paper.texts() for paper in papers))
    sheet = _Sheet(papers[0], fitted)
    for paper in papers:
        sheet.fill(paper)
    return Printed(bytes(sheet.output()), fitted.missing)


class _Sheet(FPDF):
    """The pages of one paper after another; the methods below lay out one kind of block each."""

    def __init__(self, paper: Paper, fitted: Fitted) -> None:
        super().__init__(format="A4")
        self._paper, self._fitted = paper, fitted
        self.set_margin(_MARGIN)
        self.set_auto_page_break(True, margin=20)
        for font in fitted.fonts:
            self.add_font(font.name, fname=font.path)
        self.set_fallback_fonts([font.name for font in fitted.fonts[1:]], exact_match=False)
        self.set_text_shaping(True)
        self.set_title(fitted.text(paper.file_name))
        self.set_producer("Storekeeper")
        self.set_creation_date(paper.dated)

    def footer(self) -> None:
        """Reference and page, on every page; called by fpdf2."""
        self.set_y(-14)
        self.set_font("sans", size=8)
        self.cell(0, 5, self._shown(f"{self._paper.reference} · {self.page_no()}/{{nb}}"), align="R")

    def fill(self, paper: Paper) -> None:
        """Lay ``paper`` out, from a new page on."""
        self.add_page()  # ends the page before, with the reference of its own paper
        self._paper = paper
        self.set_font("sans", size=_SMALL)
        for line in self._paper.sender:
            self._text(line)
        self.ln(4)
        self.set_font("sans", size=_TITLE)
        self._text(f"{self._paper.title} {self._paper.reference}", _LINE * 1.8)
        self.set_font("sans", size=_SMALL)
        for block in self._paper.blocks:
            self.ln(3)
            match block:
                case Facts():
                    self._facts(block)
                case Table():
                    self._table(block)
                case Lines():
                    self._lines(block)
                case Sums():
                    self._sums(block)
        if self._paper.footer:
            self.ln(5)
            self._text(self._paper.footer)

    def _shown(self, text: str) -> str:
        return self._fitted.text(text)

    def _text(self, text: str, height: float = _LINE) -> None:
        self.multi_cell(0, height, self._shown(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def _facts(self, facts: Facts) -> None:
        for name, texts in facts.rows:
            self.cell(_NAMES, _LINE, self._shown(name))
            self.multi_cell(0, _LINE, self._shown("\n".join(texts)), align="L", new_x="LMARGIN", new_y="NEXT")

    def _lines(self, lines: Lines) -> None:
        if lines.heading:
            self.set_font_size(11)
            self._text(lines.heading, _LINE * 1.3)
            self.set_font_size(_SMALL)
        for text in lines.lines:
            self._text(text)

    def _sums(self, sums: Sums) -> None:
        for at, (name, amount) in enumerate(sums.rows):
            last = at == len(sums.rows) - 1
            self.set_font_size(11 if last else _SMALL)
            self.cell(self.epw - _AMOUNT, _LINE, self._shown(name), align="R")
            self.cell(_AMOUNT, _LINE, self._shown(amount), align="R", new_x="LMARGIN", new_y="NEXT", border="T" * last)
        self.set_font_size(_SMALL)

    def _table(self, table: Table) -> None:
        self._row(table.columns, [column.label for column in table.columns])
        for row in table.rows:
            self._row(table.columns, row)

    def _row(self, columns: Sequence[Column], row: Sequence[str]) -> None:
        """Lay out one row: its cells side by side, each in as many lines as it needs, a thin rule below."""
        widths = [self.epw * column.width / 100 for column in columns]
        cells = [self._broken(self._shown(text), width) for text, width in zip(row, widths, strict=True)]
        lines = max(map(len, cells))
        if self.will_page_break(min(lines, 3) * _LINE):
            self.add_page()
            self.set_font("sans", size=_SMALL)
        for at in range(lines):
            for column, width, cell in zip(columns, widths, cells, strict=True):
                self.cell(width, _LINE, cell[at] if at < len(cell) else "", align="R" if column.right else "L")
            self.ln(_LINE)
        self.set_draw_color(180)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.set_draw_color(0)

    def _broken(self, text: str, width: float) -> list[str]:
        """Return ``text`` in lines that fit into ``width`` (mm); measuring is for texts that may not fit."""
        if len(text) * 4 <= width and "\n" not in text:
            return [text]
        lines = self.multi_cell(width - 2, _LINE, text, dry_run=True, output="LINES", align="L")
        assert isinstance(lines, list)
        return lines
