"""Every verb, button and modal of the features, as each person; made from FEATURES itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest

from bot.application.rights import NEEDED_ROLE
from bot.domain.people import Role
from bot.sandbox.slack import Message, View
from bot.sandbox.slack.payloads import Payloads
from bot.sandbox.twilio import Call
from bot.slack.features import Verb
from bot.slack.listeners import FEATURES
from bot.slack.views.action_ids import ActionId
from bot.slack.views.redirect_modal import CALLBACK_ID, TARGET_BLOCK
from bot.slack.views.values import CallValue, LogPageValue, PageValue
from tests.scenario.cards import LABEL, old_card
from tests.scenario.company import (
    ADA,
    ANA,
    GUS,
    OLGA,
    SHARED,
    SUPPORT,
    SUPPORT_LINE,
    VERA,
    Company,
)
from tests.scenario.reading import shown

# One person of each kind.
ROLES = {
    ANA: Role.OPERATOR,
    VERA: Role.VIEWER,
    ADA: Role.ADMIN,
    GUS: Role.NOBODY,
    OLGA: Role.NOBODY,
}
# The number in the verbs' examples.
CALLER = "+14155550123"
OPEN_TO_ALL = ("help",)


@dataclass(frozen=True, slots=True)
class Button:
    """A button of a feature; `needs` is the role for what it does."""

    action_id: str
    needs: Role


@pytest.fixture
def call(company: Company) -> Call:
    """The one live call."""
    return company.twilio.network.call_in_progress(CALLER, SUPPORT_LINE)


def all_verbs() -> list[Verb]:
    return [verb for feature in FEATURES for verb in feature.verbs]


def all_buttons() -> list[Button]:
    """Each button needs what the verbs of its feature need: these are the same for one feature."""
    return [
        Button(str(action_id), NEEDED_ROLE[feature.verbs[0].needs])
        for feature in FEATURES
        for action_id in feature.buttons
    ]


def value_of(action_id: str, call: Call) -> str:
    """What the button carries; one that is missing here is a new one that wants a line."""
    kinds: dict[ActionId, CallValue | PageValue | LogPageValue] = {
        ActionId.DETAILS: CallValue(call.sid),
        ActionId.REDIRECT: CallValue(call.sid),
        ActionId.HANG_UP: CallValue(call.sid),
        ActionId.HISTORY: CallValue(call.sid),
        ActionId.REFRESH_CARD: CallValue(call.sid),
        ActionId.POST: CallValue(call.sid),
        ActionId.REFRESH_LIST: PageValue(1),
        ActionId.NEXT: PageValue(2),
        ActionId.PREVIOUS: PageValue(1),
        ActionId.REFRESH_RECENT: PageValue(1),
        ActionId.NEXT_RECENT: PageValue(2),
        ActionId.PREVIOUS_RECENT: PageValue(1),
        ActionId.OLDER_ENTRIES: LogPageValue(5),
        ActionId.NEWEST_ENTRIES: LogPageValue(None),
    }
    return kinds[ActionId(action_id)].encode()


def sight(company: Company, who: str, where: str) -> list[str]:
    """All that the person has before them."""
    seen: list[Message | View] = list(company.seen_by(who, where=where))
    return [shown(each) for each in seen + company.slack.workspace.views.get(who, [])]


def home_of(who: str) -> str:
    """Where the person works: people of another company come by the shared channel only."""
    return SHARED if who == OLGA else SUPPORT


async def assert_turned_away(company: Company, who: str, call: Call) -> None:
    """Nothing was changed, the log has the refusal, and the person is told whom to ask."""
    answer = company.last(who, where=home_of(who))
    assert company.changes_sent() == []
    assert call.is_live
    assert [(actor, text.split()[1]) for actor, text in await company.events()] == [(who, "denied")]
    assert "may do that" in answer.text
    assert f"Ask <@{ADA}>" in answer.text
    assert answer.ephemeral_to == who


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize("verb", all_verbs(), ids=lambda verb: verb.name or "list")
async def test_every_verb_answers_everybody_and_obeys_only_who_may(
    company: Company, call: Call, verb: Verb, who: str
) -> None:
    where = home_of(who)
    before = sight(company, who, where)

    delivery = await company.say(who, f"/calls {verb.name and verb.example}", where=where)

    assert delivery.is_ok
    assert sight(company, who, where) != before
    if ROLES[who] >= NEEDED_ROLE[verb.needs] or verb.name in OPEN_TO_ALL:
        assert "may do that" not in "\n".join(sight(company, who, where))
    else:
        await assert_turned_away(company, who, call)


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize("button", all_buttons(), ids=lambda button: button.action_id)
async def test_every_button_answers_everybody_and_obeys_only_who_may(
    company: Company, call: Call, button: Button, who: str
) -> None:
    where = home_of(who)
    card = old_card(company, button.action_id, value_of(button.action_id, call), where=where)
    before = sight(company, who, where)

    delivery = await company.click(who, LABEL, on=card, where=where)

    assert delivery.is_ok
    assert sight(company, who, where) != before
    if ROLES[who] >= button.needs:
        assert "may do that" not in "\n".join(sight(company, who, where))
    else:
        await assert_turned_away(company, who, call)


@pytest.mark.parametrize("who", ROLES)
async def test_a_modal_that_somebody_else_opened_obeys_only_who_may(
    company: Company, call: Call, who: str
) -> None:
    """Whoever sends the form is who is asked for their rights, not who opened it."""
    await company.say(ADA, "/calls")
    await company.click(ADA, "Redirect…", call=call)
    view = company.modal(ADA)
    view.state[TARGET_BLOCK]["input"]["selected_option"] = {"value": "hold-music"}
    user = company.slack.workspace.users[who]
    payload = Payloads(company.slack.workspace).submission(
        user, view, trigger_id="1.2.abc", response_urls=[]
    )

    status, body = await company.slack.send_signed(form(payload))
    await company.at_rest()

    assert status == 200
    if ROLES[who] >= Role.OPERATOR:
        assert (body, len(company.changes_sent())) == ("", 1)
    else:
        assert json.loads(body)["response_action"] == "update"
        assert "may do that" in body
        assert company.changes_sent() == []
        assert await company.events() == [(who, "redirect denied")]


def test_these_are_all_modals() -> None:
    assert [callback_id for feature in FEATURES for callback_id in feature.modals] == [CALLBACK_ID]


def form(payload: Mapping[str, object]) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()
