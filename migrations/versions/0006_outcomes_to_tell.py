"""Keep for each change since when its outcome waits to be told.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-22
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEX = "ix_call_changes_untold"
IS_UNTOLD = sa.text("untold_since IS NOT NULL")


def upgrade() -> None:
    # A version that does not know the column leaves it empty: its changes count as told.
    op.add_column(
        "call_changes",
        sa.Column("untold_since", sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")),
    )
    op.create_index(
        INDEX, "call_changes", ["untold_since"], sqlite_where=IS_UNTOLD, postgresql_where=IS_UNTOLD
    )


def downgrade() -> None:
    op.drop_index(INDEX, "call_changes")
    op.drop_column("call_changes", "untold_since")
