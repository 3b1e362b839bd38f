"""The schema's history, by Alembic; and the two questions the program asks: is it current, and bring it there.

Each revision is a frozen snapshot in plain SQL that imports no model, so an old step does not change when a model
does. A test compares a migrated database with the models column by column, constraint by constraint, index by index.

Every step runs in one transaction under an advisory lock: two terminals that start at once do not migrate at once, and
a step that fails leaves what was there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["HEAD", "downgrade", "is_current", "upgrade"]

#: The newest revision, written down so that a start need not import Alembic to learn there is nothing to do.
HEAD = "0014"


def is_current(engine: sqlalchemy.Engine) -> bool:
    """Say whether the database stands at ``HEAD``; one query, Alembic is not imported. Raises ``Unavailable``."""
    from sqlalchemy import text
    from sqlalchemy.exc import ProgrammingError

    from data.stores.postgres import sqlstate, translate_errors

    with translate_errors(), engine.connect() as connection:
        try:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
        except ProgrammingError as error:
            if sqlstate(error) == "42P01":  # undefined_table: nothing was ever migrated here
                return False
            raise
    return found == [HEAD]


def upgrade(url_or_engine: str | sqlalchemy.Engine, revision: str = "head") -> None:
    """Bring the database up to ``revision``. Does nothing where it is there.

    Raises ``Unavailable``, and ``Conflict`` where a newer program has migrated the database beyond what this one knows.
    """
    from alembic import command

    with _configured(url_or_engine) as config:
        command.upgrade(config, revision)


def downgrade(url_or_engine: str | sqlalchemy.Engine, revision: str = "base") -> None:
    """Take the database down to ``revision``, dropping what later revisions made, rows included."""
    from alembic import command

    with _configured(url_or_engine) as config:
        command.downgrade(config, revision)


@contextmanager
def _configured(url_or_engine: str | sqlalchemy.Engine) -> Iterator[Any]:
    """Hold a transaction with the migration lock, and Alembic's configuration that runs in it."""
    from alembic.config import Config
    from alembic.script.revision import ResolutionError
    from alembic.util.exc import CommandError
    from sqlalchemy import text

    from data.errors import Conflict
    from data.stores.postgres import Postgres, translate_errors

    own = Postgres(url_or_engine) if isinstance(url_or_engine, str) else None
    engine = own.engine if own else url_or_engine
    assert not isinstance(engine, str)
    try:
        with translate_errors(), engine.begin() as connection:
            # A step may rewrite a large table and may have to wait for its turn: the timeouts of daily work are off.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('storekeeper migrations'))"))
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
            config.attributes["connection"] = connection
            yield config
    except CommandError as error:
        if not isinstance(error.__cause__, ResolutionError):
            raise
        raise Conflict(
            f"The database was brought up to date by a newer Storekeeper; this one knows it up to {HEAD}."
        ) from error
    finally:
        if own:
            own.close()
