"""Make the table for signed checkpoints of the log, insert-only like the log itself.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-22
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.database.triggers import create_statements

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_checkpoints",
        sa.Column("chain_id", sa.Text(), nullable=False),
        sa.Column("seq", _SEQ, nullable=False, autoincrement=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("signed_at", _MOMENT, nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("next_public_key", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "chain_id", "seq", "next_public_key", name=op.f("pk_audit_checkpoints")
        ),
        sqlite_with_rowid=False,
    )
    for statement in create_statements(op.get_context().dialect.name, revision):
        op.execute(statement)


def downgrade() -> None:
    checkpoints = sa.table("audit_checkpoints", sa.column("seq"))
    if op.get_bind().scalar(sa.select(sa.exists().select_from(checkpoints))):
        raise RuntimeError(
            "The log has checkpoints, and a downgrade would delete them. Keep what "
            "hookflash audit checkpoints prints, then drop the table by hand if that is what you "
            "want."
        )
    op.drop_table("audit_checkpoints")
