"""Listings: filters, pages, and what a call looks like in them."""

from datetime import timedelta

import pytest

from bot.sandbox.twilio import ManualClock, TwilioStandIn
from tests.contract.test_twilio_stand_in.talk import BASE, Api, Reply, Sdk

OURS = "+442079460000"


def sids(reply: Reply) -> list[str]:
    return [call["sid"] for call in reply.json["calls"]]


async def test_live_call_tells_what_twilio_tells(
    api: Api, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    number = twilio.network.add_number(OURS, "Support line")
    call = twilio.network.call_in_progress("+14155550123", OURS, caller_name="ANA <!channel>")
    clock.advance(65)

    told = (await api.get(f"/Calls/{call.sid}.json")).json

    assert (told["status"], told["direction"]) == ("in-progress", "inbound")
    assert (told["from"], told["from_formatted"]) == ("+14155550123", "(415) 555-0123")
    assert (told["to"], told["to_formatted"]) == (OURS, OURS)
    assert told["caller_name"] == "ANA <!channel>"
    assert told["phone_number_sid"] == number.sid
    assert told["start_time"] == "Mon, 05 Jan 2026 09:00:00 +0000"
    assert told["end_time"] is told["duration"] is told["price"] is None
    assert told["queue_time"] == "0"
    assert told["subresource_uris"]["events"] == f"{BASE}/Calls/{call.sid}/Events.json"


async def test_finished_call_has_its_length_as_a_string(
    api: Api, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    call = twilio.network.call_in_progress()
    clock.advance(65)
    twilio.network.hang_up_party(call.sid)

    told = (await api.get(f"/Calls/{call.sid}.json")).json

    assert (told["status"], told["duration"]) == ("completed", "65")
    assert told["end_time"] == told["date_updated"] == "Mon, 05 Jan 2026 09:01:05 +0000"


async def test_call_that_was_never_up_has_neither_end_nor_length(
    api: Api, twilio: TwilioStandIn
) -> None:
    queued = twilio.network.call_queued()
    before = (await api.get(f"/Calls/{queued.sid}.json")).json
    busy = twilio.network.call_ended(status="busy")
    after = (await api.get(f"/Calls/{busy.sid}.json")).json

    assert before["start_time"] is None
    assert after["start_time"] is not None
    assert after["end_time"] is after["duration"] is None


async def test_status_filter_takes_one_status(api: Api, twilio: TwilioStandIn) -> None:
    network = twilio.network
    queued, ringing, up, over = (
        network.call_queued(),
        network.call_ringing(),
        network.call_in_progress(),
        network.call_ended(),
    )

    for status, call in (
        ("queued", queued),
        ("ringing", ringing),
        ("in-progress", up),
        ("completed", over),
    ):
        assert sids(await api.get("/Calls.json", Status=status)) == [call.sid]
    twice = await api.get("/Calls.json?Status=queued&Status=ringing")
    assert twice.status == 400


@pytest.mark.parametrize("status", ["initiated", "answered", "Ringing"])
async def test_status_that_is_no_filter_is_refused(api: Api, status: str) -> None:
    reply = await api.get("/Calls.json", Status=status)

    assert (reply.status, reply.code) == (400, 20422)
    assert status in reply.json["message"]


async def test_leg_that_is_only_initiated_is_in_no_live_listing_but_can_be_fetched(
    api: Api, twilio: TwilioStandIn
) -> None:
    parent = twilio.network.call_in_progress()
    leg = twilio.network.dial(parent, status="initiated")

    live = [
        sid
        for status in ("queued", "ringing", "in-progress")
        for sid in sids(await api.get("/Calls.json", Status=status))
    ]
    children = sids(await api.get("/Calls.json", ParentCallSid=parent.sid))
    fetched = await api.get(f"/Calls/{leg.sid}.json")

    assert live == [parent.sid]
    assert children == [leg.sid]
    assert fetched.json["status"] == "initiated"


async def test_initiated_leg_can_be_made_to_count_as_ringing(
    api: Api, twilio: TwilioStandIn
) -> None:
    twilio.open_questions.lists_initiated_as_ringing = True
    leg = twilio.network.dial(twilio.network.call_in_progress(), status="initiated")

    assert sids(await api.get("/Calls.json", Status="ringing")) == [leg.sid]


async def test_filters_by_number_compare_whole_numbers(api: Api, twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress("+14155550123", OURS)
    twilio.network.call_in_progress("+14155550199", "+442079460001")

    assert sids(await api.get("/Calls.json", From="+14155550123")) == [call.sid]
    assert sids(await api.get("/Calls.json", To=OURS)) == [call.sid]
    assert sids(await api.get("/Calls.json", To=OURS, From="+14155550199")) == []


async def test_time_filters_go_by_whole_days_unless_told_otherwise(
    api: Api, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    yesterday, morning, now = (
        twilio.network.call_in_progress(started_at=clock.now() - ago)
        for ago in (timedelta(days=1), timedelta(hours=3), timedelta())
    )

    by_day = await api.get("/Calls.json", **{"StartTime>": "2026-01-05T08:00:00Z"})
    before = await api.get("/Calls.json", **{"StartTime<": "2026-01-05"})
    on = await api.get("/Calls.json", StartTime="2026-01-04")
    twilio.open_questions.honours_time_of_day = True
    to_the_second = await api.get("/Calls.json", **{"StartTime>": "2026-01-05T08:00:00Z"})

    assert sids(by_day) == [now.sid, morning.sid]
    assert sids(before) == sids(on) == [yesterday.sid]
    assert sids(to_the_second) == [now.sid]


async def test_end_time_filter_finds_ended_calls_only(api: Api, twilio: TwilioStandIn) -> None:
    twilio.network.call_in_progress()
    over = twilio.network.call_ended()

    assert sids(await api.get("/Calls.json", **{"EndTime>": "2026-01-05"})) == [over.sid]
    assert sids(await api.get("/Calls.json", **{"EndTime<": "2026-01-05"})) == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"PageSize": "1001"}, 20007),
        ({"PageSize": "0"}, 20422),
        ({"PageSize": "ten"}, 20422),
        ({"PageSize": "9" * 5000}, 20422),
        ({"StartTime": "0001-01-01T00:00+10:00"}, 20422),
        ({"Page": "1"}, 70002),
        ({"Page": "1", "PageToken": "PACA" + "0" * 32}, 20422),
        ({"StartTime": "soon"}, 20422),
    ],
)
async def test_listing_that_cannot_be_is_refused(
    api: Api, query: dict[str, str], code: int
) -> None:
    reply = await api.get("/Calls.json", **query)

    assert (reply.status, reply.code) == (400, code)


async def test_pages_lead_forward_and_back_newest_first(api: Api, twilio: TwilioStandIn) -> None:
    calls = [twilio.network.call_in_progress().sid for _ in range(5)]
    newest_first = calls[::-1]

    first = await api.get("/Calls.json", Status="in-progress", PageSize="2")
    second = await api.ask("GET", first.json["next_page_uri"])
    third = await api.ask("GET", second.json["next_page_uri"])
    back = await api.ask("GET", third.json["previous_page_uri"])

    assert [sids(first), sids(second), sids(third)] == [
        newest_first[:2],
        newest_first[2:4],
        newest_first[4:],
    ]
    assert first.json["previous_page_uri"] is third.json["next_page_uri"] is None
    assert (second.json["page"], second.json["start"], second.json["end"]) == (1, 2, 3)
    assert sids(back) == sids(second)
    assert second.json["first_page_uri"] == (
        f"{BASE}/Calls.json?Status=in-progress&PageSize=2&Page=0"
    )


async def test_calls_that_come_and_go_between_pages_neither_repeat_nor_hide_others(
    api: Api, twilio: TwilioStandIn
) -> None:
    oldest, older, newer, newest = (twilio.network.call_in_progress() for _ in range(4))
    first = await api.get("/Calls.json", Status="in-progress", PageSize="2")

    twilio.network.call_in_progress()
    twilio.network.hang_up_party(newer.sid)
    second = await api.ask("GET", first.json["next_page_uri"])

    assert sids(first) == [newest.sid, newer.sid]
    assert sids(second) == [older.sid, oldest.sid]


async def test_listing_of_nothing_is_an_empty_page(api: Api) -> None:
    reply = await api.get("/Calls.json")

    assert reply.json["calls"] == []
    assert (reply.json["page"], reply.json["page_size"]) == (0, 50)
    assert reply.json["next_page_uri"] is None


async def test_twilios_client_walks_all_pages_and_reads_the_times(
    sdk: Sdk, twilio: TwilioStandIn, clock: ManualClock
) -> None:
    calls = {twilio.network.call_in_progress().sid for _ in range(7)}

    found = await sdk.do(lambda client: client.calls.list(limit=100, page_size=3))

    assert {call.sid for call in found} == calls
    assert len(found) == 7
    assert found[0].start_time == clock.now()
    assert found[0]._from == "+14155550123"
    assert len(twilio.requests) == 3


async def test_row_in_a_listing_follows_the_call(api: Api, twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress()
    before = (await api.get("/Calls.json")).json["calls"][0]

    twilio.network.hang_up_party(call.sid)
    after = (await api.get("/Calls.json")).json["calls"][0]

    assert (before["status"], after["status"]) == ("in-progress", "completed")


async def test_record_of_a_finished_call_can_be_deleted_that_of_a_live_one_cannot(
    api: Api, twilio: TwilioStandIn
) -> None:
    live, over = twilio.network.call_in_progress(), twilio.network.call_ended()

    refused = await api.ask("DELETE", f"/Calls/{live.sid}.json")
    deleted = await api.ask("DELETE", f"/Calls/{over.sid}.json")
    gone = await api.get(f"/Calls/{over.sid}.json")

    assert (refused.status, refused.code) == (400, 20009)
    assert (deleted.status, deleted.text) == (204, "")
    assert gone.status == 404
    assert live.is_in_progress


async def test_numbers_are_listed_found_and_fetched(sdk: Sdk, twilio: TwilioStandIn) -> None:
    number = twilio.network.add_number(OURS, "Support line", "https://voice.example.com/in")
    twilio.network.add_number("+442079460001", "Sales")

    listed = await sdk.do(lambda client: client.incoming_phone_numbers.list(limit=10))
    found = await sdk.do(
        lambda client: client.incoming_phone_numbers.list(phone_number=OURS, limit=10)
    )
    fetched = await sdk.do(lambda client: client.incoming_phone_numbers(number.sid).fetch())

    assert [one.friendly_name for one in listed] == ["Sales", "Support line"]
    assert [one.sid for one in found] == [number.sid]
    assert fetched.voice_url == "https://voice.example.com/in"


async def test_five_thousand_calls_are_listed_in_five_pages(
    api: Api, twilio: TwilioStandIn
) -> None:
    calls = {twilio.network.call_in_progress().sid for _ in range(5000)}
    path: str | None = "/Calls.json?Status=in-progress&PageSize=1000"
    found: list[str] = []

    while path is not None:
        reply = await api.ask("GET", path)
        found += sids(reply)
        path = reply.json["next_page_uri"]

    assert len(found) == 5000
    assert set(found) == calls
    assert len(twilio.requests) == 5
