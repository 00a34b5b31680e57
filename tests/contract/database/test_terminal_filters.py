"""Filters at a terminal: people by name, words within a time, and lists that look only so far."""

from __future__ import annotations

import json

import pytest
from click.testing import Result

from bot.cli import audit
from bot.database import audit_pages
from bot.database.ledger import SqlLedger
from bot.domain.audit import Event
from bot.domain.people import Actor
from tests.contract.database.conftest import Hookflash
from tests.contract.database.drafts import ANA, BEN, append, draft

pytestmark = pytest.mark.usefixtures("log")


@pytest.fixture
async def log(ledger: SqlLedger) -> None:
    """Ana hung up a call, then Ben another; Ben was called Ana, too, once."""
    await append(
        ledger,
        draft(actor=BEN, request_id="ben", personal={"actor_name": "ana"}),
        draft(actor=BEN, request_id="ben", event=Event.FAILED),
        draft(actor=ANA, request_id="ana", personal={"actor_name": "ana", "reason": "Card fraud"}),
        draft(actor=ANA, request_id="ana", event=Event.SUCCEEDED),
        draft(actor=BEN, personal={"actor_name": "ben"}),
    )


@pytest.fixture
async def another_ana(ledger: SqlLedger) -> None:
    """Cleo is called Ana as well."""
    await append(ledger, draft(actor=Actor("T1", "U0CLEO"), personal={"actor_name": "ANA"}))


@pytest.fixture
def one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list looks through two entries and no further."""
    monkeypatch.setattr(audit_pages, "LOOKS_FOR_WORDS", (2,))
    monkeypatch.setattr(audit, "MOST_PAGES", 1)


def seqs(answer: Result) -> list[int]:
    """The numbers of the rows that were printed, or of the entries that were exported."""
    assert answer.exit_code == 0, answer.stderr
    shown = answer.stdout.splitlines()
    if shown and shown[0].startswith("{"):
        return [json.loads(line)["seq"] for line in shown]
    return [int(line.partition("\t")[0]) for line in shown[1:]]


def test_a_person_is_called_by_the_name_that_was_heard_last(hookflash: Hookflash) -> None:
    by_name = hookflash("audit", "list", "by:@ana")
    by_other_name = hookflash("audit", "export", "by:Ben")

    assert seqs(by_name) == [4]
    assert seqs(by_other_name) == [1, 2, 5]


def test_a_name_that_nobody_has_is_told_with_the_nearest(hookflash: Hookflash) -> None:
    answer = hookflash("audit", "list", "by:@anna")

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "Nobody in the log is called anna. Did you mean ana?" in answer.stderr


def test_a_full_name_is_told_with_the_short_one_that_the_log_has(hookflash: Hookflash) -> None:
    answer = hookflash("audit", "list", "by:Ana Ruiz")

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert (
        "Nobody in the log is called Ana Ruiz; the log has short names, without spaces. "
        "Did you mean ana?"
    ) in answer.stderr


@pytest.mark.parametrize(
    ("word", "way_on"),
    [
        ("in:#support", "by their ids, not by names such as #support."),
        ("in:support", "Example: in:C0123ABCD"),
        ("by:me", "Nobody in the log is called me. An id does too, such as by:U0123ABCD"),
    ],
)
def test_what_only_slack_knows_is_told_with_what_a_terminal_takes(
    word: str, way_on: str, hookflash: Hookflash
) -> None:
    answer = hookflash("audit", "export", word)

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert way_on in answer.stderr


@pytest.mark.usefixtures("another_ana")
def test_a_name_that_two_people_have_is_told_with_their_ids(hookflash: Hookflash) -> None:
    answer = hookflash("audit", "list", "by:@ana")

    assert answer.exit_code == 2
    assert "2 people in the log are called ana: U0ANA, U0CLEO. Name one by the id" in answer.stderr


def test_words_are_looked_for_in_a_time_that_is_said(hookflash: Hookflash) -> None:
    found = hookflash("audit", "list", "words:FRAUD card")
    nothing = hookflash("audit", "list", "words:zebra", "since:90d")

    assert seqs(found) == [4]
    assert "Words are looked for from 20" in found.stderr
    assert seqs(nothing) == []


@pytest.mark.usefixtures("one_look")
def test_a_list_says_how_far_it_looked_and_how_to_go_on(hookflash: Hookflash) -> None:
    """Nothing was found is no proof that there is nothing."""
    first = hookflash("audit", "list", "words:card fraud", "since:1d", "--before", "6")
    how_far = first.stderr.splitlines()[-1]

    second = hookflash("audit", "list", "words:card fraud", "since:1d", "--before", "4")

    assert seqs(first) == []
    assert how_far.startswith("All back to 20")
    assert how_far.endswith("hookflash audit list 'words:card fraud' since:1d --before 4")
    assert seqs(second) == [4]
