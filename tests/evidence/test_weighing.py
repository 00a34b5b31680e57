"""What checkpoints prove together: whose they are, and which count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audit import EMPTY_HEAD, Head
from bot.domain.checkpoints import (
    Checkpoint,
    Evidence,
    MalformedCheckpointError,
    UnsoundCheckpointError,
    checkpoint_line,
    parse_checkpoint,
    weigh,
)
from bot.evidence.keys import is_signed
from tests.evidence.making import Notary

TEN, TWENTY, THIRTY = (Head(seq, f"{seq:064x}") for seq in (10, 20, 30))


def weighed(checkpoints: Sequence[Checkpoint], *, root_keys: Sequence[str] = ()) -> Evidence:
    return weigh(checkpoints, chain_id="main", is_signed=is_signed, root_keys=root_keys)


@pytest.fixture
def notary() -> Notary:
    return Notary()


@pytest.fixture
def successor() -> Notary:
    return Notary(minutes=100)


def test_each_tells_the_hash_of_its_entry_and_the_last_reaches_farthest(notary: Notary) -> None:
    first, second = notary.sign(TEN), notary.sign(TWENTY)

    evidence = weighed([second, first, first])

    assert evidence.anchors == {10: TEN.hash, 20: TWENTY.hash}
    assert (evidence.newest, evidence.count) == (second, 2)
    assert evidence.root_keys == (notary.key,)


def test_none_prove_nothing(notary: Notary) -> None:
    assert weighed([], root_keys=[notary.key]).anchors == {}


def test_a_checkpoint_of_an_empty_log_is_that_of_its_beginning(notary: Notary) -> None:
    assert weighed([notary.sign(EMPTY_HEAD)]).newest is not None
    with pytest.raises(UnsoundCheckpointError, match="contradicts"):
        weighed([notary.sign(Head(0, TEN.hash))])


@given(st.data())
def test_whatever_is_changed_in_a_checkpoint_its_signature_tells(data: st.DataObject) -> None:
    checkpoint = Notary().sign(TEN)
    name = data.draw(st.sampled_from([one.name for one in fields(Checkpoint)]))
    was = getattr(checkpoint, name)
    match was:
        case int():
            now: object = data.draw(st.integers(0, 10**6).filter(lambda seq: seq != was))
        case str():
            now = data.draw(st.text().filter(lambda text: text != was))
        case _:
            now = was + timedelta(microseconds=data.draw(st.integers(1, 10**9)))

    assert is_signed(checkpoint)
    assert not is_signed(replace(checkpoint, **{name: now}))  # type: ignore[arg-type]


def test_one_that_was_changed_is_named(notary: Notary) -> None:
    forged = replace(notary.sign(TEN), hash=TWENTY.hash)

    with pytest.raises(UnsoundCheckpointError, match=r"entry 10, of 2026-02-01T12:01:00\.000000Z"):
        weighed([forged])


def test_one_of_another_chain_is_named(notary: Notary) -> None:
    with pytest.raises(UnsoundCheckpointError, match="of another chain"):
        weigh([notary.sign(TEN)], chain_id="other", is_signed=is_signed)


def test_another_key_than_the_one_that_is_given_is_refused(
    notary: Notary, successor: Notary
) -> None:
    with pytest.raises(UnsoundCheckpointError, match=re.escape(f"signed with {notary.key}")):
        weighed([notary.sign(TEN)], root_keys=[successor.key])


def test_a_stranger_among_them_is_refused_without_a_given_key_too(notary: Notary) -> None:
    with pytest.raises(UnsoundCheckpointError, match="nor a key that they led to"):
        weighed([notary.sign(TEN), Notary().sign(TWENTY)])


def test_a_key_that_was_lost_can_be_given_beside_the_new_one(
    notary: Notary, successor: Notary
) -> None:
    checkpoints = [notary.sign(TEN), successor.sign(TWENTY)]

    assert weighed(checkpoints, root_keys=[notary.key, successor.key]).count == 2


def test_two_of_one_entry_that_differ_are_refused(notary: Notary) -> None:
    with pytest.raises(UnsoundCheckpointError, match="the log was rewritten"):
        weighed([notary.sign(TEN), notary.sign(Head(10, TWENTY.hash))])


def test_a_key_that_the_old_one_named_is_trusted_through_any_number_of_steps(
    notary: Notary, successor: Notary
) -> None:
    third = Notary(minutes=200)
    checkpoints = [
        notary.sign(TEN, next_key=successor.key),
        successor.sign(TWENTY, next_key=third.key),
        third.sign(THIRTY),
    ]

    evidence = weighed(checkpoints, root_keys=[notary.key])

    assert evidence.newest == checkpoints[-1]
    assert evidence.count == 3


def test_the_old_key_does_not_count_after_it_was_replaced(
    notary: Notary, successor: Notary
) -> None:
    """Another replica may sign with it for a moment more; a thief, for ever."""
    succession = notary.sign(TEN, next_key=successor.key)
    late = notary.sign(THIRTY)

    evidence = weighed([succession, successor.sign(TWENTY), late])

    assert THIRTY.seq not in evidence.anchors
    assert evidence.outdated == 1


def test_a_second_successor_of_one_key_is_refused(notary: Notary, successor: Notary) -> None:
    thief = Notary()

    with pytest.raises(UnsoundCheckpointError, match="second successor"):
        weighed(
            [
                notary.sign(TEN, next_key=successor.key),
                notary.sign(TWENTY, next_key=thief.key),
            ]
        )


def test_a_succession_of_a_stranger_leads_nowhere(notary: Notary, successor: Notary) -> None:
    stranger = Notary()

    with pytest.raises(UnsoundCheckpointError, match=re.escape(stranger.key)):
        weighed(
            [stranger.sign(TEN, next_key=successor.key), successor.sign(TWENTY)],
            root_keys=[notary.key],
        )


def test_a_line_holds_a_whole_checkpoint(notary: Notary) -> None:
    checkpoint = notary.sign(TEN, next_key="ed25519-public:x")

    assert parse_checkpoint(checkpoint_line(checkpoint)) == checkpoint


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line[:-20],
        lambda line: line.replace("hookflash-checkpoint-1", "hookflash-checkpoint-2"),
        lambda line: line.replace('"seq":10', '"seq":"10"'),
        lambda line: line.replace('"seq":10', '"seq":-1'),
        lambda line: line.replace('"seq":10', '"seq":true'),
        lambda line: line.replace('"seq":10', '"seq":10,"verdict":"fine"'),
        lambda line: line.replace('"seq":10', '"seq":9,"seq":10'),
        lambda line: line.replace('"seq":10,', ""),
        lambda line: line.replace(".000000Z", "Z"),
        lambda line: line.replace("2026-", "yesterday "),
        lambda line: re.sub('_at":"[^"]*', '_at":"0001-01-01T00:00:00+23:00', line),
        lambda _: "[]",
    ],
)
def test_what_is_no_checkpoint_is_not_read(notary: Notary, spoil: object) -> None:
    with pytest.raises(MalformedCheckpointError):
        parse_checkpoint(spoil(checkpoint_line(notary.sign(TEN))))  # type: ignore[operator]
