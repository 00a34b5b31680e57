"""Let personal values be deleted only under the entry that redacts them.

Revision ID: 0005
Revises: 0003
Create Date: 2026-11-22
"""

from __future__ import annotations

from alembic import op

from bot.database.triggers import create_statements, drop_statements

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in create_statements(op.get_context().dialect.name, revision):
        op.execute(statement)


def downgrade() -> None:
    for statement in drop_statements(op.get_context().dialect.name, revision):
        op.execute(statement)
