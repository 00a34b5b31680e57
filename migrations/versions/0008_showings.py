"""Make the table that tells which checkpoints a witness without memory was shown.

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-28
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    # A version that does not know the table shows what it signs and notes nothing, so that the
    # newest checkpoint may be posted twice until it is gone.
    op.create_table(
        "checkpoint_showings",
        sa.Column("chain_id", sa.Text(), nullable=False),
        sa.Column("witness", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("held_until", _MOMENT, nullable=False),
        sa.Column("shown_at", _MOMENT),
        sa.PrimaryKeyConstraint(
            "chain_id", "witness", "signature", name=op.f("pk_checkpoint_showings")
        ),
    )


def downgrade() -> None:
    # Nothing that is evidence goes: at worst the newest checkpoint is posted once more.
    op.drop_table("checkpoint_showings")
