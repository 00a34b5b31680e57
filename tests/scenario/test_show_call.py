"""The details card: every way of naming a call, what it tells, and its buttons."""

from __future__ import annotations

import pytest

from bot.sandbox.slack import Message
from bot.sandbox.twilio import Call
from tests.scenario.company import (
    ANA,
    BEN,
    OLGA,
    SHARED,
    SUPPORT_LINE,
    VERA,
    Company,
)
from tests.scenario.reading import button_elements, buttons, shown

CALLER = "+14155550123"
EXPERT = "+442079460999"
OF_ANOTHER_ACCOUNT = "CA" + "0123456789abcdef" * 2


def confirm_of(message: Message) -> str:
    """What Slack asks before it sends the press of "Hang up"."""
    dialogs = [
        button["confirm"]
        for button in button_elements(message)
        if button["text"]["text"] == "Hang up"
    ]
    return str(dialogs[0]["text"]["text"])


def two_alike(company: Company) -> tuple[Call, Call]:
    """Two live calls of which one number cannot tell which is meant."""
    network = company.twilio.network
    return (
        network.call_in_progress("+14155550001", SUPPORT_LINE),
        network.call_in_progress("+14155550002", SUPPORT_LINE),
    )


@pytest.mark.parametrize("name", ["sid", "upper-case sid", "end", "long end", "number"])
async def test_a_call_is_found_by_each_of_its_names(company: Company, name: str) -> None:
    company.twilio.network.call_in_progress("+12125550100", "+13125550177")
    call = company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
    names = {
        "sid": call.sid,
        "upper-case sid": call.sid.upper(),
        "end": call.sid[-6:],
        "long end": call.sid[-12:].upper(),
        "number": "+1 (415) 555-0123",
    }

    await company.say(VERA, f"/calls show {names[name]}")

    (card,) = company.posted()
    assert "+1 415-555-0123 → Support line +44 20 7946 0000" in shown(card)
    assert f"`{call.sid}`" in shown(card)
    assert "*Status*\nin progress" in shown(card)
    assert buttons(card) == ["Redirect…", "Hang up", "History", "Refresh"]


async def test_a_number_that_slack_made_a_link_of_is_understood(company: Company) -> None:
    call = company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
    company.slack.escaping.phone_numbers = True

    await company.say(VERA, f"/calls show {CALLER}")

    assert f"`{call.sid}`" in shown(company.last(VERA))


async def test_a_number_of_two_calls_brings_the_question_which(company: Company) -> None:
    first, second = two_alike(company)

    await company.say(VERA, f"/calls show {SUPPORT_LINE}")
    question = company.last(VERA)
    await company.click(VERA, "Details", call=first)

    assert question.ephemeral_to == VERA
    assert "2 calls fit “+44 20 7946 0000”. Which one?" in shown(question)
    assert first.sid in shown(question)
    assert second.sid in shown(question)
    assert "+1 415-555-0001" in shown(company.last(VERA))
    assert "Post to channel" in buttons(company.last(VERA))


async def test_the_legs_of_one_conversation_are_no_question(company: Company) -> None:
    """Both legs have the caller's number; whoever names it means the call as people hear it."""
    caller = company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
    company.twilio.network.dial(caller, EXPERT)

    await company.say(VERA, f"/calls show {CALLER}")

    assert len(company.posted()) == 1
    assert f"`{caller.sid}`" in shown(company.posted()[0])


async def test_both_legs_are_drawn_and_the_card_says_who_drops(company: Company) -> None:
    caller = company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
    expert = company.twilio.network.dial(caller, EXPERT)

    await company.say(VERA, f"/calls show {caller.sid}")
    card = company.posted()[-1]
    await company.say(VERA, f"/calls show {expert.sid}")
    card_of_the_other_leg = company.posted()[-1]

    assert "*Legs*" in shown(card)
    assert f"`{caller.sid}` (this card)" in shown(card)
    assert f"`{expert.sid}`" in shown(card)
    assert "+44 20 7946 0999 will be cut off too." in confirm_of(card)
    assert "+1 415-555-0123 goes on with its own flow." in confirm_of(card_of_the_other_leg)


async def test_a_call_in_a_conference_tells_its_name_and_how_many_are_in_it(
    company: Company,
) -> None:
    network = company.twilio.network
    call = network.call_in_progress(CALLER, SUPPORT_LINE)
    other = network.call_in_progress(EXPERT, SUPPORT_LINE)
    network.join_conference(call, "Room *1*")
    network.join_conference(other, "Room *1*")

    await company.say(VERA, f"/calls show {call.sid}")

    assert "In the conference “Room *1*” with 2 participants." in shown(company.last(VERA))


async def test_who_ends_a_conference_by_leaving_is_not_hung_up_unwarned(company: Company) -> None:
    network = company.twilio.network
    moderator, guest = (
        network.call_in_progress(
            number,
            SUPPORT_LINE,
            twiml="<Response><Dial>"
            f"<Conference endConferenceOnExit='{ends}'>Support</Conference></Dial></Response>",
        )
        for number, ends in ((CALLER, "true"), (EXPERT, "false"))
    )

    await company.say(ANA, f"/calls show {moderator.sid}")
    await company.say(ANA, f"/calls show {guest.sid}")

    of_the_moderator, of_the_guest = company.posted()
    warning = "The conference ends with it, for 1 other participant too."
    assert warning in confirm_of(of_the_moderator)
    assert f"If it is hung up or redirected: {warning}" in shown(of_the_moderator)
    assert warning not in shown(of_the_guest)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (OF_ANOTHER_ACCOUNT, "There is no such call in account"),
        ("abcdef", "`/calls recent` lists those that have ended"),
        ("+4930123456", "`/calls recent` lists those that have ended"),
        ("14155550123", "taken for the end of a SID. A number begins with + and its country code."),
    ],
)
async def test_a_call_that_is_not_there_is_said_to_be_perhaps_anothers_or_over(
    company: Company, name: str, said: str
) -> None:
    company.twilio.network.call_in_progress("+12125550100", "+13125550177")

    await company.say(VERA, f"/calls show {name}")

    answer = company.last(VERA)
    assert answer.ephemeral_to == VERA
    assert said in answer.text
    assert f"in account {company.twilio.account.sid}" in answer.text
    assert "Calls of other accounts and Regions are not seen." in answer.text
    assert name in answer.text
    assert company.posted() == []


async def test_a_call_that_has_ended_is_shown_without_buttons_to_change_it(
    company: Company,
) -> None:
    call = company.twilio.network.call_ended(CALLER, SUPPORT_LINE, duration_s=75)

    await company.say(ANA, f"/calls show {call.sid}")

    card = company.last(ANA)
    assert "*Status*\ncompleted" in shown(card)
    assert "*Duration*\n1 min 15 s" in shown(card)
    assert buttons(card) == ["History", "Refresh"]


async def test_details_open_for_the_presser_alone_who_may_then_post_them(
    company: Company,
) -> None:
    call = company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
    await company.say(VERA, "/calls")

    await company.click(VERA, "Details", call=call)
    card = company.last(VERA)
    await company.click(VERA, "Post to channel")

    assert card.ephemeral_to == VERA
    assert buttons(card) == ["Refresh", "Post to channel"]
    (posted,) = company.posted()
    assert f"`{call.sid}`" in shown(posted)
    assert "Hang up" in buttons(posted)


async def test_refresh_draws_the_card_as_the_call_is_now(company: Company) -> None:
    call = company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
    await company.say(ANA, f"/calls show {call.sid}")
    company.twilio.network.hang_up_party(call.sid)

    await company.click(BEN, "Refresh")

    (card,) = company.posted()
    assert "*Status*\ncompleted" in shown(card)
    assert "Hang up" not in buttons(card)


async def test_history_tells_who_did_what_to_this_call(company: Company) -> None:
    network = company.twilio.network
    call = network.call_in_progress(CALLER, SUPPORT_LINE)
    other = network.call_in_progress(EXPERT, SUPPORT_LINE)
    await company.say(ANA, f"/calls redirect {call.sid} hold-music an expert is on the way")
    await company.say(BEN, f"/calls hangup {other.sid}")
    await company.say(ANA, f"/calls show {call.sid}")

    await company.click(BEN, "History")

    history = company.last(BEN)
    assert history.ephemeral_to == BEN
    assert "*Redirect to Hold music: done (Twilio says in progress)*, <@U0ANA>" in shown(history)
    assert "“an expert is on the way”" in shown(history)
    assert "Hang up" not in shown(history)


async def test_a_call_that_nobody_changed_has_no_history(company: Company) -> None:
    call = company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)
    await company.say(ANA, f"/calls show {call.sid}")

    await company.click(ANA, "History")

    assert "Nobody has changed this call" in shown(company.last(ANA))


async def test_a_card_in_a_shared_channel_hides_every_number(company: Company) -> None:
    caller = company.twilio.network.call_in_progress(
        CALLER, SUPPORT_LINE, caller_name="Bob 4155550199", forwarded_from="+14155550155"
    )
    company.twilio.network.dial(caller, EXPERT)

    await company.say(ANA, f"/calls show {caller.sid}", where=SHARED)
    await company.click(ANA, "Refresh", where=SHARED)

    card = shown(company.last(OLGA, where=SHARED))
    assert "Support line" in card
    assert not [digits for digits in ("0123", "0199", "0155", "0999", "0000") if digits in card]
