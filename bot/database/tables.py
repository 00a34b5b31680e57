"""The tables, as they are after the newest migration."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from bot.database.url import SQLITE
from bot.domain.audit import timestamp

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

# The newest revision in migrations/versions. It stands here too, so that a process can see that its
# database is up to date without importing Alembic.
SCHEMA_REVISION = "0009"

SEARCH_KEY_LENGTH = 32
UNREADABLE = datetime(1, 1, 1, tzinfo=UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC moments with microseconds.

    SQLite has no type for them: there they are text in RFC 3339, which sorts as time does. A text
    that is none was put there by hand; it reads as UNREADABLE, and the entry's hash tells.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text on SQLite, a time with its zone elsewhere."""
        return dialect.type_descriptor(Text() if dialect.name == SQLITE else self.impl_instance)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """The moment in UTC, whatever its zone."""
        if value is None:
            return None
        return timestamp(value) if dialect.name == SQLITE else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """The moment, aware and in UTC."""
        if value is None or isinstance(value, datetime):
            return value and value.astimezone(UTC)
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            return UNREADABLE


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_SEQ = BigInteger().with_variant(Integer, "sqlite")
_SEARCH_KEY = String(SEARCH_KEY_LENGTH).with_variant(
    String(SEARCH_KEY_LENGTH, collation="C"), "postgresql"
)
# The conditions of partial indexes. Queries say them in the same words, or the index is not used.
IS_OPEN = text("state IN ('claimed', 'sent')")
IS_UNTOLD = text("untold_since IS NOT NULL")
# Every change asks whether changes are frozen, so the few entries that tell have their own index.
# Were `event = 'succeeded'` to stand alone here, SQLite would use the index of all events instead.
IS_TURN_OF_FREEZE = text("action || ' ' || event IN ('freeze succeeded', 'unfreeze succeeded')")
IS_NUMBER = text("field IN ('from', 'to')")

# The log has no rowid on SQLite: INSERT OR REPLACE could otherwise replace a row by its rowid.
audit_entries = Table(
    "audit_entries",
    metadata,
    Column("chain_id", Text, nullable=False),
    Column("seq", _SEQ, nullable=False, autoincrement=False),
    Column("schema_version", Integer, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("actor_team_id", Text, nullable=False),
    Column("actor_user_id", Text, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("surface", Text, nullable=False),
    Column("account_sid", Text, nullable=False),
    Column("call_sid", Text, nullable=False),
    Column("subject_sid", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("chain_id", "seq"),
    Index(None, "chain_id", "request_id", "seq"),
    Index(None, "chain_id", "call_sid", "seq"),
    Index(None, "chain_id", "actor_user_id", "seq"),
    Index(None, "chain_id", "channel_id", "seq"),
    Index(None, "chain_id", "action", "seq"),
    Index(None, "chain_id", "event", "seq"),
    Index(None, "chain_id", "recorded_at", "seq"),
    Index(
        "ix_audit_entries_freeze",
        "chain_id",
        "seq",
        sqlite_where=IS_TURN_OF_FREEZE,
        postgresql_where=IS_TURN_OF_FREEZE,
    ),
    sqlite_with_rowid=False,
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("chain_id", Text, nullable=False),
    Column("seq", _SEQ, nullable=False, autoincrement=False),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("chain_id"),
    sqlite_with_rowid=False,
)

# `search_key` is computed by the database, so it cannot disagree with the value, and it is short,
# so that no text from the phone network is too long for the index.
audit_personal = Table(
    "audit_personal",
    metadata,
    Column("chain_id", Text, nullable=False),
    Column("seq", _SEQ, nullable=False, autoincrement=False),
    Column("field", Text, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("value", Text, nullable=False),
    Column(
        "search_key",
        _SEARCH_KEY,
        Computed(f"substr(value, 1, {SEARCH_KEY_LENGTH})", persisted=True),
    ),
    PrimaryKeyConstraint("chain_id", "seq", "field"),
    Index(
        "ix_audit_personal_number",
        "chain_id",
        "field",
        "search_key",
        "seq",
        sqlite_where=IS_NUMBER,
        postgresql_where=IS_NUMBER,
    ),
    sqlite_with_rowid=False,
)

# Signed statements of what the log was. A succession, which names the key that signs from then on,
# may stand beside the checkpoint of the same entry.
audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("chain_id", Text, nullable=False),
    Column("seq", _SEQ, nullable=False, autoincrement=False),
    Column("hash", Text, nullable=False),
    Column("signed_at", UtcDateTime, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("next_public_key", Text, nullable=False),
    Column("signature", Text, nullable=False),
    PrimaryKeyConstraint("chain_id", "seq", "next_public_key"),
    sqlite_with_rowid=False,
)

# Which of them a witness was shown that cannot tell, such as a Slack channel; `holder` is about to
# show one, or did. It proves nothing, so nothing protects it.
checkpoint_showings = Table(
    "checkpoint_showings",
    metadata,
    Column("chain_id", Text, nullable=False),
    Column("witness", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("held_until", UtcDateTime, nullable=False),
    Column("shown_at", UtcDateTime),
    PrimaryKeyConstraint("chain_id", "witness", "signature"),
)

# `position` tells which change of a call is the newest, whatever the clocks of the replicas say.
call_changes = Table(
    "call_changes",
    metadata,
    Column("position", _SEQ, primary_key=True, autoincrement=True),
    Column("change_id", Text, nullable=False),
    Column("chain_id", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("account_sid", Text, nullable=False),
    Column("call_sid", Text, nullable=False),
    Column("actor_team_id", Text, nullable=False),
    Column("actor_user_id", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("surface", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("card_version", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("owner", Text, nullable=False),
    Column("lease_until", UtcDateTime, nullable=False),
    Column("deadline_at", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("outcome", Text),
    Column("closed_at", UtcDateTime),
    Column("untold_since", UtcDateTime),
    UniqueConstraint("change_id"),
    UniqueConstraint("chain_id", "request_id"),
    Index(None, "account_sid", "call_sid", "position"),
    Index(
        "uq_call_changes_slot",
        "account_sid",
        "call_sid",
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    ),
    Index(
        "ix_call_changes_open_lease",
        "lease_until",
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    ),
    Index(
        "ix_call_changes_untold",
        "untold_since",
        sqlite_where=IS_UNTOLD,
        postgresql_where=IS_UNTOLD,
    ),
    sqlite_autoincrement=True,
)

# What replicas show each other of the live calls: the newest look and who holds the turn for the
# next one. All times in it are the database's, so the clocks of the replicas do not matter.
live_looks = Table(
    "live_looks",
    metadata,
    Column("account_sid", Text, primary_key=True),
    Column("look_id", Text, nullable=False),
    Column("holder", Text),
    Column("held_since", UtcDateTime),
    Column("held_until", UtcDateTime),
    Column("began_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("outdated_at", UtcDateTime),
    Column("took_s", Double),
    Column("listing_took_s", Double),
    Column("pause_s", Double),
    Column("is_cut_off", Boolean),
    Column("calls", LargeBinary),
    Column("fault", Text),
)

live_endings = Table(
    "live_endings",
    metadata,
    Column("account_sid", Text, nullable=False),
    Column("call_sid", Text, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("account_sid", "call_sid"),
)
