"""Checking a chain without a database: order, ends, redactions, and chains of other hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audit import (
    EMPTY_HEAD,
    Action,
    AuditEntry,
    EntryDraft,
    Event,
    Head,
    PersonalValue,
    Surface,
    entry_hash,
    hashed_form,
    personal_digest,
    seal,
)
from bot.domain.audit_chain import ChainFault, ChainVerifier, Link, problem_with_personal
from bot.domain.people import MACHINE
from bot.domain.redactions import Redactions

Sealed = tuple[AuditEntry, Sequence[PersonalValue]]
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def make_chain(length: int) -> list[Sealed]:
    """Entries with a number each."""
    chain: list[Sealed] = []
    for seq in range(1, length + 1):
        drafted = EntryDraft(
            request_id=f"r{seq}",
            event=Event.REQUESTED,
            action=Action.HANG_UP,
            actor=MACHINE,
            surface=Surface.MACHINE,
            personal={"from": f"+1415555{seq:04d}"},
        )
        prev_hash = chain[-1][0].hash if chain else EMPTY_HEAD.hash
        chain.append(
            seal(
                drafted,
                chain_id="main",
                seq=seq,
                recorded_at=NOON,
                prev_hash=prev_hash,
                salt_source=bytes,
            )
        )
    return chain


def head_of(chain: Sequence[Sealed]) -> Head:
    return Head(chain[-1][0].seq, chain[-1][0].hash) if chain else EMPTY_HEAD


def check(
    chain: Sequence[Sealed], head: Head, redactions: Sequence[AuditEntry] = ()
) -> ChainFault | None:
    verifier = ChainVerifier("main", Redactions(map(hashed_form, redactions)))
    for entry, personal in chain:
        fault = verifier.feed(Link.of(entry, personal))
        if fault is not None:
            return fault
    return verifier.finish(head)


@given(length=st.integers(0, 8))
def test_a_chain_holds_at_any_length(length: int) -> None:
    chain = make_chain(length)

    assert check(chain, head_of(chain)) is None


@given(order=st.permutations(range(5)))
def test_in_any_other_order_the_first_entry_out_of_place_is_named(order: list[int]) -> None:
    chain = make_chain(5)
    first_wrong = next((at for at, place in enumerate(order) if at != place), None)

    fault = check([chain[place] for place in order], head_of(chain))

    assert (fault and fault.seq) == (None if first_wrong is None else first_wrong + 1)


@given(gone=st.sets(st.integers(1, 5), min_size=1))
def test_the_first_of_any_that_were_removed_is_named(gone: set[int]) -> None:
    chain = make_chain(5)

    fault = check([sealed for sealed in chain if sealed[0].seq not in gone], head_of(chain))

    assert fault is not None
    assert fault.seq == min(gone)


def test_an_entry_that_was_sealed_anew_breaks_the_link_to_the_next() -> None:
    chain = make_chain(3)
    forged = replace(chain[1][0], event="denied")
    chain[1] = (replace(forged, hash=entry_hash(forged)), chain[1][1])

    fault = check(chain, head_of(chain))

    assert fault is not None
    assert fault.seq == 3
    assert "does not follow the entry before it" in str(fault)


def test_an_end_that_was_sealed_anew_does_not_fit_the_head() -> None:
    chain = make_chain(3)
    head = head_of(chain)
    forged = replace(chain[2][0], event="denied")
    chain[2] = (replace(forged, hash=entry_hash(forged)), chain[2][1])

    fault = check(chain, head)

    assert fault == ChainFault(3, "is not the one that the head of the log was made from")


def test_an_entry_twice_is_out_of_order() -> None:
    chain = make_chain(3)

    fault = check([*chain[:2], chain[1], chain[2]], head_of(chain))

    assert fault == ChainFault(3, "is out of order: an entry numbered 2 stands there")


def test_an_entry_of_another_chain_is_named() -> None:
    [(entry, personal)] = make_chain(1)

    fault = check([(replace(entry, chain_id="other"), personal)], head_of([(entry, personal)]))

    assert fault == ChainFault(1, "belongs to another chain ('other')")


def redaction(seq: int, **details: object) -> AuditEntry:
    [(entry, _)] = make_chain(1)
    return replace(entry, seq=seq, event=Event.REDACTED.value, details=details)


def test_a_redaction_covers_only_what_it_names_and_what_came_before_it() -> None:
    """Of three entries without their number, each redaction explains some."""
    chain = [(entry, ()) for entry, _ in make_chain(3)]
    head = head_of(chain)

    def first_unexplained(at_seq: int, **details: object) -> int | None:
        fault = check(chain, head, [redaction(at_seq, **details)])
        return fault.seq if fault else None

    assert first_unexplained(4, first_seq=1, last_seq=3, fields=["from"]) is None
    assert first_unexplained(4, first_seq=1, last_seq=2, fields=["from"]) == 3
    assert first_unexplained(4, first_seq=2, last_seq=3, fields=["from"]) == 1
    assert first_unexplained(3, first_seq=1, last_seq=3, fields=["from"]) == 3
    assert first_unexplained(4, first_seq=1, last_seq=3, fields=["to"]) == 1
    assert first_unexplained(4, first_seq="1", last_seq=3, fields=["from"]) == 1
    assert first_unexplained(4) == 1


RANGES = st.tuples(st.integers(1, 12), st.integers(0, 6), st.sampled_from(["from", "to"]))


@given(ranges=st.lists(RANGES, max_size=8))
def test_many_redactions_cover_what_each_of_them_covers(ranges: list[tuple[int, int, str]]) -> None:
    """They may overlap and come in any order."""
    forms = [
        hashed_form(redaction(20, first_seq=first, last_seq=first + more, fields=[name]))
        for first, more, name in ranges
    ]
    together = Redactions(forms)

    for seq in range(20):
        for name in ("from", "to"):
            one_by_one = any(Redactions([form]).cover(seq, name) for form in forms)
            assert together.cover(seq, name) == one_by_one


def test_the_check_tells_how_far_the_chain_holds() -> None:
    chain = make_chain(3)
    verifier = ChainVerifier("main")

    for entry, personal in chain[:2]:
        verifier.feed(Link.of(entry, personal))
    verifier.feed(Link.of(replace(chain[2][0], event="denied"), chain[2][1]))

    assert verifier.end == head_of(chain[:2])


def test_bytes_cannot_move_from_a_salt_to_its_value() -> None:
    """What is digested is the same; one salt in some millions holds such bytes."""
    salt = b"1234567from\x00salt"
    digests = {"from": personal_digest(salt, "from", "+1415")}
    assert problem_with_personal(digests, [("from", salt, "+1415")]) is None

    moved = [("from", salt[:7], "saltfrom\x00+1415")]

    assert personal_digest(salt[:7], "from", moved[0][2]) == digests["from"]
    assert problem_with_personal(digests, moved) == "has a 'from' that was changed after it"
