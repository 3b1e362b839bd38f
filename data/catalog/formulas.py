"""Texts that a spreadsheet would run: made harmless where a CSV is written, and themselves again where one is read."""

from __future__ import annotations

__all__ = ["defused", "restored"]

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def defused(text: str) -> str:
    """Return ``text`` with an apostrophe in front where a spreadsheet would take it for a formula.

    A text that begins with an apostrophe gets one, too, so that ``restored`` always gives back what went in.
    """
    return f"'{text}" if text.startswith((*_STARTS, "'")) else text


def restored(text: str) -> str:
    """Return what ``defused`` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith((*_STARTS, "'")) else text
