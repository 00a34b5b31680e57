"""Calls with two legs, and conferences: who drops, who stays, who hears what."""

import pytest

from bot.sandbox.twilio import Call, ManualClock, Party, TwilioStandIn
from tests.contract.test_twilio_stand_in.talk import Api, Sdk

CALLER = "+14155550123"
AGENT = "+442079460111"
AFTER = "https://voice.example.com/after"
HOLD = "<Response><Play loop='0'>https://media.example.com/hold.mp3</Play></Response>"
SORRY = "<Response><Say>Sorry</Say></Response>"


@pytest.fixture
def parent(twilio: TwilioStandIn) -> Call:
    """An inbound call that talks with an agent; the TwiML at AFTER comes next."""
    twilio.network.example_hosts.register(AFTER, "<Response><Say>After</Say></Response>")
    return twilio.network.call_in_progress(CALLER)


async def test_dialled_leg_belongs_to_its_parent_and_both_talk(
    api: Api, twilio: TwilioStandIn, parent: Call
) -> None:
    leg = twilio.network.dial(parent, AGENT)

    told = (await api.get(f"/Calls/{leg.sid}.json")).json

    assert told["parent_call_sid"] == parent.sid
    assert (told["direction"], told["status"]) == ("outbound-dial", "in-progress")
    assert (told["from"], told["to"]) == (CALLER, AGENT)
    assert (parent.hears, leg.hears) == (f"talking with {AGENT}", f"talking with {CALLER}")


async def test_parent_of_a_ringing_leg_is_in_progress(twilio: TwilioStandIn, parent: Call) -> None:
    leg = twilio.network.dial(parent, AGENT, "ringing")

    assert (parent.status, leg.status) == ("in-progress", "ringing")
    assert (parent.hears, leg.hears) == ("ringing tone", "ringing")


async def test_person_picks_up_a_ringing_leg(twilio: TwilioStandIn, parent: Call) -> None:
    leg = twilio.network.dial(parent, AGENT, "ringing")

    twilio.network.answer(leg.sid)

    assert leg.is_in_progress
    assert parent.hears == f"talking with {AGENT}"


async def test_hanging_up_the_parent_drops_the_leg(
    api: Api, twilio: TwilioStandIn, parent: Call
) -> None:
    leg = twilio.network.dial(parent, AGENT, action_url=AFTER)

    await api.update(parent, Status="completed")

    assert (parent.status, leg.status) == ("completed", "completed")
    assert parent.ended_because == "hung up through the API"
    assert twilio.network.fetches == []


async def test_hanging_up_a_parent_cancels_a_leg_that_still_rings(
    api: Api, twilio: TwilioStandIn, parent: Call
) -> None:
    leg = twilio.network.dial(parent, AGENT, "ringing")

    await api.update(parent, Status="completed")

    assert leg.status == "canceled"


async def test_hanging_up_the_leg_lets_the_parent_go_on_with_its_action(
    api: Api, twilio: TwilioStandIn, parent: Call, clock: ManualClock
) -> None:
    leg = twilio.network.dial(parent, AGENT, action_url=AFTER)

    await api.update(leg, Status="completed")
    clock.advance(0.5)

    assert leg.status == "completed"
    assert parent.hears == "Say: After"
    (fetch,) = twilio.network.fetches
    assert fetch.parameters["DialCallStatus"] == "completed"


async def test_hanging_up_the_leg_ends_a_parent_that_has_nothing_left_to_do(
    api: Api, twilio: TwilioStandIn, parent: Call
) -> None:
    leg = twilio.network.dial(parent, AGENT)

    await api.update(leg, Status="completed")

    assert (leg.status, parent.status) == ("completed", "completed")
    assert parent.ended_because == "its TwiML document ended"


async def test_redirecting_the_parent_drops_the_leg_and_discards_the_action(
    sdk: Sdk, twilio: TwilioStandIn, parent: Call, clock: ManualClock
) -> None:
    target = "https://voice.example.com/hold"
    twilio.network.example_hosts.register(target, HOLD)
    leg = twilio.network.dial(parent, AGENT, action_url=AFTER)

    answer = await sdk.do(lambda client: client.calls(parent.sid).update(url=target))
    clock.advance(1)

    assert str(answer.status) == "in-progress"
    assert (parent.status, leg.status) == ("in-progress", "completed")
    assert parent.hears == "Music: hold"
    assert [fetch.url for fetch in twilio.network.fetches] == [AFTER, target]
    assert "Say: After" not in [sound for _, sound in parent.hears_log]


async def test_redirecting_the_leg_keeps_it_and_sends_the_parent_on(
    sdk: Sdk, twilio: TwilioStandIn, parent: Call, clock: ManualClock
) -> None:
    leg = twilio.network.dial(parent, AGENT, action_url=AFTER)

    await sdk.do(lambda client: client.calls(leg.sid).update(twiml=HOLD))
    clock.advance(0.5)

    assert (leg.status, leg.hears) == ("in-progress", "Music: hold")
    assert parent.hears == "Say: After"


async def test_redirected_leg_outlives_its_parent(
    sdk: Sdk, twilio: TwilioStandIn, parent: Call
) -> None:
    leg = twilio.network.dial(parent, AGENT)

    await sdk.do(lambda client: client.calls(leg.sid).update(twiml=HOLD))

    assert parent.status == "completed"
    assert leg.is_in_progress
    assert leg.parent_call_sid == parent.sid


async def test_leg_that_has_been_redirected_ends_alone(
    sdk: Sdk, twilio: TwilioStandIn, parent: Call, clock: ManualClock
) -> None:
    twilio.network.example_hosts.register(AFTER, HOLD)
    leg = twilio.network.dial(parent, AGENT, action_url=AFTER)

    await sdk.do(lambda client: client.calls(leg.sid).update(twiml=SORRY))
    clock.advance(60)

    assert leg.status == "completed"
    assert (parent.status, parent.hears) == ("in-progress", "Music: hold")


async def test_caller_who_hangs_up_takes_the_leg_along(twilio: TwilioStandIn, parent: Call) -> None:
    leg = twilio.network.dial(parent, AGENT)

    twilio.network.hang_up_party(parent.sid)

    assert (parent.status, leg.status) == ("completed", "completed")
    assert parent.ended_because == f"{CALLER} hung up"


@pytest.mark.parametrize(
    ("party", "status", "told"),
    [
        (Party("busy"), "busy", "busy"),
        (Party("no-answer"), "no-answer", "no-answer"),
        (Party("failed"), "failed", "failed"),
        (Party(talks_for_s=1), "completed", "completed"),
    ],
)
async def test_party_behaves_as_told_and_the_action_learns_of_it(
    twilio: TwilioStandIn, clock: ManualClock, party: Party, status: str, told: str
) -> None:
    twilio.network.parties[AGENT] = party
    call = twilio.network.call_in_progress(
        twiml=f'<Response><Dial timeout="10" action="{AFTER}">{AGENT}</Dial></Response>'
    )
    leg = next(one for one in twilio.network.calls.values() if one.parent_call_sid == call.sid)

    clock.advance(15)

    assert leg.status == status
    assert twilio.network.fetches[0].parameters["DialCallStatus"] == told


async def test_default_party_rings_and_answers_after_two_seconds(
    twilio: TwilioStandIn, clock: ManualClock
) -> None:
    call = twilio.network.call_in_progress(
        twiml=f"<Response><Dial><Number>{AGENT}</Number></Dial></Response>"
    )
    leg = next(one for one in twilio.network.calls.values() if one.parent_call_sid == call.sid)

    statuses = [leg.status]
    for _ in range(3):
        clock.advance(1)
        statuses.append(leg.status)

    assert statuses == ["initiated", "ringing", "ringing", "in-progress"]
    assert call.hears == f"talking with {AGENT}"


async def test_first_to_answer_gets_the_call(twilio: TwilioStandIn, clock: ManualClock) -> None:
    twilio.network.parties[AGENT] = Party(answers_after_s=5)
    call = twilio.network.call_in_progress(
        twiml=f"<Response><Dial><Number>{AGENT}</Number><Client>ana</Client></Dial></Response>"
    )
    agent, ana = (one for one in twilio.network.calls.values() if one.parent_call_sid)

    clock.advance(10)

    assert (agent.status, ana.status) == ("canceled", "in-progress")
    assert call.hears == "talking with client:ana"


async def test_conference_starts_with_the_second_participant(twilio: TwilioStandIn) -> None:
    first, second, third = (twilio.network.call_in_progress() for _ in range(3))

    conference = twilio.network.join_conference(first, "Support & Sales")
    alone = (conference.status, first.hears)
    for call in (second, third):
        twilio.network.join_conference(call, "Support & Sales")

    assert alone == ("init", "Music: waiting for conference Support & Sales to start")
    assert conference.status == "in-progress"
    assert {call.hears for call in (first, second, third)} == {
        "conference Support & Sales, 3 people"
    }


async def test_conference_of_a_call_is_found_through_the_api(
    sdk: Sdk, twilio: TwilioStandIn
) -> None:
    inside, also_inside, outside = (twilio.network.call_in_progress() for _ in range(3))
    twilio.network.join_conference(inside, "Support")
    twilio.network.join_conference(also_inside, "Support")

    (found,) = await sdk.do(lambda client: client.conferences.list(status="in-progress"))
    same = await sdk.do(lambda client: client.conferences.list(friendly_name="Support"))
    room = str(found.sid)
    people = await sdk.do(lambda client: client.conferences(room).participants.list())
    one = await sdk.do(lambda client: client.conferences(room).participants(inside.sid).fetch())

    assert found.friendly_name == "Support"
    assert [conference.sid for conference in same] == [found.sid]
    assert {person.call_sid for person in people} == {inside.sid, also_inside.sid}
    assert (str(one.status), one.muted) == ("connected", False)
    assert outside.sid not in {person.call_sid for person in people}


async def test_participant_who_is_not_there_is_not_found(api: Api, twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress()
    conference = twilio.network.join_conference(call, "Support")
    path = f"/Conferences/{conference.sid}/Participants"

    stranger = await api.get(f"{path}/CA{'0' * 32}.json")
    nowhere = await api.get(f"/Conferences/CF{'0' * 32}.json")

    assert (stranger.status, nowhere.status) == (404, 404)


async def test_redirected_participant_drops_out_and_the_last_one_closes_the_room(
    api: Api, twilio: TwilioStandIn
) -> None:
    first, second = (twilio.network.call_in_progress() for _ in range(2))
    conference = twilio.network.join_conference(first, "Support")
    twilio.network.join_conference(second, "Support")

    await api.update(first, Twiml=HOLD)
    people = await api.get(f"/Conferences/{conference.sid}/Participants.json")
    await api.update(second, Status="completed")
    told = (await api.get(f"/Conferences/{conference.sid}.json")).json

    assert [person["call_sid"] for person in people.json["participants"]] == [second.sid]
    assert first.hears == "Music: hold"
    assert "conference Support, 1 person" in [sound for _, sound in second.hears_log]
    assert (told["status"], told["reason_conference_ended"]) == (
        "completed",
        "last-participant-left",
    )
    assert told["call_sid_ending_conference"] == second.sid


async def test_moderator_who_leaves_ends_the_conference_and_the_others_go_on(
    api: Api, twilio: TwilioStandIn
) -> None:
    moderator = twilio.network.call_in_progress(
        twiml=(
            '<Response><Dial><Conference endConferenceOnExit="true" participantLabel="boss">'
            "Support</Conference></Dial></Response>"
        )
    )
    guest = twilio.network.call_in_progress(
        twiml="<Response><Dial><Conference>Support</Conference></Dial><Say>Over</Say></Response>"
    )
    conference = twilio.network.conference_of(guest)
    assert conference is not None
    labelled = await api.get(f"/Conferences/{conference.sid}/Participants/boss.json")

    twilio.network.hang_up_party(moderator.sid)

    assert labelled.json["call_sid"] == moderator.sid
    assert conference.status == "completed"
    assert guest.hears == "Say: Over"


async def test_name_of_a_finished_conference_opens_a_new_room(twilio: TwilioStandIn) -> None:
    call = twilio.network.call_in_progress()
    first = twilio.network.join_conference(call, "Support")
    twilio.network.hang_up_party(call.sid)

    second = twilio.network.join_conference(twilio.network.call_in_progress(), "Support")

    assert first.sid != second.sid
    assert (first.status, second.status) == ("completed", "init")


async def test_call_that_is_not_up_can_neither_dial_nor_join(twilio: TwilioStandIn) -> None:
    call = twilio.network.call_ringing()

    with pytest.raises(ValueError, match="is ringing, not in-progress"):
        twilio.network.dial(call)
    with pytest.raises(ValueError, match="is ringing, not in-progress"):
        twilio.network.join_conference(call, "Support")


async def test_listener_hears_of_every_change_until_it_leaves(
    twilio: TwilioStandIn, parent: Call
) -> None:
    changed: list[str] = []
    unsubscribe = twilio.network.subscribe(lambda thing: changed.append(thing.sid))

    leg = twilio.network.dial(parent, AGENT)
    conference = twilio.network.join_conference(parent, "Support")
    unsubscribe()
    unsubscribe()
    seen = set(changed)
    changed.clear()
    twilio.network.hang_up_party(parent.sid)

    assert seen == {parent.sid, leg.sid, conference.sid}
    assert changed == []
