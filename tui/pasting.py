"""Pasted text arrives whole, also where it holds an escape character.

Textual's parser looks for keys inside a bracketed paste too: what follows an escape character there is taken out of the
text and done as keys. A paste that came from somewhere else must neither lose rows nor press anything; so between its
two marks the character becomes its symbol, ``␛``, which every field shows and refuses where it does not belong.

Shape: a parser of ours in the place of Textual's, whose version is pinned exactly. Rejected: a driver of ours, which
would be a copy of the thread that reads. A paste that holds the closing mark itself is over there, for every program.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._xterm_parser import BRACKETED_PASTE_END as END
from textual._xterm_parser import BRACKETED_PASTE_START as START
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

_ESCAPE, _SYMBOL = "\x1b", "␛"


class PasteParser(XTermParser):
    """Textual's parser, fed with pastes that hold no escape character."""

    def __init__(self, debug: bool = False) -> None:
        self._pasting = False
        #: the last characters before, where a mark may have begun: outside a paste passed on, inside one held back
        self._before = ""
        super().__init__(debug)

    def feed(self, data: str) -> Iterable[Message]:
        """Return the events of ``data``; ``""`` is the end of all."""
        clean = "".join(self._clean(data))
        return super().feed(clean) if clean or not data else ()

    def _clean(self, data: str) -> Iterable[str]:
        while data:
            part, data = self._paste(data) if self._pasting else self._keys(data)
            yield part

    def _keys(self, data: str) -> tuple[str, str]:
        """Return what is typed up to the paste, and the rest."""
        joined = self._before + data
        at = joined.find(START)
        if at < 0:
            self._before = joined[1 - len(START) :]
            return data, ""
        begins = at + len(START) - len(self._before)
        self._pasting, self._before = True, ""
        return data[:begins], data[begins:]

    def _paste(self, data: str) -> tuple[str, str]:
        """Return what is pasted up to its end, and the rest."""
        data = self._before + data
        text, mark, rest = data.partition(END)
        self._pasting, self._before = not mark, ""
        if not mark:
            held = next((size for size in range(len(END) - 1, 0, -1) if text.endswith(END[:size])), 0)
            text, self._before = text[: len(text) - held], text[len(text) - held :]
        return text.replace(_ESCAPE, _SYMBOL) + mark, rest


def take_pastes_whole() -> None:
    """Let the terminal's driver read with this parser; before the program runs."""
    linux_driver.XTermParser = PasteParser  # type: ignore[attr-defined]
