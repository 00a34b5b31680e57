"""Let an entry of the log only follow another, so that none is put in at a number of its own.

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-28
"""

from __future__ import annotations

from alembic import op

from bot.database.triggers import create_statements, drop_statements

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Every version writes its entries in their order, so one that is still running is not hindered.
    for statement in create_statements(op.get_context().dialect.name, revision):
        op.execute(statement)


def downgrade() -> None:
    for statement in drop_statements(op.get_context().dialect.name, revision):
        op.execute(statement)
