"""Writing an index: versions, tombstones, one writer, many readers, a writer that is killed, a rebuild under way."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from data.errors import NotFound
from data.search.engine import SearchDocument, SearchEngine, Successor
from data.search.language import SearchQuery, parse_query
from data.search.urls import open_engine
from data.types import Progress
from tests import servers
from tests.contract.test_search import ENGINES, small


@pytest.fixture(params=list(ENGINES))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty index, of which no trace stays in a server."""
    url = ENGINES[request.param](tmp_path)
    yield url
    servers.drop_index(url)


@pytest.fixture
def engine(url: str) -> Iterator[SearchEngine]:
    with closing(open_engine(url)) as engine:
        yield engine


def one(revision: int, title: str = "thing", product: int = 1) -> SearchDocument:
    return small(product, title, revision=revision)


def product_id(product: int = 1) -> str:
    return f"{product:024x}"


def titles(engine: SearchEngine) -> list[str]:
    return sorted(hit.title for hit in engine.search(SearchQuery(), limit=500, facets=False).hits)


def test_an_index_that_was_never_written_is_empty(engine: SearchEngine) -> None:
    result = engine.search(parse_query("anything brand:x"))
    assert (result.total, result.hits) == (0, ())
    assert (engine.count(), engine.versions([product_id()]), engine.generation) == (0, {}, 0)
    assert engine.health().ok
    assert engine.suggest("a") == ()
    assert engine.attribute_names() == ()


def test_an_older_revision_never_overwrites_a_newer_one(engine: SearchEngine) -> None:
    assert engine.put_many([one(2, "second"), one(1, "first")]) == 1
    assert engine.put_many([one(1, "first"), one(2, "second again")]) == 0
    engine.commit()
    assert engine.put_many([one(1, "first")]) == 0
    assert engine.put_many([one(3, "third")]) == 1
    engine.commit()
    assert titles(engine) == ["third"]
    assert engine.versions([product_id(), product_id(2)]) == {product_id(): 3}
    assert engine.count() == 1


def test_the_newest_of_one_batch_wins(engine: SearchEngine) -> None:
    assert engine.put_many([one(1, "first"), one(3, "third"), one(2, "second")]) == 2
    engine.commit()
    assert titles(engine) == ["third"]


def test_a_deletion_is_remembered_against_late_writes(engine: SearchEngine) -> None:
    engine.put_many([one(5), one(1, "other", product=2)])
    engine.commit()
    assert engine.delete_many([(product_id(), 4)]) == 0
    assert engine.delete_many([(product_id(), 6)]) == 1
    assert engine.delete_many([(product_id(), 6)]) == 0
    engine.commit()
    assert engine.put_many([one(6, "late")]) == 0
    assert titles(engine) == ["other"]
    assert (engine.count(), engine.versions([product_id()])) == (1, {})
    assert engine.put_many([one(7, "back again")]) == 1
    engine.commit()
    assert titles(engine) == ["back again", "other"]
    assert engine.count() == 2


def test_a_deletion_of_what_was_never_seen_keeps_it_away(engine: SearchEngine) -> None:
    assert engine.delete_many([(product_id(), 3)]) == 1
    assert engine.put_many([one(2)]) == 0
    engine.commit()
    assert engine.put_many([one(3)]) == 0
    assert engine.count() == 0


def test_a_generation_for_every_commit(engine: SearchEngine) -> None:
    engine.put_many([one(1)])
    before = engine.commit()
    engine.put_many([one(1, product=2)])
    assert engine.generation == before
    assert engine.search(SearchQuery()).total == 1
    first = engine.commit()
    assert first > before
    assert engine.search(SearchQuery()).generation == engine.generation == first
    assert engine.commit() == first
    engine.put_many([one(2)])
    assert engine.commit() > first


def test_closing_commits(url: str) -> None:
    with closing(open_engine(url)) as engine:
        engine.put_many([one(1)])
    with closing(open_engine(url)) as engine:
        assert engine.count() == 1


WRITER = """
import sys
from data.search.urls import open_engine
from tests.contract.test_search import small

engine = open_engine(sys.argv[1])
for line in sys.stdin:
    start, end, commit = map(int, line.split())
    engine.put_many(small(number, f"thing {number}", revision=1) for number in range(start, end))
    print(engine.commit() if commit else 0, flush=True)
"""


@pytest.fixture
def writer(url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes products start..end on command and says when it is done."""
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    )
    yield process
    process.kill()
    process.communicate()


def tell(writer: subprocess.Popen[str], start: int, end: int, *, commit: bool = True) -> int:
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write(f"{start} {end} {int(commit)}\n")
    writer.stdin.flush()
    return int(writer.stdout.readline())


def test_the_very_next_search_sees_another_processs_commit(engine: SearchEngine, writer: subprocess.Popen[str]) -> None:
    for step in range(1, 12):
        generation = tell(writer, step * 10, step * 10 + 10)
        assert engine.search(SearchQuery(), facets=False).total == step * 10
        assert engine.generation == generation


def test_a_killed_writer_leaves_the_last_commit_and_its_place(
    engine: SearchEngine, writer: subprocess.Popen[str]
) -> None:
    tell(writer, 0, 100)
    tell(writer, 100, 5_000, commit=False)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert engine.count() == 100
    assert engine.search(parse_query("thing")).total == 100
    assert engine.put_many(small(number, "after", revision=2) for number in range(50, 150)) == 100
    engine.commit()
    # A cluster keeps what it took, also of a writer that never came to show it; a local index forgets it.
    assert engine.count() == (5_000 if servers.ELASTICSEARCH else 150)
    assert engine.search(parse_query("after")).total == 100


def test_a_writer_killed_at_any_moment_leaves_an_index_that_works(url: str) -> None:
    root = Path(__file__).parents[2]
    committed = 0
    with closing(open_engine(url)) as reader:
        for round_number in range(4):
            process = subprocess.Popen(
                [sys.executable, "-c", WRITER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
            )
            start = round_number * 1_000
            committed = max(committed, start + 200 if tell(process, start, start + 200) else 0)
            assert process.stdin is not None
            process.stdin.write("".join(f"{start + 200 + n} {start + 201 + n} 1\n" for n in range(200)))
            process.stdin.flush()
            for _ in range(round_number * 7):
                assert process.stdout is not None
                process.stdout.readline()
            process.kill()
            process.communicate()
            assert reader.count() >= 200 * (round_number + 1)
            assert reader.search(parse_query("thing")).total == reader.count()
    with closing(open_engine(url)) as engine:
        before = engine.count()
        assert engine.put_many([small(99_999, "one more")]) == 1
        engine.commit()
        # A cluster may have taken one write more, which its killed writer never came to show.
        assert engine.count() - before in ({1, 2} if servers.ELASTICSEARCH else {1})


def test_rebuild_replaces_the_index_at_once(engine: SearchEngine, url: str) -> None:
    engine.put_many(small(number, "old") for number in range(20))
    before = engine.commit()
    with closing(open_engine(url)) as reader:
        assert reader.search(parse_query("old")).total == 20
        steps: list[Progress] = []
        assert engine.rebuild((small(number, "new") for number in range(700)), report=steps.append) == 700
        assert [step.done for step in steps] == [500, 700]
        assert reader.search(parse_query("new")).total == 700
        assert reader.search(parse_query("old")).total == 0
        assert reader.generation == engine.generation > before
    assert engine.put_many([small(3, "newer", revision=2)]) == 1
    engine.commit()
    assert engine.search(parse_query("newer")).total == 1


def test_rebuild_loses_no_edit_and_brings_no_deleted_product_back(engine: SearchEngine) -> None:
    engine.put_many(small(number, "old") for number in range(10))
    engine.delete_many([(product_id(8), 5)])
    engine.commit()
    searched = []

    def documents() -> Iterator[SearchDocument]:
        # The feed goes on while the rebuild reads the catalog: what it reads may be older than what was just written.
        for number in range(10):
            if number == 5:
                engine.put_many([small(2, "edited", revision=9), small(7, "edited", revision=9)])
                engine.delete_many([(product_id(3), 9), (product_id(6), 9)])
                engine.commit()
            searched.append(engine.search(SearchQuery()).total)
            yield small(number, "read")

    assert engine.rebuild(documents()) == 7
    assert titles(engine) == ["edited"] * 2 + ["read"] * 5
    assert min(searched) >= 7
    assert engine.versions(product_id(number) for number in (2, 7)) == {product_id(2): 9, product_id(7): 9}
    assert engine.put_many([small(8, "late", revision=5)]) == 0


def test_a_rebuild_that_fails_changes_nothing(engine: SearchEngine) -> None:
    engine.put_many([small(1, "old")])
    engine.commit()

    def documents() -> Iterator[SearchDocument]:
        yield small(2, "new")
        raise RuntimeError("the catalog went away")

    with pytest.raises(RuntimeError, match="went away"):
        engine.rebuild(documents())
    assert titles(engine) == ["old"]
    assert engine.put_many([small(1, "newer", revision=2)]) == 1
    engine.commit()
    assert titles(engine) == ["newer"]
    assert engine.rebuild([small(3, "third")]) == 1


def test_searches_go_on_while_another_thread_writes_and_rebuilds(engine: SearchEngine) -> None:
    engine.put_many(small(number, f"thing {number}") for number in range(200))
    engine.commit()
    totals: list[int] = []
    done = threading.Event()
    failures: list[BaseException] = []

    def search() -> None:
        try:
            while not done.is_set():
                totals.append(engine.search(parse_query("thing")).total)
        except BaseException as error:  # noqa: BLE001  # told by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for revision in range(2, 6):
        engine.put_many(small(number, f"thing {number}", revision=revision) for number in range(200))
        engine.commit()
        engine.rebuild(small(number, f"thing {number}", revision=revision) for number in range(200))
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert set(totals) == {200}


def test_versions_are_kept_and_taken_back(engine: SearchEngine, url: str) -> None:
    assert engine.versions_kept() == ()
    with pytest.raises(NotFound):
        engine.roll_back()
    engine.put_many(small(number, "old") for number in range(10))
    engine.delete_many([(product_id(9), 5)])
    engine.commit()
    assert [(one.products, one.is_current) for one in engine.versions_kept()] == [(9, True)]
    engine.rebuild(small(number, "new") for number in range(8))
    current, before = engine.versions_kept()
    assert (current.products, current.is_current, before.products, before.is_current) == (8, True, 9, False)
    engine.delete_many([(product_id(7), 4)])
    generation = engine.commit()

    def bring_up_to_date(successor: Successor) -> None:
        assert successor.versions(map(product_id, range(10))) == {product_id(n): 1 for n in range(9) if n != 7}
        engine.put_many([small(1, "meanwhile", revision=3)])
        assert successor.put_many([small(2, "mended", revision=2)]) == 1
        assert successor.delete_many([(product_id(8), 2)]) == 1
        successor.commit()
        assert successor.search(parse_query("mended")).total == 1
        assert engine.search(parse_query("mended")).total == 0

    back = engine.roll_back(check=bring_up_to_date)
    assert (back.is_current, back.products) == (True, 7)
    with closing(open_engine(url)) as reader:
        assert titles(reader) == ["meanwhile", "mended"] + ["old"] * 5
        assert reader.generation == engine.generation != generation
        assert reader.generation > generation
    assert engine.put_many([small(9, "late", revision=5)]) == 0
    assert engine.roll_back().products == 8 - 1
    assert "new" in titles(engine)


def test_a_check_that_fails_leaves_the_old_index_in_use(engine: SearchEngine) -> None:
    engine.put_many([small(1, "old")])
    engine.commit()

    def refuse(successor: Successor) -> None:
        assert successor.count() == 2
        raise RuntimeError("two are one too many")

    with pytest.raises(RuntimeError, match="too many"):
        engine.rebuild([small(1, "new"), small(2, "new")], check=refuse)
    assert titles(engine) == ["old"]
    engine.rebuild([small(1, "new")])
    with pytest.raises(RuntimeError, match="too many"):
        engine.roll_back(check=lambda _: refuse_all())
    assert titles(engine) == ["new"]
    assert [one.is_current for one in engine.versions_kept()] == [True, False]
    engine.roll_back()
    assert titles(engine) == ["old"]


def refuse_all() -> None:
    raise RuntimeError("one is one too many")
