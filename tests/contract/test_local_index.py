"""What only an index in a folder promises: one writer at a time, a layout of its own, and files that may be damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from data.errors import Unavailable
from data.search.engine import SearchEngine
from data.search.language import parse_query
from data.search.urls import open_engine
from tests.contract.test_search import small

PRODUCT = f"{1:024x}"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of an empty index."""
    return f"tantivy://{tmp_path}/search"


@pytest.fixture
def engine(url: str) -> Iterator[SearchEngine]:
    with closing(open_engine(url)) as engine:
        yield engine


def test_a_second_writer_is_refused_and_readers_are_not(engine: SearchEngine, url: str) -> None:
    engine.put_many([small(1, "thing")])
    engine.commit()
    with closing(open_engine(url)) as other:
        assert other.count() == 1
        with pytest.raises(Unavailable, match="another process is writing"):
            other.put_many([small(1, "thing", revision=2)])
        engine.close()
        assert other.put_many([small(1, "thing", revision=2)]) == 1
        other.commit()
    with closing(open_engine(url)) as again:
        assert again.versions([PRODUCT]) == {PRODUCT: 2}


def test_stored_documents_lie_in_small_blocks(engine: SearchEngine, tmp_path: Path) -> None:
    engine.put_many([small(1, "thing")])
    engine.commit()
    (described,) = tmp_path.rglob("meta.json")
    assert json.loads(described.read_bytes())["index_settings"]["docstore_blocksize"] == 4_096
    assert [hit.title for hit in engine.search(parse_query("")).hits] == ["thing"]


def test_an_index_of_another_layout_is_built_anew(url: str, tmp_path: Path) -> None:
    with closing(open_engine(url)) as engine:
        engine.put_many([small(1, "thing")])
    pointer = next(tmp_path.rglob("CURRENT"))
    folder = pointer.parent / pointer.read_text()
    folder.rename(folder.with_name("layout0-000001"))
    pointer.write_text("layout0-000001")
    with closing(open_engine(url)) as engine:
        assert engine.count() == 0
        assert engine.put_many([small(1, "thing")]) == 1
        engine.commit()
        assert engine.count() == 1
    assert not (folder.with_name("layout0-000001")).exists()


def test_a_damaged_index_is_unavailable_not_a_crash(url: str, tmp_path: Path) -> None:
    with closing(open_engine(url)) as engine:
        engine.put_many(small(number, "thing") for number in range(50))
    pointer = next(tmp_path.rglob("CURRENT"))
    for file in (pointer.parent / pointer.read_text()).glob("*.*"):
        if file.suffix not in {".json", ".lock"}:
            file.write_bytes(b"\0" * 100)
    with closing(open_engine(url)) as engine:
        health = engine.health()
        assert not health.ok
        assert health.detail
        with pytest.raises(Unavailable):
            engine.search(parse_query("thing"))
