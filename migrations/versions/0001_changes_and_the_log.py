"""Make the tables for changes of calls and for the audit log, which is insert-only from the start.

Revision ID: 0001
Revises:
Create Date: 2026-11-22
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.database.triggers import create_statements, drop_functions

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
_SEARCH_KEY = sa.String(32).with_variant(sa.String(32, collation="C"), "postgresql")
_IS_OPEN = sa.text("state IN ('claimed', 'sent')")
_IS_TURN_OF_FREEZE = sa.text("action || ' ' || event IN ('freeze succeeded', 'unfreeze succeeded')")
_IS_NUMBER = sa.text("field IN ('from', 'to')")

# Nearly all rows are of one chain. SQLite takes `chain_id = …` for a filter that leaves ten rows,
# and would read the whole chain by its primary key where an index finds one call. So it is told of
# each index: its rows, how many of them have the same first column, the same first two, and so on.
# Source: https://www.sqlite.org/optoverview.html#manctrl
_PLANNED_FOR = {
    ("audit_entries", "audit_entries"): "10000000 10000000 1",
    ("audit_entries", "ix_audit_entries_chain_id_request_id_seq"): "10000000 10000000 2 1",
    ("audit_entries", "ix_audit_entries_chain_id_call_sid_seq"): "10000000 10000000 4 1",
    ("audit_entries", "ix_audit_entries_chain_id_actor_user_id_seq"): "10000000 10000000 50000 1",
    ("audit_entries", "ix_audit_entries_chain_id_action_seq"): "10000000 10000000 1000000 1",
    ("audit_entries", "ix_audit_entries_chain_id_event_seq"): "10000000 10000000 1000000 1",
    ("audit_entries", "ix_audit_entries_chain_id_recorded_at_seq"): "10000000 10000000 1 1",
    ("audit_entries", "ix_audit_entries_freeze"): "100 100 1",
    ("audit_personal", "audit_personal"): "20000000 20000000 2 1",
    ("audit_personal", "ix_audit_personal_number"): "10000000 10000000 5000000 10 1",
}


def upgrade() -> None:
    _create_entries()
    _create_heads_and_personal()
    _create_changes()
    for statement in create_statements(op.get_context().dialect.name, revision):
        op.execute(statement)
    if op.get_context().dialect.name == "sqlite":
        _describe_to_planner()


def downgrade() -> None:
    entries = sa.table("audit_entries", sa.column("seq"))
    if op.get_bind().scalar(sa.select(sa.exists().select_from(entries))):
        raise RuntimeError(
            "The audit log is not empty, and a downgrade would delete it. Export it and keep it, "
            "then drop the tables by hand if that is what you want."
        )
    for name in ("call_changes", "audit_personal", "audit_heads", "audit_entries"):
        op.drop_table(name)
    for statement in drop_functions(op.get_context().dialect.name, revision):
        op.execute(statement)


def _create_entries() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("chain_id", sa.Text(), nullable=False),
        sa.Column("seq", _SEQ, nullable=False, autoincrement=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor_team_id", sa.Text(), nullable=False),
        sa.Column("actor_user_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("account_sid", sa.Text(), nullable=False),
        sa.Column("call_sid", sa.Text(), nullable=False),
        sa.Column("subject_sid", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "seq", name=op.f("pk_audit_entries")),
        sqlite_with_rowid=False,
    )
    for column in ("request_id", "call_sid", "actor_user_id", "action", "event", "recorded_at"):
        op.create_index(
            op.f(f"ix_audit_entries_chain_id_{column}_seq"),
            "audit_entries",
            ["chain_id", column, "seq"],
        )
    op.create_index(
        "ix_audit_entries_freeze",
        "audit_entries",
        ["chain_id", "seq"],
        sqlite_where=_IS_TURN_OF_FREEZE,
        postgresql_where=_IS_TURN_OF_FREEZE,
    )


def _create_heads_and_personal() -> None:
    op.create_table(
        "audit_heads",
        sa.Column("chain_id", sa.Text(), nullable=False),
        sa.Column("seq", _SEQ, nullable=False, autoincrement=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", name=op.f("pk_audit_heads")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_personal",
        sa.Column("chain_id", sa.Text(), nullable=False),
        sa.Column("seq", _SEQ, nullable=False, autoincrement=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("search_key", _SEARCH_KEY, sa.Computed("substr(value, 1, 32)", persisted=True)),
        sa.PrimaryKeyConstraint("chain_id", "seq", "field", name=op.f("pk_audit_personal")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_audit_personal_number",
        "audit_personal",
        ["chain_id", "field", "search_key", "seq"],
        sqlite_where=_IS_NUMBER,
        postgresql_where=_IS_NUMBER,
    )


def _create_changes() -> None:
    op.create_table(
        "call_changes",
        sa.Column("position", _SEQ, nullable=False, autoincrement=True),
        sa.Column("change_id", sa.Text(), nullable=False),
        sa.Column("chain_id", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("account_sid", sa.Text(), nullable=False),
        sa.Column("call_sid", sa.Text(), nullable=False),
        sa.Column("actor_team_id", sa.Text(), nullable=False),
        sa.Column("actor_user_id", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("card_version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_at", _MOMENT, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("lease_until", _MOMENT, nullable=False),
        sa.Column("deadline_at", _MOMENT),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("closed_at", _MOMENT),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_call_changes")),
        sa.UniqueConstraint("change_id", name=op.f("uq_call_changes_change_id")),
        sa.UniqueConstraint(
            "chain_id", "request_id", name=op.f("uq_call_changes_chain_id_request_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_call_changes_account_sid_call_sid_position"),
        "call_changes",
        ["account_sid", "call_sid", "position"],
    )
    op.create_index(
        "uq_call_changes_slot",
        "call_changes",
        ["account_sid", "call_sid"],
        unique=True,
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    )
    op.create_index(
        "ix_call_changes_open_lease",
        "call_changes",
        ["lease_until"],
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    )


def _describe_to_planner() -> None:
    op.execute("ANALYZE")  # of empty tables it tells nothing, but it makes sqlite_stat1
    statistics = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))
    op.bulk_insert(
        statistics,
        [
            {"tbl": table, "idx": index, "stat": numbers}
            for (table, index), numbers in _PLANNED_FOR.items()
        ],
    )
