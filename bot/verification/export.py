"""Checking an export alone: no database, no settings, constant memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bot.domain.audit import EMPTY_HEAD
from bot.domain.audit_chain import ChainFault, ChainVerifier, Verdict
from bot.domain.checkpoints import Checkpoint, Evidence, weigh
from bot.evidence.export_file import (
    Claim,
    ExportCheck,
    Piece,
    chain_of,
    first_made_up,
    is_borne_out_near,
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


def verify_export(
    path: Path, *, given: Sequence[Checkpoint] = (), root_keys: Sequence[str] = ()
) -> Report:
    """Check an export of a whole log, and hold it against the checkpoints that are *given*.

    Raises:
        NoExportError: the file cannot be read as one.
        UnsoundCheckpointError: a checkpoint proves nothing, or the contrary.
    """
    chain_id = chain_of(path)
    evidence = weigh(given, chain_id=chain_id, is_signed=is_signed, root_keys=root_keys)
    verdict, doubts = _verdict_on_lines(path, chain_id, evidence)
    note = A_PART if verdict.fault is not None and verdict.end == EMPTY_HEAD else ""
    if verdict.fault is None:
        verdict = _held_against_end(verdict, chain_id, evidence)
        note = AN_OLD_ONE.format(seq=verdict.end.seq) if verdict.fault is not None else ""
    # What is missing explains what a line repeats and no other has, so that is told last.
    made_up = first_made_up(path, doubts) if verdict.fault is None else None
    if made_up is not None:
        verdict = Verdict(verdict.end, claim_fault(made_up))
    return Report(
        whole="The export",
        last="the last of them",
        verdict=verdict,
        entries=verdict.end.seq,
        evidence=evidence,
        is_key_given=bool(root_keys),
        notes=(note,) if note else (),
    )


def claim_fault(claim: Claim) -> ChainFault:
    """What is wrong where a line repeats what no entry of its request has."""
    return ChainFault(
        claim.seq,
        f"is told with a {claim.field!r} that no entry of its request has: it was made up, or the "
        "entry that has it was removed",
    )


def _verdict_on_lines(
    path: Path, chain_id: str, evidence: Evidence
) -> tuple[Verdict, Sequence[Claim]]:
    """How far the lines hold, and what they repeat that no line nearby bears out."""
    check = ExportCheck(path=path, chain_id=chain_id, anchors=evidence.anchors)
    doubts: list[Claim] = []
    verdict, left = _check_pieces(check, pieces_of(path), doubts)
    if left:
        # What is missing there may have been redacted: an entry that comes later tells. They are
        # looked for only now, since that takes a tenth of the whole check.
        informed = replace(check, redactions=redactions_of(path))
        verdict, _ = _check_pieces(informed, left, doubts)
    return verdict, doubts


def _check_pieces(
    check: ExportCheck, pieces: Sequence[Piece], doubts: list[Claim]
) -> tuple[Verdict, Sequence[Piece]]:
    """How far the pieces hold, and those from the first on that does not; doubts are added."""
    end = EMPTY_HEAD
    for place, (piece, found) in enumerate(verdicts(check, pieces)):
        if found.verdict.fault is not None:
            return found.verdict, pieces[place:]
        doubts += (
            one for one in found.open_claims if not is_borne_out_near(check.path, one, piece)
        )
        end = found.verdict.end
    return Verdict(end, None), ()


def _held_against_end(verdict: Verdict, chain_id: str, evidence: Evidence) -> Verdict:
    """The verdict, once a checkpoint may tell that the end was cut off."""
    verifier = ChainVerifier(chain_id, after=verdict.end, anchors=evidence.anchors)
    return Verdict(verdict.end, verifier.finish_at_anchors())
