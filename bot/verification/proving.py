"""Writing the proof beside an export that holds only a part of the log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import IO

from sqlalchemy import Connection

from bot.database.audit_verify import read_links, read_redactions
from bot.database.checkpoints import read_checkpoints
from bot.database.queries import read_head
from bot.domain.audit import MAIN_CHAIN, Head
from bot.domain.checkpoints import Checkpoint, UnsoundCheckpointError, checkpoint_line, weigh
from bot.domain.redactions import Redactions
from bot.evidence.keys import is_signed
from bot.evidence.records import form_line
from bot.verification.database import reading


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof reaches: its last entry, and whether a checkpoint was signed for that."""

    last_seq: int
    is_signed: bool


def write_proof(database_url: str, file: IO[str], *, first_seq: int, last_seq: int) -> Proven:
    """Write the proof for entries from the first to the last that were exported.

    It goes on to the first checkpoint that covers them all and what was redacted of them, or to the
    end of the log.

    Raises:
        LogUnavailableError: the database does not answer.
    """
    with reading(database_url) as connection:
        checkpoints = read_checkpoints(connection, MAIN_CHAIN)
        needed_seq = max(last_seq, _last_redaction(connection, first_seq, last_seq))
        reaching = [seq for seq in _covered(checkpoints) if seq >= needed_seq]
        end_seq = min(reaching) if reaching else read_head(connection, MAIN_CHAIN).seq
        # Not what stands before the first: its number is enough to begin after it.
        links = read_links(connection, MAIN_CHAIN, Head(first_seq - 1, ""), end_seq)
        file.writelines(f"{form_line(link)}\n" for link in links)
    telling = _telling(checkpoints, first_seq, end_seq)
    file.writelines(f"{checkpoint_line(one)}\n" for one in telling)
    return Proven(end_seq, bool(reaching))


def _covered(checkpoints: Sequence[Checkpoint]) -> Collection[int]:
    """The entries that checkpoints were signed for, without those whose key had been replaced."""
    try:
        return weigh(checkpoints, chain_id=MAIN_CHAIN, is_signed=is_signed).anchors
    except UnsoundCheckpointError:
        return {one.seq for one in checkpoints}  # verify says what is wrong with them


def _last_redaction(connection: Connection, first_seq: int, last_seq: int) -> int:
    """The last entry that explains what is missing between the two; 0 where nothing is."""
    telling = (
        form["seq"]
        for form in read_redactions(connection, MAIN_CHAIN)
        if Redactions([form]).touch(first_seq, last_seq)
    )
    return max(telling, default=0)


def _telling(checkpoints: Sequence[Checkpoint], first_seq: int, end_seq: int) -> list[Checkpoint]:
    """Those within the stretch, and all that lead from the first key to theirs."""
    return [
        one
        for one in checkpoints
        if one.seq <= end_seq and (one.next_public_key or one.seq >= first_seq - 1)
    ]
