"""Which keys stand in line with a key, as their owners signed it."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.audit import Head
from bot.domain.checkpoints import Checkpoint
from bot.domain.key_line import KeyLine, line_of
from bot.evidence.keys import is_signed
from tests.evidence.making import Notary

TEN, TWENTY, THIRTY = (Head(seq, f"{seq:064x}") for seq in (10, 20, 30))


def line(key: str, *successions: Checkpoint) -> KeyLine:
    return line_of(key, successions, is_signed=is_signed)


def test_it_goes_back_to_the_first_key_and_on_to_the_last() -> None:
    first, second, third = (Notary(minutes=100 * place) for place in range(3))
    steps = first.sign(TEN, next_key=second.key), second.sign(TWENTY, next_key=third.key)
    everybody = {first.key, second.key, third.key}

    lines = [line(one.key, *reversed(steps)) for one in (first, second, third)]

    assert [one.successions for one in lines] == [steps] * 3
    assert [one.keys for one in lines] == [everybody] * 3
    assert [one.successor for one in lines] == [second.key, third.key, ""]


def test_a_stranger_stands_in_another() -> None:
    notary, stranger = Notary(), Notary()
    succession = stranger.sign(TEN, next_key=Notary().key)

    own = line(notary.key, succession)

    assert own == KeyLine(keys=frozenset({notary.key}))
    assert not own.counts(stranger.sign(TEN))


def test_a_key_counts_up_to_the_entry_at_which_it_was_replaced() -> None:
    notary, successor = Notary(), Notary()
    own = line(successor.key, notary.sign(TWENTY, next_key=successor.key))

    counted = [own.counts(notary.sign(head)) for head in (TEN, TWENTY, THIRTY)]

    assert counted == [True, True, False]
    assert own.counts(successor.sign(THIRTY))


def test_a_name_that_was_not_signed_leads_nowhere() -> None:
    notary, thief = Notary(), Notary()
    forged = replace(thief.sign(TEN, next_key=thief.key), public_key=notary.key)

    assert line(notary.key, forged).successor == ""
    assert line(thief.key, forged).keys == {thief.key}


def test_keys_that_name_each_other_are_gone_through_once() -> None:
    first, second = Notary(), Notary()
    there, back = first.sign(TEN, next_key=second.key), second.sign(TWENTY, next_key=first.key)
    itself = first.sign(TEN, next_key=first.key)

    assert line(first.key, there, back, itself).successor == second.key
    assert line(first.key, itself).successor == ""
