"""Make an index by which the entries of a channel are found.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-22
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INDEX = "ix_audit_entries_chain_id_channel_id_seq"
# Migration 0001 says why SQLite is told.
_PLANNED_FOR = "10000000 10000000 500000 1"
_STATISTICS = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))


def upgrade() -> None:
    columns = ["chain_id", "channel_id", "seq"]
    if op.get_context().dialect.name == "sqlite":
        op.create_index(op.f(_INDEX), "audit_entries", columns)
        row = {"tbl": "audit_entries", "idx": _INDEX, "stat": _PLANNED_FOR}
        op.bulk_insert(_STATISTICS, [row])
        return
    with op.get_context().autocommit_block():
        # One that was not finished is there, too, and of no use.
        op.drop_index(_INDEX, "audit_entries", if_exists=True, postgresql_concurrently=True)
        op.create_index(op.f(_INDEX), "audit_entries", columns, postgresql_concurrently=True)


def downgrade() -> None:
    # In the transaction of those that come after it, one of which may refuse: then it stays.
    op.drop_index(_INDEX, "audit_entries", if_exists=True)
