"""Whether others could check the log: the key that signs checkpoints, and where they are shown."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

from bot.database import migrate
from bot.database.checkpoints import SqlCheckpointStore
from bot.database.engine import open_database
from bot.database.url import with_statement_timeout
from bot.doctor.database_checks import STATEMENT_TIMEOUT_MS, TIMEOUT_S
from bot.doctor.findings import Finding, fault, is_well, ok, warning
from bot.domain.audit import MAIN_CHAIN
from bot.domain.errors import LogUnavailableError
from bot.domain.key_line import line_of
from bot.domain.signing_keys import PRIVATE, UnusableKeyError
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
        of_key += await _check_line(key, settings.database_url.get_secret_value())
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


async def _check_line(key: str, database_url: str) -> list[Finding]:
    """Whether the key still counts; where the log does not tell, that is told elsewhere."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            successor = await _successor(read_signer(key).public_key, database_url)
    except (LogUnavailableError, TimeoutError):
        return []
    if not successor:
        return []
    return [
        fault(
            _CHECKPOINTS,
            f"The key of HOOKFLASH_AUDIT_KEY was replaced by {successor}, so nothing is signed "
            "with it any more.",
            "Set HOOKFLASH_AUDIT_KEY to the new key, on every machine, and start Hookflash again.",
        )
    ]


async def _successor(public_key: str, database_url: str) -> str:
    path = migrate.sqlite_path(database_url)
    if path is not None and not path.exists():
        return ""
    database = open_database(with_statement_timeout(database_url, timeout_ms=STATEMENT_TIMEOUT_MS))
    try:
        successions = await SqlCheckpointStore(database, chain_id=MAIN_CHAIN).successions()
    finally:
        await database.close()
    return line_of(public_key, successions, is_signed=is_signed).successor


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
