"""Pictures of catalog, product, warehouse and movements."""

from __future__ import annotations

import pytest

from tests.screens.conftest import Running
from tests.snapshots.conftest import Picture

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])


async def catalog(desk: Running) -> None:
    await desk.press("g", "p")
    await desk.sees("154 found")


async def found(desk: Running) -> None:
    await catalog(desk)
    await desk.type("/wirless sort:price")  # by a key: equal matches have no order of their own
    await desk.sees('"wirless" read as "wireless"')
    await desk.press("enter")


async def facets(desk: Running) -> None:
    await catalog(desk)
    await desk.press("f", "down", "space")
    await desk.sees("▣")


@SIZES
@pytest.mark.parametrize("way", [catalog, found, facets], ids=lambda way: way.__name__)
def test_catalog(picture: Picture, way, size: tuple[int, int]) -> None:
    picture(way, size)


async def product(desk: Running) -> None:
    await catalog(desk)
    await desk.press("enter")
    await desk.sees("Attributes", "Stock")


async def edit(desk: Running) -> None:
    await product(desk)
    await desk.press("e")
    await desk.sees("Edit ")


@SIZES
@pytest.mark.parametrize("way", [product, edit], ids=lambda way: way.__name__)
def test_product(picture: Picture, way, size: tuple[int, int]) -> None:
    picture(way, size)


async def warehouse(desk: Running) -> None:
    await desk.press("g", "w")
    await desk.sees("levels")


async def low(desk: Running) -> None:
    await warehouse(desk)
    await desk.press("2")
    await desk.sees("/ low", "▲")


async def adjust(desk: Running) -> None:
    await warehouse(desk)
    await desk.press("a", "x", "ctrl+s")
    await desk.sees("Adjust")


@SIZES
@pytest.mark.parametrize("way", [warehouse, low, adjust], ids=lambda way: way.__name__)
def test_warehouse(picture: Picture, way, size: tuple[int, int]) -> None:
    picture(way, size)


async def movements(desk: Running) -> None:
    await warehouse(desk)
    await desk.press("enter")
    await desk.sees("Movements", "receive")


@SIZES
def test_movements(picture: Picture, size: tuple[int, int]) -> None:
    picture(movements, size)
