"""A screen that does not repaint all of itself when the focus moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import Reactive

if TYPE_CHECKING:
    from textual.widget import Widget


class QuietFocus:
    """Mix in before ``Screen``: Textual declares ``focused`` as repainting, which costs 5 KB per change of focus."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
