"""Make the tables where replicas show each other what they saw of the live calls.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-22
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
_TABLES = ("live_looks", "live_endings")


def upgrade() -> None:
    op.create_table(
        "live_looks",
        sa.Column("account_sid", sa.Text(), nullable=False),
        sa.Column("look_id", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text()),
        sa.Column("held_since", _MOMENT),
        sa.Column("held_until", _MOMENT),
        sa.Column("began_at", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        sa.Column("outdated_at", _MOMENT),
        sa.Column("took_s", sa.Double()),
        sa.Column("listing_took_s", sa.Double()),
        sa.Column("pause_s", sa.Double()),
        sa.Column("is_cut_off", sa.Boolean()),
        sa.Column("calls", sa.LargeBinary()),
        sa.Column("fault", sa.Text()),
        sa.PrimaryKeyConstraint("account_sid", name=op.f("pk_live_looks")),
    )
    op.create_table(
        "live_endings",
        sa.Column("account_sid", sa.Text(), nullable=False),
        sa.Column("call_sid", sa.Text(), nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("account_sid", "call_sid", name=op.f("pk_live_endings")),
    )
    if op.get_context().dialect.name == "postgresql":
        # What a crash takes from them is looked up again; nothing of them need reach a backup.
        for table in _TABLES:
            op.execute(f"ALTER TABLE {table} SET UNLOGGED")


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
