"""Hanging up: by command, by card and by list; twice, by two people, too late, in vain."""

from __future__ import annotations

import asyncio

import pytest

from bot.sandbox.slack.faults import RESPONSE_URL
from bot.sandbox.twilio import Call
from bot.slack.views.typed_inputs import REASON_BLOCK
from tests.scenario.company import (
    ADA,
    ANA,
    BEN,
    FRAUD,
    SUPPORT,
    SUPPORT_FLOW,
    SUPPORT_LINE,
    Company,
)
from tests.scenario.reading import button_elements, buttons, shown
from tests.scenario.trouble import until

CALLER = "+14155550123"
EXPERT = "+442079460999"
HANG_UP = {"Status": "completed"}
OF_ANOTHER_ACCOUNT = "CA" + "0123456789abcdef" * 2


@pytest.fixture
def call(company: Company) -> Call:
    """The one live call."""
    return company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)


async def test_a_whole_sid_hangs_up_at_once_and_the_channel_learns_who_and_why(
    company: Company, call: Call
) -> None:
    await company.say(ANA, f"/calls hangup {call.sid} caller is abusive")

    (result,) = company.posted()
    assert call.status == "completed"
    assert company.changes_sent() == [HANG_UP]
    assert f"Hung up by <@{ANA}> at <!date^" in shown(result)
    assert "Twilio says completed." in shown(result)
    assert "Reason: caller is abusive" in shown(result)
    assert buttons(result) == []
    requested, succeeded = await company.log()
    assert requested.personal["reason"] == "caller is abusive"
    assert succeeded.personal == {"from": CALLER, "to": SUPPORT_LINE}
    assert requested.entry.request_id == succeeded.entry.request_id
    assert succeeded.entry.details["status_after"] == "completed"
    assert await company.events() == [(ANA, "hang_up requested"), (ANA, "hang_up succeeded")]


@pytest.mark.parametrize("length", [6, 12, 32])
async def test_the_end_of_a_sid_brings_a_card_to_confirm(
    company: Company, call: Call, length: int
) -> None:
    await company.say(ANA, f"/calls hangup {call.sid[-length:]}")
    question = company.last(ANA)
    sent_before = company.changes_sent()
    await company.click(ANA, "Hang up")

    assert question.ephemeral_to == ANA
    assert sent_before == []
    assert call.status == "completed"
    assert f"Hung up by <@{ANA}>" in shown(company.posted()[-1])


async def test_the_card_replaces_its_buttons_by_what_came_of_it(
    company: Company, call: Call
) -> None:
    await company.say(ANA, f"/calls hangup {call.sid[-6:]}")

    await company.click(ANA, "Hang up")

    private = [message for message in company.seen_by(ANA) if message.ephemeral_to == ANA]
    assert len(private) == 1
    assert f"Hung up by <@{ANA}>" in shown(private[0])
    assert buttons(private[0]) == []


@pytest.mark.parametrize(
    ("retyped", "recorded"),
    [
        (None, "toll fraud"),
        ({REASON_BLOCK: "toll fraud, ticket 4711"}, "toll fraud, ticket 4711"),
        ({REASON_BLOCK: ""}, None),
    ],
)
async def test_the_reason_typed_with_a_number_is_on_the_card_and_then_in_the_log(
    company: Company, call: Call, retyped: dict[str, str] | None, recorded: str | None
) -> None:
    """The reason as it was typed, or as it was mended on the card."""
    await company.say(ANA, f"/calls hangup {CALLER} toll fraud")

    await company.click(ANA, "Hang up", typed=retyped)

    requested, _succeeded = await company.log()
    assert requested.personal.get("reason") == recorded
    assert (f"Reason: {recorded}" in shown(company.posted()[0])) == (recorded is not None)
    assert call.status == "completed"


async def test_a_reason_can_be_given_on_a_card_that_came_without_one(
    company: Company, call: Call
) -> None:
    await company.say(ANA, f"/calls hangup {call.sid[-8:]}")

    await company.click(ANA, "Hang up", typed={REASON_BLOCK: "caller is abusive"})

    assert (await company.log())[0].personal["reason"] == "caller is abusive"


async def test_a_reason_that_is_too_long_is_told_before_anything_is_asked(
    company: Company, call: Call
) -> None:
    await company.say(ANA, f"/calls hangup {CALLER} {'x' * 501}")

    assert "A reason has at most 500 characters" in company.last(ANA).text
    assert call.is_live


async def test_the_question_names_who_else_will_drop(company: Company, call: Call) -> None:
    expert = company.twilio.network.dial(call, EXPERT)

    await company.say(ANA, f"/calls hangup {CALLER}")
    about_the_caller = shown(company.last(ANA))
    await company.say(ANA, f"/calls hangup {expert.sid[-6:]}")
    about_the_expert = shown(company.last(ANA))

    assert "+44 20 7946 0999 will be cut off too." in about_the_caller
    assert "+1 415-555-0123 goes on with its own flow." in about_the_expert


async def test_hanging_up_the_caller_drops_the_expert_and_changes_one_call(
    company: Company, call: Call
) -> None:
    expert = company.twilio.network.dial(call, EXPERT)
    await company.say(ANA, f"/calls hangup {CALLER}")

    await company.click(ANA, "Hang up")

    assert (call.status, expert.status) == ("completed", "completed")
    assert company.twilio.updates(call.sid) == [HANG_UP]
    assert company.twilio.updates(expert.sid) == []


async def test_hanging_up_the_dialled_leg_leaves_the_caller_on_the_line(
    company: Company, call: Call
) -> None:
    expert = company.twilio.network.dial(call, EXPERT, action_url=SUPPORT_FLOW)
    await company.say(ANA, f"/calls hangup {expert.sid[-8:]}")

    await company.click(ANA, "Hang up")
    await until(lambda: "Welcome to support" in call.hears)  # once its own flow was fetched

    assert (call.status, expert.status) == ("in-progress", "completed")


async def test_a_number_of_two_calls_asks_which_and_hangs_up_that_one(
    company: Company, call: Call
) -> None:
    other = company.twilio.network.call_in_progress("+14155550002", SUPPORT_LINE)
    await company.say(ANA, f"/calls hangup {SUPPORT_LINE} toll fraud")

    await company.click(ANA, "Hang up", call=other)

    assert (call.status, other.status) == ("in-progress", "completed")
    assert (await company.log())[0].personal["reason"] == "toll fraud"


async def test_the_list_shows_the_result_and_goes_on_without_the_call(
    company: Company, call: Call
) -> None:
    await company.say(ANA, "/calls")

    await company.click(ANA, "Hang up", call=call)

    assert call.status == "completed"
    assert f"Hung up by <@{ANA}>" in shown(company.last(BEN))


async def test_a_second_click_is_an_answer_and_not_a_second_change(
    company: Company, call: Call
) -> None:
    """Of a card as it stood on the screen before the first click had its answer."""
    await company.say(ANA, f"/calls show {call.sid}")
    seen = company.last(ANA).as_seen()
    await company.click(ANA, "Hang up", on=seen)

    await company.click(ANA, "Hang up", on=seen)

    assert company.twilio.updates(call.sid) == [HANG_UP]
    assert "already ended" in company.last(ANA).text
    assert f"by <@{ANA}>" in company.last(ANA).text
    assert [event for _, event in await company.events()] == [
        "hang_up requested",
        "hang_up succeeded",
        "hang_up denied",
    ]


async def test_two_clicks_at_once_are_one_change(company: Company, call: Call) -> None:
    await company.say(ANA, f"/calls show {call.sid}")
    seen = company.last(ANA).as_seen()

    await asyncio.gather(*(company.click(ANA, "Hang up", on=seen) for _ in range(5)))

    assert company.twilio.updates(call.sid) == [HANG_UP]
    assert [event for _, event in await company.events()].count("hang_up requested") == 1


async def test_who_asks_twice_is_told_that_it_is_being_done(company: Company, call: Call) -> None:
    await company.say(ANA, f"/calls show {call.sid}")
    seen = company.last(ANA).as_seen()
    company.twilio.faults.latency_s = 0.2

    await asyncio.gather(*(company.click(ANA, "Hang up", on=seen) for _ in range(2)))

    assert company.twilio.updates(call.sid) == [HANG_UP]
    told = [message.text for message in company.seen_by(ANA) if message.ephemeral_to == ANA]
    assert len(told) == 1
    assert "You have asked already: hanging it up since" in told[0]


async def test_of_two_people_the_later_is_told_who_was_first(company: Company, call: Call) -> None:
    await company.say(ANA, f"/calls show {call.sid}")
    seen = company.last(ANA).as_seen()
    company.twilio.faults.latency_s = 0.2

    await asyncio.gather(
        company.click(ANA, "Hang up", on=seen), company.click(BEN, "Hang up", on=seen)
    )

    assert company.twilio.updates(call.sid) == [HANG_UP]
    first = (await company.events())[0][0]
    later = BEN if first == ANA else ANA
    told = [message.text for message in company.seen_by(later) if message.ephemeral_to == later]
    assert len(told) == 1
    assert f"<@{first}> was first: hanging it up since" in told[0]
    assert (later, "hang_up denied") in await company.events()


async def test_who_comes_after_the_end_is_told_who_ended_it(company: Company, call: Call) -> None:
    await company.say(ANA, f"/calls hangup {call.sid}")

    await company.say(BEN, f"/calls hangup {call.sid}")

    assert company.twilio.updates(call.sid) == [HANG_UP]
    assert "already ended" in company.last(BEN).text
    assert f"by <@{ANA}>, completed)" in company.last(BEN).text
    assert company.last(BEN).ephemeral_to == BEN


async def test_slacks_second_delivery_of_a_command_changes_nothing(
    company: Company, call: Call
) -> None:
    delivery = await company.say(ANA, f"/calls hangup {call.sid}")
    before = [shown(message) for message in company.seen_by(ANA)]

    again = await company.slack.redeliver(delivery)
    await company.at_rest()

    assert again.is_ok
    assert company.changes_sent() == [HANG_UP]
    assert [shown(message) for message in company.seen_by(ANA)] == before
    assert len(await company.log()) == 2


async def test_slacks_second_delivery_of_a_click_changes_nothing(
    company: Company, call: Call
) -> None:
    await company.say(ANA, f"/calls show {call.sid}")
    delivery = await company.click(ANA, "Hang up")
    before = [shown(message) for message in company.seen_by(ANA)]

    again = await company.slack.redeliver(delivery)
    await company.at_rest()

    assert again.is_ok
    assert company.changes_sent() == [HANG_UP]
    assert [shown(message) for message in company.seen_by(ANA)] == before
    assert len(await company.log()) == 2


async def test_two_hang_ups_on_one_list_leave_neither_call_on_it(
    company: Company, call: Call
) -> None:
    """Slack takes the first drawing after the second, in which the other call was still alive."""
    other = company.twilio.network.call_in_progress("+14155550124", SUPPORT_LINE)
    await company.say(ANA, "/calls")
    listed = company.last(ANA).as_seen()
    company.slack.faults.slow(RESPONSE_URL, delay_s=0.5)

    first = asyncio.create_task(company.click(ANA, "Hang up", on=listed, call=call))
    await until(lambda: not call.is_live)
    await asyncio.sleep(0.1)
    await company.click(ANA, "Hang up", on=listed, call=other)
    await first

    text = shown(company.slack.workspace.message(SUPPORT, listed.ts) or listed)
    assert text.startswith("Hung up by")
    assert "No live calls." in text
    assert call.sid in text
    assert other.sid in text


@pytest.mark.parametrize("fault", ["silent", "429"])
async def test_a_hang_up_leaves_the_list_though_twilio_lists_no_calls_at_the_moment(
    fault: str, company: Company, call: Call
) -> None:
    """The list is what was known a moment ago, without the call, and says from when it is."""
    other = company.twilio.network.call_in_progress("+14155550124", SUPPORT_LINE)
    await company.say(ANA, "/calls")
    listed = company.last(ANA)
    as_of = shown(listed).split("As of ")[1].split("^")[0]
    await company.next_look()
    company.twilio.faults.standing(fault, match="Calls.json")

    await company.click(ANA, "Hang up", on=listed, call=call)

    text = shown(listed)
    assert text.startswith("Hung up by")
    assert not any(call.sid in str(button["value"]) for button in button_elements(listed))
    assert any(other.sid in str(button["value"]) for button in button_elements(listed))
    assert as_of in text


async def test_a_caller_who_hung_up_first_is_no_fault(company: Company, call: Call) -> None:
    await company.say(ANA, f"/calls show {call.sid}")
    company.twilio.network.hang_up_party(call.sid)

    await company.click(ANA, "Hang up")

    (card,) = company.posted()
    assert "The call had already ended (<!date^" in shown(card)
    assert f"before <@{ANA}> asked; nothing was changed." in shown(card)
    assert "Hang up" not in buttons(card)
    assert (await company.log())[-1].entry.details["reason"] == "already_ended"
    assert await company.events() == [(ANA, "hang_up requested"), (ANA, "hang_up failed")]


async def test_a_call_of_another_account_is_said_to_be_perhaps_that(company: Company) -> None:
    await company.say(ANA, f"/calls hangup {OF_ANOTHER_ACCOUNT}")

    answer = company.last(ANA)
    assert answer.ephemeral_to == ANA
    assert f"There is no such call in account {company.twilio.account.sid}" in answer.text
    assert "Region us1" in answer.text
    assert (await company.log())[-1].entry.details["twilio"]["code"] == 20404


@pytest.mark.parametrize("status", ["queued", "ringing"])
async def test_a_call_that_nobody_answered_yet_is_hung_up_as_canceled(
    company: Company, status: str
) -> None:
    network = company.twilio.network
    waiting = {"queued": network.call_queued, "ringing": network.call_ringing}[status](
        SUPPORT_LINE, CALLER
    )

    await company.say(ANA, f"/calls hangup {waiting.sid}")

    assert waiting.status == "canceled"
    assert "Twilio says canceled." in shown(company.last(ANA))
    assert (await company.log())[-1].entry.details["status_after"] == "canceled"


async def test_an_admin_may_do_what_an_operator_may(company: Company, call: Call) -> None:
    await company.say(ADA, f"/calls hangup {call.sid}")

    assert call.status == "completed"


async def test_it_works_in_a_channel_that_the_bot_is_not_in(company: Company, call: Call) -> None:
    await company.say(ANA, f"/calls hangup {call.sid}", where=FRAUD)

    assert call.status == "completed"
    assert f"Hung up by <@{ANA}>" in shown(company.posted(where=FRAUD)[0])
    assert company.posted(where=SUPPORT) == []
