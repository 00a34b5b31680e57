"""The phone network on the sandbox's page: who is on the line, what they hear, what goes wrong."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from bot.sandbox import company
from bot.sandbox.page.phones import Switchboard
from bot.sandbox.traffic import ENDED_CALLS_KEPT, MOST_CONVERSATIONS, Traffic
from bot.sandbox.twilio import Call, ManualClock, PhoneNetwork
from tests.scenario.sandbox_page import ACCOUNT_SID, Page, page_at_work


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with page_at_work() as here:
        yield here


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def network(clock: ManualClock) -> PhoneNetwork:
    network = PhoneNetwork(account_sid=ACCOUNT_SID, clock=clock)
    company.seed_network(network)
    return network


@pytest.fixture
def switchboard(network: PhoneNetwork) -> Switchboard:
    return Switchboard(network, company.CONTACTS)


def live(network: PhoneNetwork) -> list[Call]:
    return [call for call in network.calls.values() if call.is_live]


def words_of(part: str) -> str:
    """The text of a part of the page, each run of white space one space."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", part)).split())


async def test_both_legs_of_a_conversation_share_a_card_that_says_what_each_hears(
    page: Page,
) -> None:
    network = page.stage.twilio.network
    call = network.call_in_progress(company.MARIA, company.SUPPORT_LINE)
    network.dial(call, company.DESK_AGENT)

    part = await page.part("phones")

    assert part.count("<article") == 1
    assert "Maria Lopez → Support line" in words_of(part)
    assert "hears talking with Support desk 1" in words_of(part)
    assert "hears talking with Maria Lopez" in words_of(part)


async def test_conference_is_one_card_with_all_who_are_in_it(page: Page) -> None:
    network = page.stage.twilio.network
    for number in company.HUDDLE:
        call = network.call_in_progress(company.SUPPORT_LINE, number, "outbound-api")
        network.join_conference(call, "Weekly support huddle")

    part = await page.part("phones")

    assert part.count("<article") == 1
    assert "Conference, 3 on the line" in words_of(part)
    assert words_of(part).count("hears conference Weekly support huddle, 3 people") == 3


async def test_caller_name_is_text_and_cannot_turn_what_stands_beside_it(page: Page) -> None:
    page.stage.twilio.network.call_in_progress(caller_name="<b onclick=x>\u202eevil</b>")

    part = await page.part("phones")

    assert "<bdi>&lt;b onclick=x&gt;\u202eevil&lt;/b&gt;</bdi>" in part


async def test_call_is_placed_answered_and_hung_up_by_the_person_on_it(page: Page) -> None:
    network = page.stage.twilio.network
    await page.do("phones/place")
    (call,) = network.calls.values()

    await page.do("phones/answer", call=call.sid)
    assert call.is_in_progress
    await page.do("phones/hang-up", call=call.sid)

    assert call.status == "completed"
    assert "Just ended" in await page.part("phones")
    assert "hears the line is dead" in words_of(await page.part("phones"))


async def test_card_counts_from_the_first_ring_as_twilio_and_slack_do(page: Page) -> None:
    network = page.stage.twilio.network
    rang_at = network.clock.now() - timedelta(seconds=9)
    call = network.call_ringing(direction="inbound", started_at=rang_at)

    network.answer(call.sid)

    (card,) = page.stage.switchboard.cards()
    assert card.since == rang_at


@pytest.mark.parametrize("deed", ["phones/answer", "phones/hang-up"])
async def test_call_that_is_not_there_is_an_answer(page: Page, deed: str) -> None:
    assert await page.do(deed, call="CA0") == (404, "That is gone.")


async def test_fault_of_twilio_lasts_until_it_is_taken_back(page: Page) -> None:
    calls_url = f"{page.stage.twilio.url}/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json"
    credentials = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT_SID, "b2" * 16)}

    statuses = []
    for mode in ("429", "500", "normal"):
        await page.do("faults/twilio", mode=mode)
        async with page.http.get(calls_url, headers=credentials) as response:
            statuses.append(response.status)

    assert statuses == [429, 500, 200]


@pytest.mark.parametrize(("mode", "status"), [("refuses", 503), ("normal", 200)])
async def test_fault_of_slack_meets_what_the_bot_says(page: Page, mode: str, status: int) -> None:
    await page.do("faults/slack", mode="refuses")
    await page.do("faults/slack", mode=mode)

    async with page.http.post(f"{page.slack.api_url}auth.test") as response:
        assert response.status == status
    assert re.search(rf'value="{mode}" selected', await page.part("machine"))


@pytest.mark.parametrize("deed", ["faults/twilio", "faults/slack"])
async def test_fault_that_does_not_exist_changes_nothing(page: Page, deed: str) -> None:
    assert (await page.do(deed, mode="explodes"))[0] == 404


async def test_leg_that_is_redirected_gets_a_card_of_its_own(
    network: PhoneNetwork, switchboard: Switchboard
) -> None:
    call = network.call_in_progress(company.MARIA, company.SUPPORT_LINE)
    leg = network.dial(call, company.DESK_AGENT)

    network.redirect(leg, twiml="<Response><Play loop='0'>https://x.example/hold</Play></Response>")

    cards = {card.key: card for card in switchboard.cards()}
    assert cards[leg.sid].legs[0].hears == "Music: hold"
    assert [each.call for each in cards[leg.sid].legs] == [leg]


async def test_ended_call_stays_on_the_page_for_a_moment(
    network: PhoneNetwork, switchboard: Switchboard, clock: ManualClock
) -> None:
    call = network.call_in_progress()
    network.hang_up(call)

    at_once = [card.is_live for card in switchboard.cards()]
    clock.advance(5)

    assert at_once == [False]
    assert switchboard.cards() == []
    assert [leg.call for leg in switchboard.ended()] == [call]


def test_calls_come_and_go_and_never_too_many_or_too_few(
    network: PhoneNetwork, switchboard: Switchboard, clock: ManualClock
) -> None:
    Traffic(network).start()

    counts = set()
    for _minute in range(180):
        clock.advance(60)
        counts.add(sum(card.is_live for card in switchboard.cards()))

    assert min(counts) >= 4
    assert max(counts) <= MOST_CONVERSATIONS
    assert len(counts) > 1
    assert len(network.calls) <= ENDED_CALLS_KEPT + 4 * MOST_CONVERSATIONS


def test_company_has_a_conference_two_legs_and_a_hostile_name_from_the_first_moment(
    network: PhoneNetwork, switchboard: Switchboard
) -> None:
    Traffic(network).start()

    titles = {card.title: len(card.legs) for card in switchboard.cards()}
    assert titles["Weekly support huddle"] == 3
    assert titles["Maria Lopez → Support line"] == 2
    assert any("<!channel>" in (call.caller_name or "") for call in live(network))


def test_scene_that_is_over_comes_back_later(network: PhoneNetwork, clock: ManualClock) -> None:
    Traffic(network).start()

    def callers() -> list[str]:
        return [call.from_ for call in live(network)]

    network.hang_up(next(call for call in live(network) if call.from_ == company.FRAUDSTER))
    clock.advance(10)
    soon_after = callers()
    clock.advance(60)

    assert company.FRAUDSTER not in soon_after
    assert company.FRAUDSTER in callers()


def test_toll_fraud_burst_is_three_hundred_calls_to_one_prefix_within_a_minute(
    network: PhoneNetwork, clock: ManualClock
) -> None:
    traffic = Traffic(network)
    traffic.start()

    traffic.play("fraud")
    clock.advance(60)

    burst = [call for call in live(network) if call.to.startswith(company.PREMIUM_PREFIX)]
    outbound = [call for call in burst if call.direction == "outbound-api"]
    assert len(outbound) == 300
    assert {call.status for call in outbound} == {"in-progress"}


def test_busy_monday_fills_the_lines_and_a_quiet_afternoon_empties_them(
    network: PhoneNetwork, clock: ManualClock
) -> None:
    traffic = Traffic(network)
    traffic.start()

    traffic.play("busy")
    clock.advance(120)
    on_monday = len(live(network))
    traffic.play("quiet")
    in_the_afternoon = {call.from_ for call in live(network) if call.parent_call_sid is None}

    assert on_monday >= 35
    assert company.MARIA in in_the_afternoon
    assert len(in_the_afternoon) == 2


def test_quiet_afternoon_ends_a_burst_that_goes_on(
    network: PhoneNetwork, clock: ManualClock
) -> None:
    traffic = Traffic(network)
    traffic.start()
    traffic.play("fraud")
    clock.advance(30)

    traffic.play("quiet")
    clock.advance(600)

    assert not [call for call in live(network) if call.direction == "outbound-api"]


def test_support_conference_brings_four_people_into_one_room(
    network: PhoneNetwork, switchboard: Switchboard
) -> None:
    Traffic(network).play("conference")

    (card,) = switchboard.cards()
    assert (card.title, len(card.legs)) == ("Outage at Northwind", 4)


def test_call_that_is_hung_up_and_forgotten_troubles_nobody_later(
    network: PhoneNetwork, clock: ManualClock
) -> None:
    Traffic(network).start()
    for call in live(network):
        network.hang_up(call)
        network.remove(call)

    clock.advance(600)

    assert live(network)


async def test_clock_and_scene_are_chosen_on_the_page(page: Page) -> None:
    await page.do("clock", speed="10")
    await page.do("scene", scene="busy")

    controls = await page.part("controls")
    assert page.stage.clock.pace.speed == 10
    assert 'value="10" aria-pressed="true"' in controls
    assert 'value="busy" aria-pressed="true"' in controls


@pytest.mark.parametrize("deed", [("clock", "speed"), ("scene", "scene")])
async def test_clock_and_scene_that_do_not_exist_change_nothing(
    page: Page, deed: tuple[str, str]
) -> None:
    assert (await page.do(deed[0], **{deed[1]: "11"}))[0] == 404
    assert page.stage.clock.is_real_time


async def test_card_that_the_page_has_already_is_only_told_its_place(page: Page) -> None:
    network = page.stage.twilio.network
    call = network.call_in_progress(company.MARIA, company.SUPPORT_LINE)
    async with page.http.get(f"{page.url}part/phones") as response:
        known = response.headers["X-Latest-Card"]

    async with page.http.get(f"{page.url}part/phones?known={known}") as response:
        unchanged = await response.text()
    network.hang_up(call)
    async with page.http.get(f"{page.url}part/phones?known={known}") as response:
        changed = await response.text()

    assert f'<article data-key="{call.sid}" data-same></article>' in unchanged
    assert "the line is dead" in changed


def test_traffic_that_is_stopped_places_no_more_calls(
    network: PhoneNetwork, clock: ManualClock
) -> None:
    traffic = Traffic(network)
    traffic.start()

    traffic.stop()
    before = len(network.calls)
    clock.advance(600)

    assert len(network.calls) == before


def test_each_number_answers_with_a_page_that_exists(
    network: PhoneNetwork, clock: ManualClock
) -> None:
    calls = [network.place_call(company.MARIA, number) for number, _, _ in company.NUMBERS]

    clock.advance(60)

    assert [call.status for call in calls] == ["in-progress"] * len(calls)
    assert {call.hears.partition(":")[0] for call in calls} == {"Music"}
