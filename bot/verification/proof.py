"""Checking a part of a log, such as what one person did, with the proof that lies beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.domain.audit import Head
from bot.domain.audit_chain import ChainFault, ChainVerifier, Link, Verdict, is_as_hashed
from bot.domain.checkpoints import Checkpoint, Evidence, weigh
from bot.evidence.export_file import MOST_LINE_BYTES, Claims, NoExportError
from bot.evidence.keys import is_signed
from bot.evidence.proof_file import Proof, read_proof
from bot.evidence.records import Line, UnreadableLineError, read_line
from bot.verification.export import claim_fault
from bot.verification.report import Report


def verify_with_proof(
    path: Path, proof_path: Path, *, given: Sequence[Checkpoint] = (), root_keys: Sequence[str] = ()
) -> Report:
    """Check that every exported entry stands in the stretch of the chain that the proof tells.

    Raises:
        NoExportError: a file cannot be read as what it should be.
        UnsoundCheckpointError: a checkpoint proves nothing, or the contrary.
    """
    proof = read_proof(proof_path)
    chain_id = proof.first.form["chain_id"]
    evidence = weigh(
        [*proof.checkpoints, *given], chain_id=chain_id, is_signed=is_signed, root_keys=root_keys
    )
    comparison = _Comparison(path, proof, evidence)
    fault = comparison.fault()
    if fault is None and root_keys and not comparison.is_covered:
        fault = ChainFault(comparison.last_exported, "has no checkpoint at it or after it")
    return Report(
        whole="The export",
        last="the last of its proof",
        verdict=Verdict(comparison.end, fault),
        entries=comparison.exported,
        evidence=evidence,
        is_key_given=bool(root_keys),
        notes=tuple(comparison.notes()) if fault is None else (),
    )


@dataclass(slots=True)
class _Comparison:
    """Goes through the proof, and through the export beside it."""

    path: Path
    proof: Proof
    evidence: Evidence
    exported: int = 0
    last_exported: int = 0
    claims: Claims = field(default_factory=Claims)
    end: Head = field(init=False)

    def __post_init__(self) -> None:
        self.end = self.proof.start

    @property
    def is_covered(self) -> bool:
        """Whether a checkpoint in the proof was signed when all that was exported was there."""
        return any(self.last_exported <= seq <= self.end.seq for seq in self.evidence.anchors)

    def fault(self) -> ChainFault | None:
        """What is wrong first, if anything is."""
        start, anchors = self.proof.start, self.evidence.anchors
        if anchors.get(start.seq, start.hash) != start.hash:
            return ChainFault(start.seq + 1, "does not follow what a checkpoint was signed for")
        verifier = ChainVerifier(
            self.proof.first.form["chain_id"], self.proof.redactions, after=start, anchors=anchors
        )
        lines = _lines(self.path)
        line = next(lines, None)
        for link in self.proof.links():
            fault = verifier.feed_form(link)
            if fault is None and line is not None and line.seq <= verifier.end.seq:
                fault = self._fault_of_line(line, link, verifier)
                line = next(lines, None)
            if fault is not None:
                return fault
            self.end = verifier.end
        if line is not None:
            return ChainFault(line.seq, "is not among the entries of the proof")
        return self._fault_of_claims()

    def notes(self) -> Iterator[str]:
        """What the proof tells besides."""
        first, last = self.proof.start.seq + 1, self.end.seq
        left_out = last - first + 1 - self.exported
        yield (
            f"{left_out} of the entries {first} to {last} are in the proof and not in the export; "
            "who did what to which call stands there, so it can be seen what was left out."
        )
        if not self.is_covered and self.evidence.newest is not None:
            yield f"No checkpoint was signed at entry {self.last_exported} or after it."

    def _fault_of_line(self, line: Line, link: Link, verifier: ChainVerifier) -> ChainFault | None:
        self.exported += 1
        self.last_exported = line.seq
        if line.seq != link.form["seq"]:
            return ChainFault(line.seq, "is out of order, or not among the entries of the proof")
        if line.link.hash != link.hash or not is_as_hashed(line.link):
            return ChainFault(line.seq, "was changed after it was recorded")
        self.claims.note(line)
        return verifier.fault_of_personal(line.link)

    def _fault_of_claims(self) -> ChainFault | None:
        made_up = min(self.claims.open, default=None)
        return claim_fault(made_up) if made_up is not None else None


def _lines(path: Path) -> Iterator[Line]:
    number = 0
    try:
        with path.open("rb") as file:
            while raw := file.readline(MOST_LINE_BYTES):
                number += 1
                yield read_line(raw)
    except OSError as error:
        raise NoExportError(f"{path} cannot be read: {error.strerror}.") from error
    except UnreadableLineError as error:
        raise NoExportError(f"Line {number} of {path} is damaged: it {error}.") from error
