"""Pictures of catalog, product, warehouse and movements."""

from __future__ import annotations

import pytest

from tests.snapshots import ways
from tests.snapshots.conftest import SIZES, Picture

WAYS = (
    *(ways.catalog, ways.found, ways.facets, ways.offered, ways.related),
    *(ways.product, ways.edit, ways.attributes, ways.dry_run, ways.sheet, ways.categories),
    *(ways.warehouse, ways.low, ways.adjust, ways.movements),
)


@SIZES
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_as_it_was(picture: Picture, way: ways.Way, size: tuple[int, int]) -> None:
    picture(way, size)
