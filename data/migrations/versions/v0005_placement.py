"""Placement, as a function of the database.

A function is code, so its text stands once, in its room, and not a second time in here; a revision only says that the
database is to be given it anew. Whoever changes the text adds a revision that calls ``install`` again: a test compares
``SHA256`` of the newest such revision with the file. Going down drops the function, since no older one can be had.
"""

from __future__ import annotations

from importlib.resources import files

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def install() -> None:
    """Create ``place_order`` from ``data/orders/placement.sql``, replacing one of any signature."""
    op.execute("DROP FUNCTION IF EXISTS place_order")
    source = files("data.orders").joinpath("placement.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(source, execution_options={"no_parameters": True})


def upgrade() -> None:
    """Make it."""
    install()


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP FUNCTION place_order")
