"""The log in Slack: every filter, pages, refusals, and who may read it."""

from __future__ import annotations

import re

import pytest

from tests.scenario.company import (
    ADA,
    ANA,
    BEN,
    SHARED,
    SUPPORT_LINE,
    VERA,
    Company,
)
from tests.scenario.reading import buttons, shown

AMERICAN, BRITISH = "+14155550123", "+442079460999"
ENDED = "CA" + "0123456789abcdef" * 2


async def an_eventful_morning(company: Company) -> dict[str, str]:
    """What was done, by a word that its row in the log and no other has; the calls' SIDs."""
    network = company.twilio.network
    first = network.call_in_progress(AMERICAN, SUPPORT_LINE)
    second = network.call_in_progress(BRITISH, SUPPORT_LINE)
    await company.say(ANA, "/calls")
    await company.say(ANA, f"/calls hangup {first.sid} reason-one")
    await company.say(BEN, f"/calls redirect {second.sid} hold-music reason-two")
    await company.say(BEN, f"/calls hangup {ENDED} reason-three")
    await company.say(VERA, f"/calls hangup {second.sid} reason-four")
    return {"first": first.sid, "second": second.sid}


def rows_shown(company: Company, who: str) -> list[str]:
    """Which of the morning's deeds the newest page tells of."""
    page = shown(company.last(who))
    return [word for word in ("one", "two", "three", "four") if f"“reason-{word}”" in page]


def numbers_in(page: str) -> list[int]:
    """The numbers in the reasons on a page, from top to bottom, each once."""
    found = [int(number) for number in re.findall(r"“number-(\d\d)”", page)]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        ("", ["one", "two", "three", "four"]),
        ("by:@ana", ["one"]),
        ("by:@ben", ["two", "three"]),
        ("by:me", []),
        ("call:{first}", ["one"]),
        ("from:+1415*", ["one"]),
        (f"from:{BRITISH}", ["two"]),
        ("to:+44*", ["one", "two"]),
        ("action:hang_up", ["one", "three", "four"]),
        ("action:redirect", ["two"]),
        ("outcome:succeeded", ["one", "two"]),
        ("outcome:failed", ["three"]),
        ("outcome:denied", ["four"]),
        (f"number:{BRITISH}", ["two"]),
        ("number:+44*", ["one", "two"]),
        ("in:#support", ["one", "two", "three", "four"]),
        (f"in:{SHARED}", []),
        ("words:TWO", ["two"]),
        ("words:“two reason”", ["two"]),
        ("since:2h", ["one", "two", "three", "four"]),
        ("since:2h until:1h", []),
        ("limit:1", ["four"]),
        ("by:@ben outcome:failed since:1h", ["three"]),
    ],
)
async def test_a_filter_shows_the_rows_that_fit(
    company: Company, filters: str, rows: list[str]
) -> None:
    sids = await an_eventful_morning(company)

    await company.say(ADA, f"/calls audit {filters.format(**sids)}")

    assert rows_shown(company, ADA) == rows
    assert company.last(ADA).ephemeral_to == ADA


async def test_a_row_tells_what_who_which_call_and_with_what_result(company: Company) -> None:
    sids = await an_eventful_morning(company)

    await company.say(ADA, "/calls audit")

    page = shown(company.last(ADA))
    assert f"*Hang up: done (Twilio says completed)*, <@{ANA}>, <!date^" in page
    assert f"*Redirect to Hold music: done (Twilio says in progress)*, <@{BEN}>" in page
    assert f"*Hang up: not done (no such call)*, <@{BEN}>" in page
    assert f"*Hang up: refused (not permitted)*, <@{VERA}>" in page
    assert f"`{sids['first']}`, +1 415-555-0123 → Support line +44 20 7946 0000" in page


async def test_nothing_that_fits_is_said_so(company: Company) -> None:
    await company.say(ADA, "/calls audit action:freeze")

    assert "Nothing in the log fits" in shown(company.last(ADA))


async def test_pages_turn_to_older_entries_and_back_to_the_newest(company: Company) -> None:
    for number in range(25):
        call = company.twilio.network.call_in_progress(AMERICAN, SUPPORT_LINE)
        await company.say(ANA, f"/calls hangup {call.sid} number-{number:02}")

    await company.say(BEN, "/calls audit by:@ana")
    newest, newest_buttons = shown(company.last(BEN)), buttons(company.last(BEN))
    await company.click(BEN, "Older")
    older, older_buttons = shown(company.last(BEN)), buttons(company.last(BEN))
    await company.click(BEN, "Older")
    oldest, oldest_buttons = shown(company.last(BEN)), buttons(company.last(BEN))
    await company.click(BEN, "Newest")
    again = shown(company.last(BEN))

    own = [message for message in company.seen_by(BEN) if message.ephemeral_to == BEN]
    assert len(own) == 1
    assert newest_buttons == ["Older"]
    assert older_buttons == ["Newest", "Older"]
    assert oldest_buttons == ["Newest"]
    assert numbers_in(newest) == list(range(24, 14, -1))
    assert numbers_in(older) == list(range(14, 4, -1))
    assert numbers_in(oldest) == list(range(4, -1, -1))
    assert again == newest
    assert f"Filter: by:<@{ANA}>. Without it: `/calls audit`" in older


async def test_a_viewer_may_not_read_the_log_and_the_log_knows_that(company: Company) -> None:
    await company.say(VERA, "/calls audit")

    assert "Only operators and admins may do that, and you are a viewer." in company.last(VERA).text
    assert await company.events() == [(VERA, "read_audit denied")]


async def test_the_log_shows_numbers_to_its_reader_even_in_a_shared_channel(
    company: Company,
) -> None:
    await an_eventful_morning(company)

    await company.say(ANA, "/calls audit", where=SHARED)

    message = company.last(ANA, where=SHARED)
    assert message.ephemeral_to == ANA
    assert "+1 415-555-0123" in shown(message)


async def test_a_reason_cannot_style_or_mention(company: Company) -> None:
    call = company.twilio.network.call_in_progress(AMERICAN, SUPPORT_LINE)
    await company.say(ANA, f"/calls hangup {call.sid} <!channel> `x` <https://evil.example|Bank>")

    await company.say(ANA, "/calls audit")

    assert "<!channel>" not in shown(company.last(ANA))
    assert "&lt;!channel&gt;" in shown(company.last(ANA))
    assert "<https://evil.example" not in shown(company.last(ANA))


async def test_a_redirect_after_which_the_call_ended_is_marked(company: Company) -> None:
    call = company.twilio.network.call_in_progress(AMERICAN, SUPPORT_LINE)
    await company.say(ANA, f"/calls redirect {call.sid} https://voice.example.com/missing")

    await company.say(ANA, "/calls audit")

    assert "the call ended right after" in shown(company.last(ANA))
