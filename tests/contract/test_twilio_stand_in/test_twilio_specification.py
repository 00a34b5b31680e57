"""The stand-in's answers, judged by Twilio's own specification."""

import pytest

from bot.sandbox.twilio import Call, ManualClock, TwilioStandIn
from tests.contract.test_twilio_stand_in.talk import Api, Reply, Specification


@pytest.fixture
def busy_evening(twilio: TwilioStandIn, clock: ManualClock) -> Call:
    """A network with a call of every kind; the one given back is in a conference."""
    network = twilio.network
    network.add_number("+442079460000", "Support line", "https://voice.example.com/in")
    network.call_queued()
    network.call_ringing()
    network.dial(network.call_in_progress(), status="ringing")
    for status in ("completed", "busy", "failed", "no-answer", "canceled"):
        network.call_ended(status=status, price="-0.00850", answered_by="human")
    calls = [network.call_in_progress() for _ in range(2)]
    for call in calls:
        network.join_conference(call, "Support")
    clock.advance(10)
    return calls[0]


@pytest.mark.usefixtures("busy_evening")
async def test_listings_pass(api: Api, specification: Specification) -> None:
    first = await api.get("/Calls.json", PageSize="3")
    second = await api.ask("GET", first.json["next_page_uri"])
    conferences = await api.get("/Conferences.json")
    (conference,) = conferences.json["conferences"]
    people_path = f"/Conferences/{conference['sid']}/Participants.json"
    people = await api.get(people_path)

    assert specification.faults("/Calls.json", first) == []
    assert specification.faults("/Calls.json", second) == []
    assert specification.faults("/Conferences.json", conferences) == []
    assert specification.faults(people_path, people) == []
    assert len(people.json["participants"]) == 2


async def test_single_resources_pass_and_tell_everything(
    api: Api, specification: Specification, twilio: TwilioStandIn, busy_evening: Call
) -> None:
    conference = twilio.network.conference_of(busy_evening)
    assert conference is not None
    places = {
        "call": f"/Calls/{busy_evening.sid}.json",
        "conference": f"/Conferences/{conference.sid}.json",
        "conference.participant": (
            f"/Conferences/{conference.sid}/Participants/{busy_evening.sid}.json"
        ),
    }

    for resource, path in places.items():
        reply = await api.get(path)
        assert specification.faults(path, reply) == [], path
        assert set(reply.json) == specification.properties(f"api.v2010.account.{resource}")


async def test_every_kind_of_call_passes(
    api: Api, specification: Specification, twilio: TwilioStandIn, busy_evening: Call
) -> None:
    assert busy_evening.is_live
    statuses = set()

    for call in twilio.network.calls.values():
        path = f"/Calls/{call.sid}.json"
        reply = await api.get(path)
        assert specification.faults(path, reply) == [], reply.text
        statuses.add(reply.json["status"])

    assert len(statuses) == 8


async def test_judge_finds_fault_with_wrong_answers(
    api: Api, specification: Specification, busy_evening: Call
) -> None:
    """Without this, a judge that lets everything pass would go unnoticed."""
    path = f"/Calls/{busy_evening.sid}.json"
    right = await api.get(path)
    wrong = right.text.replace('"in-progress"', '"answered"')

    assert specification.faults(path, right) == []
    assert specification.faults(path, Reply(200, right.headers, wrong)) != []
