"""What the gateway lists: live calls, calls that have ended, our numbers."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web

from bot.application.ports import FinishedCallsQuery
from bot.domain.calls import OwnNumber
from bot.sandbox.twilio import ManualClock, TwilioStandIn
from bot.twilio.gateway import LIVE_STATUSES, TwilioGateway
from tests.contract.test_twilio_gateway.world import (
    CALLS_PATH,
    OddTwilio,
    call_row,
    gateway_to,
    json_answer,
)

OURS = "+442079460000"
OTHER_SID = "CA" + "5f" * 16


async def test_live_calls_are_listed_once_and_newest_first(
    gateway: TwilioGateway, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    made = []
    for make in (
        twilio.network.call_in_progress,
        twilio.network.call_ringing,
        twilio.network.call_queued,
    ):
        made.append(make().sid)
        clock.advance(1)
    twilio.network.call_ended()

    listing = await gateway.list_live()

    assert [call.sid for call in listing.calls] == made[::-1]
    assert listing.looked_at == clock.now()
    assert listing.took_s > 0
    assert not listing.is_cut_off


async def test_listing_goes_on_past_the_first_page(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    made = {twilio.network.call_in_progress().sid for _ in range(2_345)}

    listing = await gateway.list_live()

    assert {call.sid for call in listing.calls} == made
    assert len(listing.calls) == len(made)
    sizes = {value for one in twilio.requests for name, value in one.query if name == "PageSize"}
    assert sizes == {"1000"}
    assert len(twilio.requests) == len(LIVE_STATUSES) + 2


async def test_live_listings_run_at_the_same_time(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio
) -> None:
    all_are_here = asyncio.Barrier(len(LIVE_STATUSES))

    async def answer_when_all_are_here(request: web.Request) -> web.Response:
        await all_are_here.wait()
        return json_answer({"calls": [], "next_page_uri": None, "of": request.query["Status"]})

    odd_twilio.answers(answer_when_all_are_here)

    listing = await odd_gateway.list_live()

    assert listing.calls == ()
    assert {one.query["Status"] for one in odd_twilio.requests} == set(LIVE_STATUSES)


async def test_call_that_moves_between_the_listings_is_shown_as_it_was_last(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio
) -> None:
    later = "Mon, 05 Jan 2026 09:00:01 +0000"
    rows = {
        "queued": [],
        "ringing": [call_row(status="ringing")],
        "in-progress": [call_row(status="in-progress", date_updated=later)],
    }

    async def answer(request: web.Request) -> web.Response:
        return json_answer({"calls": rows[request.query["Status"]]})

    odd_twilio.answers(answer)

    listing = await odd_gateway.list_live()

    assert [call.status for call in listing.calls] == ["in-progress"]


async def test_too_many_live_calls_are_cut_off_and_it_is_said(
    twilio: TwilioStandIn, clock: ManualClock
) -> None:
    for _ in range(4):
        twilio.network.call_in_progress()
    twilio.network.call_ringing()
    gateway = gateway_to(twilio.url, clock=clock, max_live_calls=4)

    listing = await gateway.list_live()
    await gateway.close()

    assert len(listing.calls) == 4
    assert listing.is_cut_off


async def test_next_page_on_another_host_is_not_followed(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio
) -> None:
    for next_uri in (
        "https://evil.example" + CALLS_PATH,
        "//evil.example" + CALLS_PATH,
        "/2010-04-01/Accounts.json?PageToken=x",
        CALLS_PATH + "/../../Accounts.json",
        "@evil.example/",
    ):
        odd_twilio.answers(json_answer({"calls": [call_row()], "next_page_uri": next_uri}))

        listing = await odd_gateway.list_live()

        assert len(listing.calls) == 1
        assert listing.is_cut_off
    assert len(odd_twilio.requests) == 5 * len(LIVE_STATUSES)


async def test_odd_rows_are_survived(odd_gateway: TwilioGateway, odd_twilio: OddTwilio) -> None:
    bare = {"sid": OTHER_SID}
    odd = call_row(
        status="teleporting",
        start_time="yesterday",
        date_updated=17,
        duration="long",
        caller_name=None,
        parent_call_sid="../Accounts",
        surprise={"a": 1},
    )
    odd_twilio.answers(json_answer({"calls": [bare, odd, {"sid": "CAx"}, None, {}]}))

    calls = {call.sid: call for call in (await odd_gateway.list_live()).calls}

    assert set(calls) == {OTHER_SID, odd["sid"]}
    assert calls[OTHER_SID].is_active
    strange = calls[odd["sid"]]
    assert (strange.status, strange.is_active) == ("teleporting", True)
    assert strange.started_at is strange.updated_at is None
    assert strange.duration_s is None
    assert strange.parent_call_sid is None


async def test_finished_calls_are_those_that_ended_newest_first(
    gateway: TwilioGateway, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    first = twilio.network.call_ended()
    clock.advance(60)
    second = twilio.network.call_ended(status="busy")
    twilio.network.call_in_progress()

    listing = await gateway.list_finished(FinishedCallsQuery(limit=10))

    assert [call.sid for call in listing.calls] == [second.sid, first.sid]
    assert not listing.is_cut_off


async def test_finished_calls_are_looked_for_behind_live_ones(
    gateway: TwilioGateway, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    ended = twilio.network.call_ended()
    clock.advance(60)
    for _ in range(120):
        twilio.network.call_in_progress()

    listing = await gateway.list_finished(FinishedCallsQuery(limit=10))

    assert [call.sid for call in listing.calls] == [ended.sid]


async def test_more_finished_calls_than_asked_for_are_said_to_be_cut_off(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    for _ in range(3):
        twilio.network.call_ended()

    three = await gateway.list_finished(FinishedCallsQuery(limit=3))
    two = await gateway.list_finished(FinishedCallsQuery(limit=2))

    assert (len(three.calls), three.is_cut_off) == (3, False)
    assert (len(two.calls), two.is_cut_off) == (2, True)


async def test_finished_calls_are_filtered(gateway: TwilioGateway, twilio: TwilioStandIn) -> None:
    ours = twilio.network.call_ended("+14155550100", OURS)
    busy = twilio.network.call_ended("+14155550101", OURS, status="busy")
    other = twilio.network.call_ended("+14155550100", "+442079460999")

    async def sids(query: FinishedCallsQuery) -> set[str]:
        return {call.sid for call in (await gateway.list_finished(query)).calls}

    assert await sids(FinishedCallsQuery(limit=9, to_number=OURS)) == {ours.sid, busy.sid}
    assert await sids(FinishedCallsQuery(limit=9, status="busy")) == {busy.sid}
    assert await sids(FinishedCallsQuery(limit=9, from_number="+14155550100")) == {
        ours.sid,
        other.sid,
    }


@pytest.mark.parametrize("status", ["initiated", "queued", "in-progress"])
async def test_no_finished_call_is_looked_for_in_a_status_of_live_ones(
    gateway: TwilioGateway, twilio: TwilioStandIn, status: str
) -> None:
    """Of these Twilio refuses `initiated` altogether."""
    listing = await gateway.list_finished(FinishedCallsQuery(limit=9, status=status))

    assert (listing.calls, listing.is_cut_off) == ((), False)
    assert list(twilio.requests) == []


async def test_since_is_kept_to_the_second_though_twilio_knows_only_days(
    gateway: TwilioGateway, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    since = clock.now() - timedelta(hours=2)
    before = [since - timedelta(seconds=1), since - timedelta(days=3)]
    for started_at in before:
        twilio.network.call_ended(started_at=started_at)
    wanted = twilio.network.call_ended(started_at=since)

    listing = await gateway.list_finished(FinishedCallsQuery(limit=10, since=since))

    assert [call.sid for call in listing.calls] == [wanted.sid]
    assert not listing.is_cut_off
    assert ("StartTime>", "2026-01-05") in twilio.requests[0].query


async def test_page_of_calls_that_are_all_too_old_is_the_last(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio, clock: ManualClock
) -> None:
    old = call_row(status="completed", start_time="Sun, 04 Jan 2026 09:00:00 +0000")
    odd_twilio.answers(json_answer({"calls": [old], "next_page_uri": f"{CALLS_PATH}?PageToken=a"}))

    listing = await odd_gateway.list_finished(FinishedCallsQuery(limit=5, since=clock.now()))

    assert listing.calls == ()
    assert not listing.is_cut_off
    assert len(odd_twilio.requests) == 1


async def test_search_for_finished_calls_ends_after_ten_pages(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio
) -> None:
    page = {"calls": [call_row()], "next_page_uri": f"{CALLS_PATH}?PageToken=a"}
    odd_twilio.answers(json_answer(page))

    listing = await odd_gateway.list_finished(FinishedCallsQuery(limit=5))

    assert listing.is_cut_off
    assert len(odd_twilio.requests) == 10


async def test_numbers_are_listed_with_their_names_and_flows(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    twilio.network.add_number(OURS, "Support line", "https://voice.example.com/in", "GET")
    for digits in range(1_100):
        twilio.network.add_number(f"+1415{digits:07}", "Spare")

    numbers = await gateway.list_numbers()

    assert len(numbers) == 1_101
    assert (
        OwnNumber(
            phone_number=OURS,
            friendly_name="Support line",
            voice_url="https://voice.example.com/in",
            voice_method="GET",
        )
        in numbers
    )


async def test_one_number_is_found_as_it_is_now(
    gateway: TwilioGateway, twilio: TwilioStandIn
) -> None:
    twilio.network.add_number(OURS, "Support line", "https://voice.example.com/in")

    number = await gateway.find_number(OURS)

    assert number is not None
    assert (number.phone_number, number.voice_url) == (OURS, "https://voice.example.com/in")
    assert await gateway.find_number("+442079460001") is None


async def test_number_of_an_application_or_a_trunk_has_no_flow_of_its_own(
    odd_gateway: TwilioGateway, odd_twilio: OddTwilio
) -> None:
    row = {"phone_number": OURS, "voice_url": "https://voice.example.com/in"}
    odd_twilio.answers(
        json_answer(
            {
                "incoming_phone_numbers": [
                    row | {"voice_application_sid": "AP" + "0" * 32},
                    row | {"trunk_sid": "TK" + "0" * 32},
                    {"friendly_name": "no number"},
                ]
            }
        )
    )

    numbers = await odd_gateway.list_numbers()

    assert [number.voice_url for number in numbers] == ["", ""]
