"""${message}.

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}

A migration here is safe when
- it does one thing, and the tests go up, down and up again through it on both databases;
- the version that is still running works with the schema before it and after it: add a column that
  may be null or has a default, fill it, and let a later release demand it; never rename, never drop
  what the running version reads;
- it holds no lock for long on PostgreSQL: an index on a large table is made with
  `postgresql_concurrently=True` in an `autocommit_block()`, a constraint is added NOT VALID and
  validated by a later migration;
- it never rewrites `audit_entries`, `audit_heads` or `audit_personal`, and never opens a
  `batch_alter_table` on them: on SQLite that copies the table and drops its triggers without a word
  (after each migration the triggers are asserted, so it would fail here);
- what is hashed of an entry stays as it is: a new field comes with a new `schema_version`;
- its downgrade refuses to lose what cannot be made again;
- it sets `SCHEMA_REVISION` in bot/database/tables.py to its own id.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
