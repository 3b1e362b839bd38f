"""Placement, as functions of the database.

A function is code, so its text stands once, in its room, and not a second time in here; a revision only says that the
database is to be given it anew. Whoever changes the text after a release adds a revision that installs it again and
carries the new ``PLACEMENT_SHA256``: a test compares the newest with the file, so that no database is forgotten. Before
a release the figure here is brought up to date. Going down drops the function, since no older text can be had.
"""

from __future__ import annotations

from importlib.resources import files

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: Of ``data/orders/placement.sql`` as this revision installs it.
PLACEMENT_SHA256 = "8653c6bea05d25dce9a792c0047ab4b8819302b2259960d482ab3d976d076336"


def upgrade() -> None:
    """Create ``place_orders`` and what it calls, replacing those of any signature."""
    op.execute("DROP FUNCTION IF EXISTS place_orders, take_over_holds")
    source = files("data.orders").joinpath("placement.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(source, execution_options={"no_parameters": True})


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP FUNCTION place_orders, take_over_holds")
