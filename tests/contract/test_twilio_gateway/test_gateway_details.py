"""What the gateway knows of one call: its legs, and the conference it is in."""

from aiohttp import web

from bot.sandbox.twilio import ManualClock, TwilioStandIn
from bot.twilio.conferences import MOST_CONFERENCES
from bot.twilio.gateway import TwilioGateway
from tests.contract.test_twilio_gateway.world import (
    API_KEY,
    API_SECRET,
    OddTwilio,
    call_row,
    gateway_to,
    json_answer,
)

OTHER_SID = "CA" + "5f" * 16


async def test_call_is_fetched_with_all_that_twilio_tells(
    gateway: TwilioGateway, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    made = twilio.network.call_in_progress("+14155550123", "+442079460000", caller_name="ANA <b>")
    clock.advance(5)

    call = await gateway.fetch_call(made.sid.upper())

    assert (call.sid, call.status, call.direction) == (made.sid, "in-progress", "inbound")
    assert (call.from_number, call.to_number) == ("+14155550123", "+442079460000")
    assert call.caller_name == "ANA <b>"
    assert call.started_at == made.started_at
    assert call.age_s(clock.now()) == 5


async def test_leg_that_does_not_ring_yet_is_survived_and_counts_as_up(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    parent = twilio.network.call_in_progress()
    leg = twilio.network.dial(parent, status="initiated")

    call = await gateway.fetch_call(leg.sid)

    assert (call.status, call.is_active) == ("initiated", True)
    assert call.parent_call_sid == parent.sid


async def test_parent_is_shown_with_the_legs_that_it_dialled(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    parent = twilio.network.call_in_progress()
    leg = twilio.network.dial(parent)
    twilio.network.call_in_progress()

    details = await gateway.fetch_details(parent.sid)

    assert details.call.sid == parent.sid
    assert [one.sid for one in details.conversation.legs] == [parent.sid, leg.sid]
    assert [one.sid for one in details.conversation.others_than(parent.sid)] == [leg.sid]


async def test_leg_is_shown_with_its_parent_and_its_siblings(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    parent = twilio.network.call_in_progress()
    first = twilio.network.dial(parent)
    twilio.network.hang_up_party(first.sid)
    parent = twilio.network.call_in_progress()
    legs = [twilio.network.dial(parent, to=f"+44207946011{n}") for n in (1, 2)]

    details = await gateway.fetch_details(legs[1].sid)

    assert details.call.sid == legs[1].sid
    assert details.conversation.root.sid == parent.sid
    assert {one.sid for one in details.conversation.children} == {leg.sid for leg in legs}


async def test_leg_whose_parent_is_not_of_this_account_stands_for_itself(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio
) -> None:
    leg = call_row(status="ringing", parent_call_sid=OTHER_SID)

    async def answer(request: web.Request) -> web.Response:
        if OTHER_SID in request.path:
            return json_answer({"code": 20404}, status=404)
        is_listing = "ParentCallSid" in request.query
        return json_answer({"calls": [leg]} if is_listing else leg)

    odd_twilio.answers(answer)

    details = await odd_gateway.fetch_details(leg["sid"])

    assert details.conversation.root.sid == leg["sid"]


async def test_conference_of_the_call_is_found_with_who_is_in_it(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    ours, theirs, elsewhere = (twilio.network.call_in_progress() for _ in range(3))
    for n in range(7):
        twilio.network.join_conference(twilio.network.call_in_progress(), f"Other {n}")
    for call in (ours, theirs):
        conference = twilio.network.join_conference(call, "Support")
    twilio.network.join_conference(elsewhere, "Sales")

    details = await gateway.fetch_details(ours.sid)

    assert details.is_conference_known
    assert details.conference is not None
    assert details.conference.sid == conference.sid
    assert details.conference.friendly_name == "Support"
    assert set(details.conference.participant_call_sids) == {ours.sid, theirs.sid}


async def test_conference_that_ends_while_it_is_looked_at_hides_no_other(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio
) -> None:
    call, ended, running = call_row(), f"CF{'1' * 32}", f"CF{'2' * 32}"

    async def answer(request: web.Request) -> web.Response:
        if ended in request.path:
            return json_answer({"code": 20404}, status=404)
        if running in request.path:
            return json_answer({"participants": [{"call_sid": call["sid"]}]})
        if "Conferences" in request.path:
            return json_answer({"conferences": [{"sid": ended}, {"sid": running}]})
        return json_answer({"calls": []} if "ParentCallSid" in request.query else call)

    odd_twilio.answers(answer)

    details = await odd_gateway.fetch_details(call["sid"])

    assert details.conference is not None
    assert details.conference.sid == running


async def test_call_that_waits_alone_in_a_conference_is_in_it(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    call = twilio.network.call_in_progress()
    conference = twilio.network.join_conference(call, "Support")

    details = await gateway.fetch_details(call.sid)

    assert conference.status == "init"
    assert details.conference is not None
    assert details.conference.participant_call_sids == (call.sid,)


async def test_call_in_no_conference_is_known_to_be_in_none(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    twilio.network.join_conference(twilio.network.call_in_progress(), "Support")
    call = twilio.network.call_in_progress()

    details = await gateway.fetch_details(call.sid)

    assert details.conference is None
    assert details.is_conference_known


async def test_call_that_is_not_up_is_in_no_conference_and_none_is_looked_at(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    call = twilio.network.call_ended()

    details = await gateway.fetch_details(call.sid)

    assert details.conference is None
    assert details.is_conference_known
    assert not [one for one in twilio.requests if "Conferences" in one.path]


async def test_more_conferences_than_are_looked_at_leave_it_unknown(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    for n in range(MOST_CONFERENCES + 1):
        twilio.network.join_conference(twilio.network.call_in_progress(), f"Room {n}")
    call = twilio.network.call_in_progress()

    details = await gateway.fetch_details(call.sid)

    assert details.conference is None
    assert not details.is_conference_known
    looks = [one for one in twilio.requests if one.path.endswith("/Participants.json")]
    assert len(looks) == MOST_CONFERENCES


async def test_conference_that_may_not_be_read_is_unknown_and_the_rest_is_shown(
    twilio: TwilioStandIn, clock: ManualClock
) -> None:
    twilio.account.restrict(API_KEY, ["calls/list", "calls/read"])
    parent = twilio.network.call_in_progress()
    leg = twilio.network.dial(parent)
    gateway = gateway_to(twilio.url, clock=clock, username=API_KEY, password=API_SECRET)

    details = await gateway.fetch_details(parent.sid)
    await gateway.close()

    assert not details.is_conference_known
    assert details.conversation.leg(leg.sid) is not None
