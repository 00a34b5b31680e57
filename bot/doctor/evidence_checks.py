"""Whether others could check the log: the key that signs checkpoints, and where they are shown."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from bot.doctor.findings import Finding, fault, ok, warning
from bot.domain.signing_keys import PRIVATE, UnusableKeyError
from bot.evidence.keys import read_signer
from bot.settings import Settings

_CHECKPOINTS = "Checkpoints"


def check_evidence(settings: Settings) -> list[Finding]:
    """All of it; nothing is written."""
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
    return [*_check_key(key), *_check_witnesses(settings)]


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
