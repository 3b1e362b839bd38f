"""Pictures of the events screen: the letters, one of them mended, what replaying asks."""

from __future__ import annotations

import pytest

from tests.screens.conftest import Running
from tests.snapshots import ways
from tests.snapshots.conftest import SIZES, Picture


async def replay(desk: Running) -> None:
    await ways.events(desk)
    await desk.press("space", "space", "p")
    await desk.sees("Hands 2 events to the relay again")


async def whole(desk: Running) -> None:
    await ways.events(desk)
    await desk.press("enter")
    await desk.sees("─ Content")


@SIZES
@pytest.mark.parametrize("way", [ways.events, ways.letter, whole, replay], ids=lambda way: way.__name__)
def test_events(picture: Picture, way: ways.Way, size: tuple[int, int]) -> None:
    picture(way, size)
