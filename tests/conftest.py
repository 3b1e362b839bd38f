"""The stack the tests run on: real engines, one set per run, everything a test sees fresh and its own.

The controller of the run makes one private folder; the first test that needs a store starts the engines in it, the
others, in every worker, find them running. A run that ends in any way takes them along: the controller brings them
down, and should it be killed, the host sees its owner die and leaves. The person's own settings are never read.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from data.local import bring_down, ensure_up
from data.local.paths import Layout
from data.settings import Settings
from tests import servers

if TYPE_CHECKING:
    from data.shop import Shop
    from data.stores import Stores

_FOLDER, _OWNER = "SHOP_TESTS_FOLDER", "SHOP_TESTS_OWNER"
_TEMPLATE = "storekeeper_template"
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Make the run's folder and forget the person's settings; workers inherit both through the environment."""
    if hasattr(config, "workerinput"):
        return
    if os.environ.get("STOREKEEPER_TORTURE") == "1":  # the torture tests at their full size
        os.environ["SHOP_TESTS_TORTURE"] = "1"
    for variable in [name for name in os.environ if name.startswith(("STOREKEEPER_", "XDG_"))]:
        del os.environ[variable]
    folder = tempfile.mkdtemp(prefix="shop-tests-")
    os.environ[_FOLDER], os.environ[_OWNER] = folder, str(os.getpid())
    os.environ["HOME"] = str(Path(folder, "user"))
    Path(folder, "user").mkdir()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Bring the run's engines down and remove its folder."""
    folder = os.environ.get(_FOLDER)
    if hasattr(config, "workerinput") or folder is None:
        return
    bring_down(_stack_settings())
    shutil.rmtree(folder, ignore_errors=True)


def _stack_settings() -> Settings:
    return Settings(home=Path(os.environ[_FOLDER], "stack"), relay=False)


@contextmanager
def _one_at_a_time(name: str) -> Iterator[None]:
    """Hold a lock that all workers of the run share."""
    with Path(os.environ[_FOLDER], f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def stack() -> Settings:
    """The run's engines, up, with a migrated database to copy. Tests use ``settings``, not this."""
    from data import migrations

    settings = _stack_settings()
    status = ensure_up(settings, owner=int(os.environ[_OWNER]))
    assert status.ok, status
    with _one_at_a_time("template"):
        if not _sql(settings, f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"):
            _sql(settings, "CREATE DATABASE half_made")
            migrations.upgrade(_postgres_url(settings, "half_made"))
            _sql(settings, f"ALTER DATABASE half_made RENAME TO {_TEMPLATE}")
    return settings


def _postgres_url(settings: Settings, database: str, user: str = "storekeeper") -> str:
    socket = quote(str(Layout(settings.home).socket("postgresql")))
    return f"postgresql:///{database}?host={socket}&user={user}"


def _sql(settings: Settings, statement: str, user: str = "storekeeper") -> list[tuple[object, ...]]:
    """Run one statement beside the databases of the tests; ``postgres`` is nobody's."""
    import psycopg

    with psycopg.connect(_postgres_url(settings, "postgres", user), autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


def _worker() -> int:
    """Return this worker's number, 0 where the run has none."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@pytest.fixture
def settings(stack: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Settings for databases of this test alone, in every store: the books migrated, everything empty."""
    with databases(stack, tmp_path) as made:
        yield made


@contextmanager
def databases(stack: Settings, folder: Path) -> Iterator[Settings]:
    """Make databases in every store of ``stack``, the books migrated, everything empty; drop them in the end."""
    layout, name = Layout(stack.home), f"test_{_worker()}_{next(_numbers)}"
    database = 2 * _worker()  # Redis has numbers, not names: two for each worker, emptied before and after
    socket = {store: quote(str(layout.socket(store))) for store in ("redis", "clickhouse")}
    made = Settings(
        home=folder / "home",
        postgres_url=_postgres_url(stack, name),
        mongodb_url=f"mongodb://{quote(str(layout.socket('mongodb')), safe='')}/{name}?directConnection=true",
        search_url=servers.fresh_index() if servers.ELASTICSEARCH else f"tantivy://{quote(str(folder / 'search'))}",
        redis_url=f"{servers.REDIS}/{database}" if servers.REDIS else f"unix://{socket['redis']}?db={database}",
        clickhouse_url=f"chdb://{socket['clickhouse']}?database={name}",
        relay=False,
    )
    _sql(stack, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    _empty(made, name)
    yield made
    _empty(made, name)
    servers.drop_index(made.search_url)
    # By the superuser: only it may end an autovacuum worker that is at work in the database.
    _sql(stack, f"DROP DATABASE {name} WITH (FORCE)", user="postgres")


def _empty(settings: Settings, name: str) -> None:
    """Take away what a test left in the stores that are not PostgreSQL, also where it killed connections."""
    from data.stores import Stores

    stores = Stores(settings)
    stores.mongo.client.drop_database(stores.mongo.db)
    stores.redis.durable.flushdb()
    stores.redis.cache.flushdb()
    stores.analytics.command(f"DROP DATABASE IF EXISTS {name}")
    stores.close()


@pytest.fixture
def stores(settings: Settings) -> Iterator[Stores]:
    """The five stores of this test, with every schema in place."""
    from data.shop import bring_up_to_date
    from data.stores import Stores

    opened = Stores(settings)
    bring_up_to_date(opened)
    yield opened
    opened.close()


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A shop as the program opens it, on this test's databases; its actor is the OS user, an admin."""
    from data.shop import open_shop

    opened = open_shop(settings)
    yield opened
    opened.close()


@pytest.fixture
def until() -> Callable[..., Any]:
    """Wait for a state: ``until(check, seconds=10)`` returns the first true answer of ``check()``, or fails."""

    def wait(check: Callable[[], Any], seconds: float = 10.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := check()):
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.02)
        return answer

    return wait


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    """Settings for engines of the test's own in a folder of its own, not started. Taken down in the end."""
    settings = Settings(home=tmp_path / "home", relay=False)
    yield settings
    bring_down(settings)
