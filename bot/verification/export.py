"""Checking an export alone: no database, no settings, constant memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.domain.audit import EMPTY_HEAD
from bot.domain.audit_chain import ChainFault, ChainVerifier, Verdict
from bot.domain.checkpoints import Checkpoint, Evidence, weigh
from bot.evidence.export_file import (
    Claim,
    ExportCheck,
    chain_of,
    is_borne_out,
    pieces_of,
    redactions_of,
)
from bot.evidence.keys import is_signed
from bot.verification.pool import verdicts
from bot.verification.report import Report

A_PART = (
    "If this is a part of a log, such as what a filter let through, check it with the proof that "
    "was exported beside it: --proof."
)
AN_OLD_ONE = "If the export is older than that checkpoint, leave later ones away: --up-to {seq}."


def verify_export(path: Path, *, given: Sequence[Checkpoint] = (), root_key: str = "") -> Report:
    """Check an export of a whole log, and hold it against the checkpoints that are *given*.

    Raises:
        NoExportError: the file cannot be read as one.
        UnsoundCheckpointError: a checkpoint proves nothing, or the contrary.
    """
    chain_id = chain_of(path)
    evidence = weigh(given, chain_id=chain_id, is_signed=is_signed, root_key=root_key)
    verdict, note = _verdict(path, chain_id, evidence), ""
    if verdict.fault is None:
        verdict = _held_against_end(verdict, chain_id, evidence)
        note = AN_OLD_ONE.format(seq=verdict.end.seq) if verdict.fault else ""
    elif verdict.end == EMPTY_HEAD:
        note = A_PART
    return Report(
        whole="The export",
        last="the last of them",
        verdict=verdict,
        entries=verdict.end.seq,
        evidence=evidence,
        is_key_given=bool(root_key),
        notes=(note,) if note else (),
    )


def claim_fault(claim: Claim) -> ChainFault:
    """What is wrong where a line repeats what no entry of its request has."""
    return ChainFault(
        claim.seq,
        f"is told with a {claim.field!r} that no entry of its request was recorded with",
    )


def _verdict(path: Path, chain_id: str, evidence: Evidence) -> Verdict:
    check = ExportCheck(
        path=path,
        chain_id=chain_id,
        redactions=redactions_of(path),
        anchors=evidence.anchors,
    )
    end = EMPTY_HEAD
    for piece, found in verdicts(check, pieces_of(path)):
        for claim in found.open_claims:
            if not is_borne_out(path, claim, piece):
                return Verdict(piece.after, claim_fault(claim))
        end = found.verdict.end
        if found.verdict.fault is not None:
            return found.verdict
    return Verdict(end, None)


def _held_against_end(verdict: Verdict, chain_id: str, evidence: Evidence) -> Verdict:
    """The verdict, once a checkpoint may tell that the end was cut off."""
    verifier = ChainVerifier(chain_id, after=verdict.end, anchors=evidence.anchors)
    return Verdict(verdict.end, verifier.finish_at_anchors())
