"""The first paint waits for no store: none is imported, none is connected."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

_LOOK = """
import asyncio, json, sys
from pathlib import Path
from data.settings import Settings
from tui.app import Shell

painted = {}

def opener(report):
    painted["modules"] = sorted(sys.modules)
    painted["text"] = [strip.text for strip in app.screen._compositor.render_strips()]
    raise RuntimeError("enough seen")

app = Shell(Settings(home=Path("/nonexistent")), opener)

async def look():
    async with app.run_test(size=(80, 24)) as pilot:
        while "text" not in painted:
            await pilot.pause(0.01)

asyncio.run(look())
print(json.dumps(painted))
"""
HEAVY = (
    "sqlalchemy", "psycopg", "pymongo", "redis", "tantivy", "elasticsearch", "clickhouse_driver", "chdb", "alembic",
    "rapidfuzz", "tenacity", "click", "data.stores.postgres", "data.search.engine", "data.local.client", "data.shop",
)  # fmt: skip


@pytest.fixture(scope="module")
def painted() -> dict[str, list[str]]:
    """The modules imported and the screen painted when the shop begins to be opened."""
    done = subprocess.run(
        [sys.executable, "-c", _LOOK], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seen: dict[str, list[str]] = json.loads(done.stdout)
    return seen


def test_the_dashboard_is_painted_before_the_shop_is_opened(painted: dict[str, list[str]]) -> None:
    assert painted["text"][0].startswith("Storekeeper › Today")
    assert painted["text"][0].rstrip().endswith("P M S R C")
    assert painted["text"][23].strip(), "the key bar is empty"


@pytest.mark.parametrize("module", HEAVY)
def test_no_store_is_imported_before_the_first_paint(painted: dict[str, list[str]], module: str) -> None:
    loaded = [name for name in painted["modules"] if name == module or name.startswith(module + ".")]
    assert loaded == []


_LOAD_ALL = """
import sys
import tui.main, tui.app, tui.health, tui.opening
import data.shop, data.door, data.access.commands, data.events.reads
import data.stores.postgres, data.stores.mongo, data.stores.redis, data.stores.chdb_client, data.search.tantivy.engine
from screens.places import PLACES

for place in PLACES:
    place.screen_class()
print(*sys.modules)
"""
#: Costs megabytes, and no screen needs it: what maps classes for sessions, drivers of engines that are not those of
#: this machine, what only migrations, papers or another process use, and what rich and Textual have for others.
UNUSED = (
    "sqlalchemy.orm", "elasticsearch", "elastic_transport", "clickhouse_driver", "chdb", "_chdb", "alembic", "psutil",
    "numpy", "pandas", "pyarrow", "fontTools", "pygments", "markdown_it", "tree_sitter", "rich.markdown",
    "rich.traceback",
)  # fmt: skip


def test_no_screen_and_no_local_store_loads_what_it_does_not_use() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOAD_ALL], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )
    assert set(done.stdout.split()) & set(UNUSED) == set()


def test_widgets_know_no_store() -> None:
    """Importing every widget brings nothing of ``data`` but the two kernel modules that widgets may use."""
    names = [f"widgets.{file.stem}" for file in Path(ROOT, "widgets").glob("*.py") if file.stem != "__init__"]
    code = (
        f"import sys, importlib\nfor name in {names!r}: importlib.import_module(name)\n"
        "print(*[name for name in sys.modules if name.startswith('data.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )
    assert set(done.stdout.split()) <= {"data.types", "data.text"}
