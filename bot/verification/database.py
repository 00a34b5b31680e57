"""Checking the log in the database, in several processes where it is long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from bot.database.audit_verify import verify_rest, verify_run
from bot.database.checkpoints import read_checkpoints
from bot.database.engine import reading_engine
from bot.database.faults import as_log_unavailable
from bot.database.queries import read_head
from bot.domain.audit import EMPTY_HEAD, MAIN_CHAIN
from bot.domain.audit_chain import Verdict
from bot.domain.checkpoints import Checkpoint, weigh
from bot.evidence.keys import is_signed
from bot.verification.pool import verdicts
from bot.verification.report import Report

ENTRIES_OF_A_RUN = 50_000


class Run(NamedTuple):
    """Entries that stand one after the other."""

    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseCheck:
    """What each run of entries is checked against; it can be sent to another process."""

    database_url: str
    anchors: Mapping[int, str]

    def verify(self, run: Run) -> Verdict:
        """Whether every entry of the run is as it was recorded."""
        with reading(self.database_url) as connection:
            return verify_run(
                connection,
                MAIN_CHAIN,
                first_seq=run.first_seq,
                last_seq=run.last_seq,
                anchors=self.anchors,
            )


def verify_database(
    database_url: str, *, given: Sequence[Checkpoint] = (), root_keys: Sequence[str] = ()
) -> Report:
    """Check the whole log, and hold it against its own checkpoints and those that are *given*.

    Raises:
        LogUnavailableError: the database does not answer.
        UnsoundCheckpointError: a checkpoint proves nothing, or the contrary.
    """
    with reading(database_url) as connection:
        kept = read_checkpoints(connection, MAIN_CHAIN)
        head = read_head(connection, MAIN_CHAIN)
    evidence = weigh([*kept, *given], chain_id=MAIN_CHAIN, is_signed=is_signed, root_keys=root_keys)
    check = DatabaseCheck(database_url=database_url, anchors=evidence.anchors)
    verdict = _verdict_on_runs(check, _runs(head.seq))
    if verdict.fault is None:
        # What came meanwhile, what stands past the head, and where anything is missing.
        with reading(database_url) as connection:
            verdict = verify_rest(connection, MAIN_CHAIN, verdict.end, evidence.anchors)
    return Report(
        whole="The log",
        last="the head",
        verdict=verdict,
        entries=verdict.end.seq,
        evidence=evidence,
        is_key_given=bool(root_keys),
    )


def kept_checkpoints(database_url: str) -> Sequence[Checkpoint]:
    """The checkpoints in the database.

    Raises:
        LogUnavailableError: the database does not answer.
    """
    with reading(database_url) as connection:
        return read_checkpoints(connection, MAIN_CHAIN)


def _runs(last_seq: int) -> list[Run]:
    return [
        Run(first, min(first + ENTRIES_OF_A_RUN - 1, last_seq))
        for first in range(1, last_seq + 1, ENTRIES_OF_A_RUN)
    ]


def _verdict_on_runs(check: DatabaseCheck, runs: Sequence[Run]) -> Verdict:
    """How far the runs hold, without a fault also where entries are missing."""
    end = EMPTY_HEAD
    for run, verdict in verdicts(check, runs):
        end = verdict.end
        if verdict.fault is not None or end.seq < run.last_seq:
            return verdict
    return Verdict(end, None)


@contextmanager
def reading(database_url: str) -> Iterator[Connection]:
    """One look at the database."""
    engine = reading_engine(database_url)
    try:
        with as_log_unavailable(), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
