"""Make the pictures of the documentation: ``python -m tests.snapshots.pictures docs`` (or ``make pictures``).

Engines of its own in a folder that is removed afterwards, the demo's shop at one moment, one SVG per screen. The same
program makes the same pictures, so what changed in them is what changed on the screens.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from data.local import bring_down
from data.settings import Settings
from tests.screens.conftest import Running
from tests.snapshots.frozen import frozen, tell
from tests.snapshots.ways import PICTURES, Picture, at_rest
from tui.app import Shell

if TYPE_CHECKING:
    from data.shop import Shop


async def draw(shop: Shop, picture: Picture) -> str:
    """Go the picture's way in ``shop`` and return what is seen then, as SVG. To be called within ``frozen()``."""
    app = Shell(shop.settings, lambda report: shop)
    async with app.run_test(size=picture.size) as pilot:
        desk = Running(app, pilot)
        await app.settled()
        await desk.sees("0.2s  P M S R C")
        await picture.way(desk)
        await at_rest(desk)
        svg = app.export_screenshot(title=f"Storekeeper: {picture.name}")
    svg = re.sub(r"terminal-\d+-", f"{picture.name}-", svg)  # the drawing's own ids are random
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # a page that is read asks no other server for fonts
    return svg.replace("Fira Code, monospace", "DejaVu Sans Mono, Menlo, Consolas, monospace")


def main(folder: Path) -> None:
    """Write every picture into ``folder``."""
    with tempfile.TemporaryDirectory(prefix="shop-pictures-") as home, frozen():
        settings = Settings(home=Path(home, "home"), relay=False)
        try:
            shop = tell(settings)
            for picture in PICTURES:
                print(picture.name, file=sys.stderr)
                Path(folder, f"{picture.name}.svg").write_text(asyncio.run(draw(shop, picture)), encoding="utf-8")
            shop.close()
        finally:
            bring_down(settings)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
