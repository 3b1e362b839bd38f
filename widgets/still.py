"""A widget that has not changed is not rendered again.

Textual asks every visible widget for all its lines at each frame, even when one line of one widget changed; with nine
widgets on a screen that is a third of the cost of a cursor key. Here a widget without a dirty line hands out what it
rendered last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Region
from textual.strip import Strip

if TYPE_CHECKING:
    from textual.widget import Widget as _Base
else:
    # No Widget at run time: Textual takes bindings and component classes from the first base that is one.
    _Base = object


class Still(_Base):
    """Mix in before a Textual class; reads the line cache of the exactly pinned Textual."""

    _held: tuple[Region, list[Strip]] | None = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of ``crop``, those of last time if none is dirty."""
        cache = self._styles_cache
        held = self._held
        if held is not None and held[0] == crop and cache._cache and not cache._dirty_lines:
            return held[1]
        strips = super().render_lines(crop)
        self._held = (crop, strips)
        return strips
