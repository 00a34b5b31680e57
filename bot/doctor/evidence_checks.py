"""Whether others could check the log: the key that signs checkpoints, and where they are shown."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

from bot.database import migrate
from bot.database.audit_reader import SqlAuditReader
from bot.database.checkpoints import SqlCheckpointStore
from bot.database.engine import Database, open_database
from bot.database.url import with_statement_timeout
from bot.doctor.database_checks import STATEMENT_TIMEOUT_MS, TIMEOUT_S
from bot.doctor.findings import Finding, fault, is_well, ok, warning
from bot.domain.audit import EMPTY_HEAD, MAIN_CHAIN
from bot.domain.errors import LogUnavailableError
from bot.domain.key_line import KeyLine, line_of
from bot.domain.signing_keys import PRIVATE, UnusableKeyError
from bot.evidence.checkpoint_file import CheckpointFile
from bot.evidence.keys import is_signed, read_signer
from bot.settings import Settings

_CHECKPOINTS = "Checkpoints"


async def check_evidence(settings: Settings, *, is_log_well: bool) -> list[Finding]:
    """All of it; nothing is written. A log that is not well is left alone."""
    if settings.audit_key is None:
        return [
            warning(
                _CHECKPOINTS,
                "HOOKFLASH_AUDIT_KEY is not set: nothing outside the database tells what the log "
                "was, so its owner could compute it anew.",
                "Run hookflash audit key new --output FILE, and set HOOKFLASH_AUDIT_KEY to it.",
            )
        ]
    key = settings.audit_key.get_secret_value()
    of_key = _check_key(key)
    if is_well(of_key) and is_log_well:
        of_key += await _check_log(key, settings)
    return [*of_key, *_check_witnesses(settings)]


def _check_key(setting: str) -> list[Finding]:
    try:
        public_key = read_signer(setting).public_key
    except UnusableKeyError as error:
        return [
            fault(_CHECKPOINTS, str(error), "Set HOOKFLASH_AUDIT_KEY to the right file or key.")
        ]
    path = Path(setting)
    if not setting.startswith(PRIVATE) and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return [
            warning(
                _CHECKPOINTS,
                f"Other users of this machine may read the key in {path}.",
                f"Run: chmod 600 {path}",
            )
        ]
    return [ok(_CHECKPOINTS, f"They are signed; the public key is {public_key}.")]


async def _check_log(key: str, settings: Settings) -> list[Finding]:
    """What the log says of the key, and the file of the log; where it is silent, others tell."""
    database_url = settings.database_url.get_secret_value()
    path = migrate.sqlite_path(database_url)
    if path is not None and not path.exists():
        return []
    database = open_database(with_statement_timeout(database_url, timeout_ms=STATEMENT_TIMEOUT_MS))
    try:
        async with asyncio.timeout(TIMEOUT_S):
            successions = await SqlCheckpointStore(database, chain_id=MAIN_CHAIN).successions()
            line = line_of(read_signer(key).public_key, successions, is_signed=is_signed)
            return _check_line(line) + await _check_file(settings.audit_file, line, database)
    except (LogUnavailableError, TimeoutError):
        return []
    finally:
        await database.close()


def _check_line(line: KeyLine) -> list[Finding]:
    """Whether the key still counts."""
    if not line.successor:
        return []
    return [
        fault(
            _CHECKPOINTS,
            f"The key of HOOKFLASH_AUDIT_KEY was replaced by {line.successor}, so nothing is "
            "signed with it any more.",
            "Set HOOKFLASH_AUDIT_KEY to the new key, on every machine, and start Hookflash again.",
        )
    ]


async def _check_file(path: Path | None, line: KeyLine, database: Database) -> list[Finding]:
    """Whether the log still has the entry that the file's last checkpoint was signed for."""
    if path is None:
        return []
    end = line.furthest_end(await CheckpointFile(path).held(), is_signed=is_signed)
    log = SqlAuditReader(database.reader, chain_id=MAIN_CHAIN)
    if end == EMPTY_HEAD or await log.head_at(end.seq) == end:
        return []
    return [
        fault(
            _CHECKPOINTS,
            f"The log has not the entry {end.seq} that {path} tells of: it was changed, or has "
            "lost its end, as where a standby or a backup took its place.",
            f"Run: hookflash audit verify --checkpoints {path}",
        )
    ]


def _check_witnesses(settings: Settings) -> list[Finding]:
    path = settings.audit_file
    if path is None and settings.audit_channel is None:
        return [
            warning(
                _CHECKPOINTS,
                "They are kept in the database only, where its owner can remove them.",
                "Set HOOKFLASH_AUDIT_CHANNEL or HOOKFLASH_AUDIT_FILE.",
            )
        ]
    if path is not None and not os.access(path if path.exists() else path.parent, os.W_OK):
        return [
            fault(
                _CHECKPOINTS,
                f"This user cannot append to {path}.",
                "Make the folder and the file writable, or name another with HOOKFLASH_AUDIT_FILE.",
            )
        ]
    return []
