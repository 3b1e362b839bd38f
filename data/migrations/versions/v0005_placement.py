"""Placement, as a function of the database.

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
PLACEMENT_SHA256 = "45e5080645fad4dcf3b3fa1a6f45a1566e3b29b29c7d2540fd84b45b924dd89f"


def upgrade() -> None:
    """Create ``place_orders``, replacing one of any signature."""
    op.execute("DROP FUNCTION IF EXISTS place_orders")
    source = files("data.orders").joinpath("placement.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(source, execution_options={"no_parameters": True})


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP FUNCTION place_orders")
