"""The list of live calls: filters, pages, its age, what it must hide, where it is posted."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.twilio import Call
from tests.scenario.company import (
    ANA,
    BEN,
    FRAUD,
    GUS,
    OLGA,
    SHARED,
    SUPPORT,
    SUPPORT_LINE,
    VERA,
    Company,
)
from tests.scenario.reading import button_elements, buttons, shown

CALLER = "+14155550123"
BRITISH = "+442079460999"
LISTINGS_IN_A_LOOK = 3


def many_calls(company: Company, count: int) -> list[Call]:
    """Calls that began one second after the other, the oldest first."""
    began_at = datetime.now(UTC) - timedelta(minutes=5)
    return [
        company.twilio.network.call_in_progress(
            f"+1415555{1000 + number}",
            SUPPORT_LINE,
            started_at=began_at + timedelta(seconds=number),
        )
        for number in range(count)
    ]


async def test_a_list_is_seen_by_the_asker_alone_and_names_our_number(company: Company) -> None:
    call = company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)

    await company.say(ANA, "/calls")

    message = company.last(ANA)
    assert message.ephemeral_to == ANA
    assert company.seen_by(BEN) == []
    assert "1 live call" in shown(message)
    assert "+1 415-555-0123 → Support line +44 20 7946 0000" in shown(message)
    assert f"`{call.sid[-6:]}`" in shown(message)
    assert buttons(message) == ["Details", "Redirect…", "Hang up", "Refresh"]


async def test_a_viewer_finds_no_buttons_that_change_a_call(company: Company) -> None:
    company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)

    await company.say(VERA, "/calls")

    assert buttons(company.last(VERA)) == ["Details", "Refresh"]


async def test_an_empty_list_says_so_and_whose_calls_it_looked_for(company: Company) -> None:
    await company.say(ANA, "/calls")

    text = shown(company.last(ANA))
    assert "No live calls." in text
    assert f"Only calls of account {company.twilio.account.sid} in Region us1." in text
    assert "Elastic SIP trunks" in text
    assert buttons(company.last(ANA)) == ["Refresh"]


@pytest.mark.parametrize(
    ("filters", "finds_british", "finds_ringing"),
    [
        ("from:+44*", True, False),
        ("from:*0999", True, False),
        ("to:+1212*", False, True),
        ("status:ringing", False, True),
        ("status:in-progress", True, False),
        ("direction:inbound", True, False),
        ("direction:outbound", False, True),
        ("longer:10m", True, False),
        ("since:5m", False, True),
        ("limit:1", False, True),
        ("from:+44* direction:inbound longer:1m", True, False),
        ("FROM:+44*", True, False),
        ("from:+44*\N{NO-BREAK SPACE}direction:inbound", True, False),
        ("from:+44(20)7946-0999", True, False),
    ],
)
async def test_a_filter_shows_what_fits_and_nothing_else(
    company: Company, filters: str, *, finds_british: bool, finds_ringing: bool
) -> None:
    """Of an inbound call that began 20 minutes ago and an outbound one that has begun to ring."""
    network = company.twilio.network
    began_at = datetime.now(UTC) - timedelta(minutes=20)
    british = network.call_in_progress(BRITISH, SUPPORT_LINE, started_at=began_at)
    ringing = network.call_ringing("+13125550177", "+12125550100")

    await company.say(ANA, f"/calls {filters}")

    text = shown(company.last(ANA))
    assert (british.sid[-6:] in text, ringing.sid[-6:] in text) == (finds_british, finds_ringing)
    assert "1 of 2 live calls" in text
    assert "Without it: `/calls`" in text


async def test_a_filter_that_nothing_fits_is_told_from_no_calls_at_all(company: Company) -> None:
    company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)

    await company.say(ANA, "/calls from:+49*")

    assert "No live call matches the filter." in shown(company.last(ANA))


async def test_twenty_three_calls_are_three_pages_that_turn_both_ways(company: Company) -> None:
    calls = many_calls(company, 23)
    newest, eleventh, oldest = calls[22], calls[12], calls[0]

    await company.say(ANA, "/calls")
    first = shown(company.last(ANA))
    await company.click(ANA, "Next")
    second = shown(company.last(ANA))
    await company.click(ANA, "Next")
    third, last_labels = shown(company.last(ANA)), buttons(company.last(ANA))
    await company.click(ANA, "Previous")
    again = shown(company.last(ANA))

    assert len(company.seen_by(ANA)) == 1
    assert "23 live calls" in first
    assert ("Page 1 of 3" in first, newest.sid[-6:] in first) == (True, True)
    assert ("Page 2 of 3" in second, eleventh.sid[-6:] in second) == (True, True)
    assert ("Page 3 of 3" in third, oldest.sid[-6:] in third) == (True, True)
    assert ("Previous" in last_labels, "Next" in last_labels) == (True, False)
    assert "Page 2 of 3" in again


async def test_pages_keep_their_filter(company: Company) -> None:
    many_calls(company, 23)
    company.twilio.network.call_in_progress(BRITISH, SUPPORT_LINE)

    await company.say(ANA, "/calls from:+1415*")
    await company.click(ANA, "Next")

    text = shown(company.last(ANA))
    assert "23 of 24 live calls" in text
    assert "Page 2 of 3" in text
    assert "Filter: `from:+1415*`" in text


async def test_a_page_that_is_no_longer_there_becomes_the_last_one(company: Company) -> None:
    calls = many_calls(company, 12)
    await company.say(ANA, "/calls")
    for call in calls[:5]:
        company.twilio.network.hang_up_party(call.sid)
    await company.next_look()

    await company.click(ANA, "Next")

    assert "7 live calls" in shown(company.last(ANA))
    assert "Next" not in buttons(company.last(ANA))


async def test_refresh_shows_the_list_as_it_is_now(company: Company) -> None:
    call = company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
    await company.say(ANA, "/calls")
    company.twilio.network.hang_up_party(call.sid)
    await company.next_look()

    await company.click(ANA, "Refresh")

    assert len(company.seen_by(ANA)) == 1
    assert "No live calls." in shown(company.last(ANA))


async def test_the_legs_of_a_conversation_are_one_call(company: Company) -> None:
    network = company.twilio.network
    caller = network.call_in_progress(CALLER, SUPPORT_LINE)
    expert = network.dial(caller, BRITISH)

    await company.say(ANA, "/calls")

    text = shown(company.last(ANA))
    assert "1 live call" in text
    assert "on the line with +44 20 7946 0999 (in progress)" in text
    assert caller.sid[-6:] in text
    assert expert.sid[-6:] not in text


async def test_text_of_the_phone_network_cannot_mention_or_style(company: Company) -> None:
    hostile = "*pay* <!channel> <https://evil.example|Bank> `x` \N{RIGHT-TO-LEFT OVERRIDE}gnp"
    call = company.twilio.network.call_in_progress(
        CALLER, SUPPORT_LINE, caller_name=hostile, forwarded_from="<!here>"
    )

    await company.say(ANA, "/calls")
    await company.click(ANA, "Details", call=call)

    marked_up = [
        field["text"]
        for message in company.seen_by(ANA)
        for block in message.blocks
        for field in [block.get("text", {}), *block.get("fields", ())]
        if field.get("type") == "mrkdwn"
    ]
    assert marked_up
    assert not [text for text in marked_up if "<!channel>" in text or "<!here>" in text]
    assert not [text for text in marked_up if "evil" in text]
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in shown(company.last(ANA))


async def test_a_list_says_when_it_was_looked_up(company: Company) -> None:
    await company.say(ANA, "/calls")

    assert "As of <!date^" in shown(company.last(ANA))


async def test_a_hundred_who_ask_at_once_cost_twilio_one_look(company: Company) -> None:
    """However long it takes to answer them all, since the look is shared for longer here."""
    company.bot.live._snapshot._poll_s = 60.0
    company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
    await company.say(ANA, "/calls help")

    commands = [company.slack.command(ANA, SUPPORT, "/calls") for _ in range(100)]
    await asyncio.gather(*commands)
    await company.at_rest()

    listings = [asked for asked in company.twilio.requests if asked.path.endswith("/Calls.json")]
    assert len(company.seen_by(ANA)) == 101
    assert len(listings) == LISTINGS_IN_A_LOOK


async def test_a_posted_list_is_for_everybody_and_its_buttons_ask_who_presses(
    company: Company,
) -> None:
    call = company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)

    await company.say(ANA, "/calls post")
    await company.click(GUS, "Hang up", call=call)

    (posted,) = company.posted()
    assert "1 live call" in shown(posted)
    assert buttons(posted) == ["Details", "Redirect…", "Hang up", "Refresh"]
    assert "have no role" in company.last(GUS).text
    assert call.is_live


async def test_a_list_in_a_shared_channel_hides_numbers_even_in_its_buttons(
    company: Company,
) -> None:
    company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE, caller_name="Bob +14155550199")

    await company.say(ANA, "/calls post", where=SHARED)
    await company.say(ANA, "/calls post from:+1415*", where=SHARED)

    texts = [shown(message) for message in company.seen_by(OLGA, where=SHARED)]
    blocks = [str(message.blocks) for message in company.posted(where=SHARED)]
    assert len(blocks) == 2
    assert not [text for text in texts + blocks if "5550123" in text or "555-0123" in text]
    assert not [text for text in texts + blocks if "+1415" in text and "Filter" in text]


async def test_numbers_are_hidden_in_a_direct_message_which_may_be_with_another_company(
    company: Company,
) -> None:
    """Slack tells no app who takes part in those that the app is not in."""
    call = company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
    company.slack.workspace.add_channel(
        "directmessage", channel_id="D0", members=[ANA, OLGA], is_im=True, app_is_member=False
    )

    await company.say(ANA, "/calls post", where="D0")
    await company.say(ANA, f"/calls show {call.sid}", where="D0")
    await company.click(ANA, "Refresh", where="D0")

    texts = [shown(message) for message in company.seen_by(OLGA, where="D0")]
    assert len(texts) == 2
    assert all("hidden: Slack did not tell" in text for text in texts)
    assert not any("5550123" in text or "555-0123" in text for text in texts)


async def test_numbers_are_shown_in_the_direct_message_with_the_app(company: Company) -> None:
    """What is done on the Home tab is told there, and can be gone on with from there."""
    company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
    direct = company.slack.workspace.direct_channel(ANA)

    await company.say(ANA, "/calls post", where=direct.id)

    text = shown(company.seen_by(ANA, where=direct.id)[-1])
    assert "+1 415-555-0123" in text
    assert "hidden" not in text


async def test_hidden_numbers_are_said_to_be_hidden_and_why(company: Company) -> None:
    call = company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
    for where in (SUPPORT, SHARED):
        await company.say(ANA, "/calls post", where=where)
        await company.say(ANA, f"/calls show {call.sid}", where=where)
    company.slack.faults.fail("conversations.info", "channel_not_found", times=None)
    await company.say(ANA, "/calls post", where=FRAUD)
    await company.say(ANA, f"/calls show {call.sid}", where=FRAUD)

    ours, shared, not_known = (
        [shown(message) for message in company.posted(where=where)]
        for where in (SUPPORT, SHARED, FRAUD)
    )
    assert len(ours) == len(shared) == len(not_known) == 2
    assert not any("hidden" in text for text in ours)
    assert all("hidden: this channel is shared with another company" in text for text in shared)
    assert all("hidden: Slack did not tell" in text for text in not_known)
    assert not any("5550123" in text or "555-0123" in text for text in shared + not_known)


async def test_a_list_filtered_by_a_number_works_in_a_shared_channel_without_telling_it(
    company: Company,
) -> None:
    many_calls(company, 12)
    company.twilio.network.call_in_progress(BRITISH, SUPPORT_LINE)

    await company.say(ANA, "/calls post from:+1415*", where=SHARED)
    await company.click(BEN, "Next", where=SHARED)

    (posted,) = company.posted(where=SHARED)
    assert "12 of 13 live calls" in shown(posted)
    assert "Page 2 of 2" in shown(posted)
    assert "Filtered by a number, which is not shown in this channel." in shown(posted)
    assert "1415" not in str(posted.blocks)


@pytest.mark.parametrize("command", ["/calls", "/calls post", "/calls recent", "/calls audit"])
async def test_no_button_carries_the_number_that_a_list_is_filtered_by(
    company: Company, command: str
) -> None:
    network = company.twilio.network
    for call in many_calls(company, 12):
        await company.say(ANA, f"/calls hangup {call.sid}")
    network.call_in_progress(CALLER, SUPPORT_LINE)

    await company.say(ANA, f"{command} to:{SUPPORT_LINE}")

    carried = [str(button["value"]) for button in button_elements(company.last(ANA))]
    assert carried
    assert not [value for value in carried if SUPPORT_LINE[1:] in value]


async def test_a_private_list_in_a_shared_channel_shows_numbers_to_its_asker(
    company: Company,
) -> None:
    company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)

    await company.say(ANA, "/calls", where=SHARED)

    assert "+1 415-555-0123" in shown(company.last(ANA, where=SHARED))
    assert company.seen_by(OLGA, where=SHARED) == []


async def test_lists_work_in_a_channel_that_the_bot_is_not_in(company: Company) -> None:
    call = company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)

    await company.say(ANA, "/calls", where=FRAUD)
    await company.say(ANA, "/calls post", where=FRAUD)
    await company.say(ANA, f"/calls show {call.sid}", where=FRAUD)

    assert company.seen_by(ANA, where=FRAUD)[0].ephemeral_to == ANA
    assert len(company.posted(where=FRAUD)) == 2
    assert "1 live call" in shown(company.posted(where=FRAUD)[0])


async def test_finished_calls_are_listed_with_how_and_when_they_ended(company: Company) -> None:
    network = company.twilio.network
    done = network.call_ended(CALLER, SUPPORT_LINE, duration_s=75)
    missed = network.call_ended(BRITISH, SUPPORT_LINE, status="no-answer")
    live = network.call_in_progress(CALLER, SUPPORT_LINE)

    await company.say(VERA, "/calls recent")
    everything = shown(company.last(VERA))
    await company.say(VERA, "/calls recent status:no-answer since:2h")
    filtered = shown(company.last(VERA))

    assert "2 finished calls" in everything
    assert "completed · 1 min 15 s" in everything
    assert done.sid[-6:] in everything
    assert live.sid[-6:] not in everything
    assert missed.sid[-6:] in filtered
    assert done.sid[-6:] not in filtered


async def test_the_call_that_ended_last_comes_first(company: Company) -> None:
    """Who looks for a call that was just lost looks on top; Twilio lists calls as they began."""
    network, now = company.twilio.network, datetime.now(UTC)
    long = network.call_in_progress(CALLER, SUPPORT_LINE, started_at=now - timedelta(hours=1))
    short = network.call_ended(BRITISH, SUPPORT_LINE, started_at=now - timedelta(minutes=9))
    network.hang_up_party(long.sid)

    await company.say(VERA, "/calls recent")

    text = shown(company.last(VERA))
    assert text.index(long.sid[-6:]) < text.index(short.sid[-6:])


@pytest.mark.parametrize("typed", ['"from:+4420*"', "from:“+4420*”", 'post from:"+4420*"'])
async def test_a_filter_may_stand_in_quotes(company: Company, typed: str) -> None:
    """As it may for the log."""
    company.twilio.network.call_in_progress(BRITISH, SUPPORT_LINE)
    company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)

    await company.say(VERA, f"/calls {typed}")

    assert "1 of 2 live calls" in shown(company.last(VERA))


async def test_a_limit_keeps_the_calls_that_ended_last(company: Company) -> None:
    """And not those that began last, of which Twilio would give few when asked for few."""
    network, now = company.twilio.network, datetime.now(UTC)
    long = network.call_in_progress(CALLER, SUPPORT_LINE, started_at=now - timedelta(hours=1))
    short = network.call_ended(BRITISH, SUPPORT_LINE, started_at=now - timedelta(minutes=9))
    network.hang_up_party(long.sid)

    await company.say(VERA, "/calls recent limit:1")

    text = shown(company.last(VERA))
    assert text.startswith("The last finished call\n")
    assert long.sid[-6:] in text
    assert short.sid[-6:] not in text


async def test_finished_calls_have_pages_too(company: Company) -> None:
    for _ in range(12):
        company.twilio.network.call_ended(CALLER, SUPPORT_LINE)
    await company.say(VERA, "/calls recent")

    await company.click(VERA, "Next")
    second = shown(company.last(VERA))
    await company.click(VERA, "Previous")

    assert "Page 2 of 2" in second
    assert "Page 1 of 2" in shown(company.last(VERA))


async def test_a_list_that_was_cut_off_says_so(company: Company) -> None:
    for _ in range(110):
        company.twilio.network.call_ended(CALLER, SUPPORT_LINE)

    await company.say(VERA, "/calls recent")

    assert "100 finished calls" in shown(company.last(VERA))
    assert "Cut off" in shown(company.last(VERA))


@pytest.mark.parametrize("status", ["initiated", "ringing"])
async def test_finished_calls_are_asked_for_in_a_status_that_only_live_ones_have(
    company: Company, status: str
) -> None:
    company.twilio.network.call_ended(CALLER, SUPPORT_LINE)

    await company.say(ANA, f"/calls recent status:{status}")

    assert "No finished call matches the filter." in shown(company.last(ANA))
    assert f"`/calls status:{status}`" in shown(company.last(ANA))


@pytest.mark.parametrize("typed", ["+44 (0)20 7946 0999", "+44(0)20.7946.0999"])
async def test_a_number_is_found_as_its_owner_writes_it(company: Company, typed: str) -> None:
    company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
    call = company.twilio.network.call_in_progress(BRITISH, SUPPORT_LINE)

    await company.say(ANA, f'/calls from:"{typed}"')
    listed = shown(company.last(ANA))
    await company.say(ANA, f"/calls show {typed}")

    assert "1 of 2 live calls" in listed
    assert f"`{call.sid}`" in shown(company.posted()[-1])


async def test_a_caller_who_withholds_the_number_is_not_taken_for_somebody_in_lesotho(
    company: Company,
) -> None:
    """Twilio has the word ANONYMOUS for a number, as it is spelt on the keys of a telephone."""
    company.twilio.network.call_in_progress("+266696687", SUPPORT_LINE)

    await company.say(ANA, "/calls from:+266696687")

    assert "number withheld (+266696687) → Support line" in shown(company.last(ANA))
