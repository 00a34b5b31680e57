"""Checkpoints: signed statements of what the log was, and what they prove when they are weighed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.domain.audit import EMPTY_HEAD, Head, timestamp
from bot.domain.canonical import canonical_json, exact_json
from bot.domain.errors import HookflashError

# It is signed too, so that no signature of another kind of statement can pass for one of these.
KIND = "hookflash-checkpoint-1"


class MalformedCheckpointError(HookflashError, ValueError):
    """A text that is no checkpoint."""


class UnsoundCheckpointError(HookflashError):
    """A checkpoint that proves nothing, or the contrary; the message is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What the owner of a key says: at this moment the chain ended with this entry and hash.

    Keys are in the form of `signing_keys`. A succession also names the key that signs from then on.
    """

    chain_id: str
    seq: int
    hash: str
    signed_at: datetime
    public_key: str
    next_public_key: str = ""
    signature: str = ""

    @property
    def head(self) -> Head:
        """The end of the chain that it was signed for."""
        return Head(self.seq, self.hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What sound checkpoints prove.

    Args:
        anchors: the hash that was signed for an entry, by its number.
        count: how many of them count.
        newest: the one that reaches farthest.
        root_keys: the keys that all trust comes from.
        outdated: how many do not count, since their key had been replaced by then.
    """

    anchors: Mapping[int, str]
    count: int = 0
    newest: Checkpoint | None = None
    root_keys: Sequence[str] = ()
    outdated: int = 0


NO_EVIDENCE = Evidence(anchors={})


def signed_bytes(checkpoint: Checkpoint) -> bytes:
    """What the signature covers: all of it but the signature, in canonical form."""
    return canonical_json(_signed_form(checkpoint))


def checkpoint_line(checkpoint: Checkpoint) -> str:
    """The checkpoint as one line of JSON."""
    record = _signed_form(checkpoint) | {"signature": checkpoint.signature}
    return json.dumps(record, separators=(",", ":"))


def parse_checkpoint(line: str) -> Checkpoint:
    """The checkpoint that the line of JSON holds.

    Raises:
        MalformedCheckpointError: it holds none.
    """
    try:
        record = exact_json(line)
    except ValueError as error:
        raise MalformedCheckpointError("is no JSON, or only a part of it") from error
    if not isinstance(record, dict) or record.get("kind") != KIND:
        raise MalformedCheckpointError(f"is no checkpoint ({KIND})")
    try:
        checkpoint = Checkpoint(
            **{name: record[name] for name in Checkpoint.__slots__ if name != "signed_at"},
            signed_at=datetime.fromisoformat(record["signed_at"]).astimezone(UTC),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise MalformedCheckpointError("lacks a part of a checkpoint") from error
    if json.loads(checkpoint_line(checkpoint)) != record or not _has_types(checkpoint):
        raise MalformedCheckpointError("has a part that no checkpoint has")
    if len(json.loads(line, object_pairs_hook=list)) != len(record):
        # A program takes the last of two values of one name, and a person reads the first.
        raise MalformedCheckpointError("says one thing twice")
    return checkpoint


def weigh(
    checkpoints: Iterable[Checkpoint],
    *,
    chain_id: str,
    is_signed: Callable[[Checkpoint], bool],
    root_keys: Sequence[str] = (),
) -> Evidence:
    """What the checkpoints of a chain prove together.

    Without *root_keys* the key of the first is taken as given; each other key must have been named
    by one that signed before it.

    Raises:
        UnsoundCheckpointError: one was not signed by such a key, or contradicts another.
    """
    ordered = sorted(set(checkpoints), key=lambda one: (one.seq, one.signed_at))
    if not ordered:
        return Evidence(anchors={}, root_keys=root_keys)
    for one in ordered:
        _check_alone(one, chain_id, is_signed)
    roots = root_keys or (ordered[0].public_key,)
    replaced_at = _line_of_keys(roots, ordered)
    counted = [one for one in ordered if _counts(one, replaced_at, roots)]
    return Evidence(
        anchors=_anchors(counted),
        count=len(counted),
        newest=counted[-1] if counted else None,
        root_keys=roots,
        outdated=len(ordered) - len(counted),
    )


def _check_alone(
    checkpoint: Checkpoint, chain_id: str, is_signed: Callable[[Checkpoint], bool]
) -> None:
    if checkpoint.chain_id != chain_id:
        raise UnsoundCheckpointError(
            f"{_named(checkpoint)} is of another chain ({checkpoint.chain_id!r})."
        )
    if not is_signed(checkpoint):
        raise UnsoundCheckpointError(
            f"{_named(checkpoint)} was changed or made up: its signature does not fit."
        )


def _line_of_keys(roots: Sequence[str], ordered: Sequence[Checkpoint]) -> Mapping[str, int | None]:
    """Each key that the roots lead to, with the entry at which it was replaced."""
    replaced_at: dict[str, int | None] = dict.fromkeys(roots)
    successions = [one for one in ordered if one.next_public_key]
    for one in successions:
        if one.public_key not in replaced_at:
            continue
        if replaced_at[one.public_key] is not None:
            raise UnsoundCheckpointError(
                f"{_named(one)} names a second successor for its key: somebody else had that key."
            )
        replaced_at[one.public_key] = one.seq
        replaced_at.setdefault(one.next_public_key, None)
    return replaced_at


def _counts(
    checkpoint: Checkpoint, replaced_at: Mapping[str, int | None], roots: Sequence[str]
) -> bool:
    if checkpoint.public_key not in replaced_at:
        raise UnsoundCheckpointError(
            f"{_named(checkpoint)} was signed with {checkpoint.public_key}, which is neither "
            f"{' nor '.join(roots)} nor a key that they led to. Only where you know that it is "
            "yours too, since an earlier one was lost, give each of them with --public-key."
        )
    limit = replaced_at[checkpoint.public_key]
    return limit is None or checkpoint.seq <= limit


def _anchors(counted: Sequence[Checkpoint]) -> dict[int, str]:
    anchors = {0: EMPTY_HEAD.hash}
    for one in counted:
        if anchors.setdefault(one.seq, one.hash) != one.hash:
            raise UnsoundCheckpointError(
                f"{_named(one)} contradicts another of the same entry: the log was rewritten."
            )
    return {seq: hash_ for seq, hash_ in anchors.items() if seq}


def _named(checkpoint: Checkpoint) -> str:
    return f"The checkpoint of entry {checkpoint.seq}, of {timestamp(checkpoint.signed_at)},"


def _signed_form(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "chain_id": checkpoint.chain_id,
        "hash": checkpoint.hash,
        "kind": KIND,
        "next_public_key": checkpoint.next_public_key,
        "public_key": checkpoint.public_key,
        "seq": checkpoint.seq,
        "signed_at": timestamp(checkpoint.signed_at),
    }


def _has_types(checkpoint: Checkpoint) -> bool:
    texts = ("chain_id", "hash", "public_key", "next_public_key", "signature")
    are_texts = all(isinstance(getattr(checkpoint, name), str) for name in texts)
    return are_texts and type(checkpoint.seq) is int and checkpoint.seq >= 0
