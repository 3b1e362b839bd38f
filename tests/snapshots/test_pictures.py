"""The documentation shows every screen: each picture can be taken, is kept in docs/, and stands on a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from screens.places import PLACES
from tests.snapshots.frozen import frozen
from tests.snapshots.pictures import draw
from tests.snapshots.ways import PICTURES, Picture

if TYPE_CHECKING:
    from data.shop import Shop

ROOT = Path(__file__).parents[2]
PAGES = "\n".join(page.read_text(encoding="utf-8") for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def test_every_screen_has_a_picture_and_every_picture_a_page() -> None:
    names = {picture.name for picture in PICTURES}
    assert {place.name for place in PLACES} <= names
    for name in names:
        assert (ROOT / "docs" / f"{name}.svg").is_file(), f"make pictures makes docs/{name}.svg"
        assert re.search(rf"!\[[^\]]+\]\((?:docs/)?{re.escape(name)}\.svg\)", PAGES), f"no page shows {name}.svg"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
async def test_the_picture_can_be_taken(demo: Shop, picture: Picture) -> None:
    with frozen():
        svg = await draw(demo, picture)
    assert svg.startswith("<svg")
    assert "http" not in svg.replace("http://www.w3.org/", "").replace("https://www.textualize.io", "")
