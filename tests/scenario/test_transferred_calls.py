"""Legs that were sent elsewhere and dial on: who is on the line with whom, and who will drop."""

from __future__ import annotations

import pytest

from bot.sandbox.twilio import Call, Party
from tests.scenario.company import ANA, SUPPORT_LINE, Company
from tests.scenario.reading import shown
from tests.scenario.trouble import until

CALLER, EXPERT, LAWYER = "+14155550123", "+442079460999", "+442079460555"
THE_CALLER, THE_EXPERT, THE_LAWYER = "+1 415-555-0123", "+44 20 7946 0999", "+44 20 7946 0555"
AFTERWARDS = "https://voice.example.com/afterwards"
LETS_IT_RING = Party(rings_after_s=0, answers_after_s=None)
Legs = tuple[Call, Call, Call]


@pytest.fixture
async def legs(company: Company) -> Legs:
    """A caller who waits again, the expert, who was sent on, and the lawyer whom that one rang."""
    network = company.twilio.network
    network.example_hosts.register(AFTERWARDS, "<Response><Pause length='600'/></Response>")
    caller = network.call_in_progress(CALLER, SUPPORT_LINE)
    expert = network.dial(caller, EXPERT, action_url=AFTERWARDS)
    network.redirect(expert, twiml=f"<Response><Dial>{LAWYER}</Dial></Response>")
    (lawyer,) = (call for call in network.calls.values() if call.to == LAWYER)
    network.ring(lawyer)
    network.answer(lawyer.sid)
    return caller, expert, lawyer


async def test_a_leg_that_dials_on_is_listed_with_whom_it_dialled(
    company: Company, legs: Legs
) -> None:
    """Whoever had dialled it is on the line with neither of them any more."""
    await company.say(ANA, "/calls")

    page = shown(company.last(ANA))
    assert [leg.status for leg in legs] == ["in-progress"] * 3
    assert "2 live calls" in page
    assert f"on the line with {THE_LAWYER} (in progress)" in page
    assert f"on the line with {THE_EXPERT}" not in page
    assert f"{THE_LAWYER} will be cut off too." in page


async def test_whom_a_leg_dialled_is_found_by_the_number(company: Company, legs: Legs) -> None:
    _caller, expert, lawyer = legs

    await company.say(ANA, f"/calls hangup {LAWYER} fraud")

    question = shown(company.last(ANA))
    assert f"`{expert.sid}`" in question
    assert f"{THE_LAWYER} will be cut off too." in question
    await company.click(ANA, "Hang up")
    assert not lawyer.is_live


@pytest.mark.parametrize("which", [0, 1, 2])
async def test_the_card_of_each_leg_names_who_is_on_the_line_with_it(
    company: Company, legs: Legs, which: int
) -> None:
    effects = (
        "",
        f"If it is hung up or redirected: {THE_LAWYER} will be cut off too.",
        f"If it is hung up or redirected: {THE_EXPERT} goes on with its own flow.",
    )

    await company.say(ANA, f"/calls show {legs[which].sid}")

    card = shown(company.posted()[-1])
    assert f"`{legs[which].sid}`" in card
    assert effects[which] in card
    assert ("If it is" in card) == bool(effects[which])


@pytest.mark.parametrize("which", [0, 1, 2])
async def test_the_form_from_the_card_of_each_leg_finds_nothing_changed(
    company: Company, legs: Legs, which: int
) -> None:
    """List and card see the same legs on the line."""
    await company.say(ANA, "/calls")
    await company.say(ANA, f"/calls show {legs[which].sid}")
    await company.click(ANA, "Redirect…", on=company.posted()[-1])

    delivery = await company.submit(ANA, {"redirect.target": "hold-music"})

    assert "has changed" not in str(delivery)
    assert len(company.changes_sent()) == 1


async def test_nobody_goes_on_who_has_ended(company: Company) -> None:
    """The expert was sent elsewhere before the caller hung up."""
    network = company.twilio.network
    caller = network.call_in_progress(CALLER, SUPPORT_LINE)
    expert = network.dial(caller, EXPERT)
    network.redirect(expert, twiml="<Response><Pause length='600'/></Response>")

    await company.say(ANA, f"/calls show {expert.sid}")
    await company.say(ANA, "/calls")

    assert not caller.is_live
    assert expert.is_live
    assert "goes on" not in shown(company.posted()[-1])
    assert "The call that dialled it, if it is still up, goes on" in shown(company.last(ANA))


async def test_of_several_who_are_called_at_once_the_others_go_on_ringing(company: Company) -> None:
    network = company.twilio.network
    network.parties |= dict.fromkeys((EXPERT, LAWYER), LETS_IT_RING)
    network.call_in_progress(
        CALLER,
        SUPPORT_LINE,
        twiml=f"<Response><Dial><Number>{EXPERT}</Number><Number>{LAWYER}</Number></Dial></Response>",
    )
    await until(lambda: [call.status for call in network.calls.values()][1:] == ["ringing"] * 2)
    (expert,) = (call for call in network.calls.values() if call.to == EXPERT)

    await company.say(ANA, f"/calls show {expert.sid}")
    card = shown(company.posted()[-1])
    await company.click(ANA, "Hang up", on=company.posted()[-1])

    assert f"If it is hung up or redirected: {THE_LAWYER} goes on ringing." in card
    assert sorted(call.status for call in network.calls.values()) == [
        "canceled",
        "in-progress",
        "ringing",
    ]


async def test_who_talks_in_a_conference_is_not_on_the_line_with_whom_it_had_dialled(
    company: Company,
) -> None:
    """A call is in one <Dial> at a time; hanging up one participant leaves the other there."""
    network = company.twilio.network
    network.example_hosts.register(AFTERWARDS, "<Response><Pause length='600'/></Response>")
    caller = network.call_in_progress(CALLER, SUPPORT_LINE)
    expert = network.dial(caller, EXPERT, action_url=AFTERWARDS)
    for leg in (expert, caller):
        network.redirect(
            leg, twiml="<Response><Dial><Conference>Support</Conference></Dial></Response>"
        )

    for leg in (expert, caller):
        await company.say(ANA, f"/calls show {leg.sid}")

    for card in company.posted():
        assert "In the conference “Support” with 2 participants." in shown(card)
        assert "will be cut off" not in shown(card)
        assert "goes on with its own flow" not in shown(card)
