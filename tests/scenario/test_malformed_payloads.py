"""What no client of Slack's sends: a polite answer or a 4xx, never a 5xx, and the bot lives."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.sandbox.twilio import Call
from bot.slack.listeners import FEATURES
from tests.scenario.cards import LABEL, old_card
from tests.scenario.company import ANA, SUPPORT, SUPPORT_LINE, Company
from tests.scenario.reading import shown

EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ACTION_IDS = [str(action_id) for feature in FEATURES for action_id in feature.buttons]
CALLBACK_IDS = [callback_id for feature in FEATURES for callback_id in feature.modals]
VERBS = [verb.name for feature in FEATURES for verb in feature.verbs]
TEXT = st.text(max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(TEXT, children, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        "type",
        "user",
        "team",
        "channel",
        "actions",
        "view",
        "container",
        "message",
        "trigger_id",
        "response_url",
        "callback_id",
        "api_app_id",
        "event",
        "challenge",
        "enterprise",
        "state",
        "response_urls",
        "authorizations",
    ]
)
NOT_OURS = [
    "v0|x|y",
    "v1|CA123||",
    "v1|../../Accounts||",
    "v1|" + "9" * 30 + "|",
    "v1|0|",
    "v1|-1|",
    "v1|1|frum:x",
    "v1|1|limit:99999999",
    f"v1|CA{'0' * 32}|<script>|",
    "v1|" * 600,
]
TYPES = ["block_actions", "view_submission", "view_closed", "shortcut", "message_action"]


@pytest.fixture
def call(company: Company) -> Call:
    """The one live call."""
    return company.twilio.network.call_in_progress("+14155550123", SUPPORT_LINE)


async def post(company: Company, body: bytes, **more: Any) -> int:
    """The status that the signed body gets, once all that it started has ended."""
    status, _ = await company.slack.send_signed(body, **more)
    await company.at_rest()
    return status


async def assert_the_bot_lives(company: Company) -> None:
    """Nothing was changed, and the next person is served."""
    assert company.changes_sent() == []
    await company.say(ANA, "/calls")
    assert "live call" in shown(company.last(ANA))


def interaction(payload: object) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def a_click(company: Company, action: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A click as Slack sends it, but for what the test makes of it."""
    return {
        "type": "block_actions",
        "team": {"id": company.slack.workspace.team_id},
        "user": {"id": ANA, "team_id": company.slack.workspace.team_id, "username": "ana"},
        "channel": {"id": SUPPORT},
        "container": {"type": "message", "message_ts": "1.2", "is_ephemeral": True},
        "trigger_id": "1.2.abc",
        "actions": [{"type": "button", "block_id": "b", "action_ts": "1.3"} | action],
    } | more


@EXAMPLES
@given(payload=JSON)
async def test_any_json_is_survived(company: Company, payload: object) -> None:
    assert await post(company, interaction(payload)) < 500


@EXAMPLES
@given(payload=st.dictionaries(KEYS, JSON), kind=st.sampled_from(TYPES))
async def test_any_interaction_is_survived(
    company: Company, payload: dict[str, Any], kind: str
) -> None:
    assert await post(company, interaction(payload | {"type": kind})) < 500


@EXAMPLES
@given(
    spoilt=st.dictionaries(KEYS.filter(lambda key: key != "actions"), JSON, max_size=2),
    action_id=st.sampled_from(ACTION_IDS),
    value=JSON,
)
async def test_a_click_with_any_part_spoilt_is_survived(
    company: Company, spoilt: dict[str, Any], action_id: str, value: object
) -> None:
    click = a_click(company, {"action_id": action_id, "value": value}, **spoilt)

    assert await post(company, interaction(click)) < 500
    assert company.changes_sent() == []


@EXAMPLES
@given(metadata=TEXT | JSON.map(json.dumps), values=JSON, callback_id=st.sampled_from(CALLBACK_IDS))
async def test_a_form_with_any_content_is_survived(
    company: Company, metadata: str, values: object, callback_id: str
) -> None:
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": metadata,
        "state": {"values": values},
    }
    payload = a_click(company, {"action_id": "x"}) | {"type": "view_submission", "view": view}

    assert await post(company, interaction(payload)) < 500
    assert company.changes_sent() == []


@EXAMPLES
@given(
    form=st.dictionaries(
        st.sampled_from(["command", "text", "user_id", "team_id", "channel_id", "trigger_id"])
        | st.sampled_from(["response_url", "payload", "ssl_check", "enterprise_id"])
        | st.sampled_from(["type", "event", "user"]),
        TEXT | st.sampled_from(["/calls", "event_callback", "type"]),
    )
)
async def test_any_form_is_survived(company: Company, form: dict[str, str]) -> None:
    assert await post(company, urlencode(form, errors="surrogatepass").encode()) < 500
    assert company.changes_sent() == []


@pytest.mark.parametrize(
    "nonsense",
    [
        {"type": "view_submission", "view": {"type": "modal", "callback_id": []}},
        {"type": "shortcut", "view": None},
        {"type": "interactive_message", "callback_id": "x"},
        {"type": "block_actions", "actions": [{"action_id": {}}]},
        {"type": "block_actions", "actions": [{}]},
        {"type": "block_suggestion", "action_id": 1},
        {"type": "workflow_step_edit", "callback_id": "x"},
        {"type": "view_submission", "view": {"type": "workflow_step", "callback_id": "x"}},
    ],
)
async def test_what_bolt_reads_without_looking_is_refused_before(
    company: Company, nonsense: dict[str, Any]
) -> None:
    assert await post(company, interaction(nonsense)) == 400


@EXAMPLES
@given(
    body=st.binary(max_size=200),
    content_type=st.sampled_from(["application/json", "text/plain"]),
)
async def test_any_bytes_are_survived(company: Company, body: bytes, content_type: str) -> None:
    assert await post(company, body, content_type=content_type) < 500


@EXAMPLES
@given(verb=st.sampled_from(VERBS), rest=st.text(max_size=80))
async def test_any_text_after_a_verb_is_answered(company: Company, verb: str, rest: str) -> None:
    typed = f"/calls {verb} {rest}".encode("utf-8", "ignore").decode()
    before = len(company.seen_by(ANA))

    delivery = await company.say(ANA, typed)

    assert delivery.is_ok
    assert len(company.seen_by(ANA)) > before
    assert company.changes_sent() == []


@pytest.mark.parametrize("action_id", ACTION_IDS)
async def test_a_value_that_no_button_of_ours_has_is_answered_politely(
    company: Company, call: Call, action_id: str
) -> None:
    for value in NOT_OURS:
        card = old_card(company, action_id, value)

        await company.click(ANA, LABEL, on=card)

        answer = company.last(ANA)
        assert answer.ephemeral_to == ANA
        assert "Nothing was changed; start at `/calls`" in answer.text
    assert call.is_live
    assert company.changes_sent() == []


async def test_a_button_of_another_version_is_answered_politely(
    company: Company, call: Call
) -> None:
    """A card may be weeks old, and the button's name may have gone with an upgrade."""
    card = old_card(company, "call.park", f"v1|{call.sid}||")

    delivery = await company.click(ANA, LABEL, on=card)

    assert delivery.is_ok
    answer = company.last(ANA)
    assert answer.ephemeral_to == ANA
    assert "from another version of Hookflash" in answer.text
    assert "Nothing was changed; start at `/calls`" in answer.text


@pytest.mark.parametrize(
    "view", [None, {"id": "V1", "callback_id": CALLBACK_IDS[0], "state": {"values": {}}}]
)
async def test_a_form_without_its_kind_is_refused(
    company: Company, view: dict[str, Any] | None
) -> None:
    """Bolt reads the kind of a submitted view without looking whether it is there."""
    payload = a_click(company, {"action_id": "x"}) | {"type": "view_submission", "view": view}

    assert await post(company, interaction(payload)) == 400
    assert company.changes_sent() == []


@pytest.mark.parametrize("urls", [None, "x", [None], ["x"], [{}, {}]])
async def test_places_to_answer_that_are_none_are_refused(company: Company, urls: object) -> None:
    """Bolt reads those of a form without looking at what they are."""
    view = {"id": "V1", "type": "modal", "callback_id": CALLBACK_IDS[0], "state": {"values": {}}}
    payload = a_click(company, {"action_id": "x"}) | {"type": "view_submission", "view": view}

    assert await post(company, interaction(payload | {"response_urls": urls})) == 400


async def test_a_form_of_another_version_is_answered_in_its_place(company: Company) -> None:
    view = {"id": "V1", "type": "modal", "callback_id": "park", "state": {"values": {}}}
    payload = a_click(company, {"action_id": "x"}) | {"type": "view_submission", "view": view}

    assert await post(company, interaction(payload)) == 200
    assert company.changes_sent() == []


@pytest.mark.parametrize(
    "name", ["user", "container", "actions", "action_ts", "user and action_id", "team and user"]
)
async def test_a_click_without_a_part_is_refused(company: Company, call: Call, name: str) -> None:
    click = a_click(company, {"action_id": "call.hang_up", "value": f"v1|{call.sid}||"})
    for part in name.split(" and "):
        click.pop(part, None)
        click.get("actions", [{}])[0].pop(part, None)

    status = await post(company, interaction(click))

    assert 400 <= status < 500
    await assert_the_bot_lives(company)


@pytest.mark.parametrize("action_id", ["unknown.action", "", "call.hang_up "])
async def test_an_unknown_button_changes_nothing(
    company: Company, call: Call, action_id: str
) -> None:
    click = a_click(company, {"action_id": action_id, "value": f"v1|{call.sid}||"})

    assert await post(company, interaction(click)) < 500
    await assert_the_bot_lives(company)


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize("size", [1024 * 1024 + 1, 3 * 1024 * 1024])
async def test_a_body_over_a_mebibyte_is_too_large(company: Company, size: int) -> None:
    assert await post(company, b"payload=" + b"a" * (size - 8)) == 413
    await assert_the_bot_lives(company)


@pytest.mark.parametrize("depth", [500, 980, 100_000])
async def test_json_of_any_depth_is_survived(company: Company, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    click = json.dumps(a_click(company, {"action_id": ACTION_IDS[0]}))
    payload = click.removesuffix("}") + f', "state": {nested}}}'

    assert await post(company, urlencode({"payload": payload}).encode()) < 500
    await assert_the_bot_lives(company)


@pytest.mark.parametrize(
    "timestamp",
    ["soon", "", "-1", "0", "1e9", "٣٣٣", "99999999999999999999", "nan", "1_0"],
)
async def test_a_timestamp_that_is_no_time_of_now_is_refused(
    company: Company, timestamp: str
) -> None:
    assert await post(company, b"command=/calls", timestamp=timestamp or " ") == 401
    await assert_the_bot_lives(company)


@pytest.mark.parametrize("age_s", [-3600, 301, 86_400])
async def test_a_request_that_is_old_or_of_the_future_is_refused(
    company: Company, age_s: int
) -> None:
    timestamp = str(int(time.time()) - age_s)

    assert await post(company, b"command=/calls", timestamp=timestamp) == 401
    await assert_the_bot_lives(company)


@pytest.mark.parametrize(
    ("age_s", "told"),
    [
        (0, "signature does not fit SLACK_SIGNING_SECRET"),
        (3600, "s from this machine's clock"),
    ],
)
async def test_the_log_tells_once_in_a_while_of_signatures_that_do_not_fit(
    company: Company, caplog: pytest.LogCaptureFixture, age_s: int, told: str
) -> None:
    """A secret copied from the wrong place shows nowhere else; but anybody can send such."""
    timestamp = str(int(time.time()) - age_s)
    for _ in range(3):
        await post(company, b"command=/calls", timestamp=timestamp, signature="v0=" + "0" * 64)

    (warning,) = [one.getMessage() for one in caplog.records if one.name == "bot.slack.http"]
    assert told in warning


@pytest.mark.parametrize("signature", ["v0=" + "0" * 64, "", "v0", "\xff", "v1=x", "a" * 5000])
async def test_a_wrong_signature_is_refused(company: Company, signature: str) -> None:
    assert await post(company, b"command=/calls", signature=signature) == 401
    await assert_the_bot_lives(company)


async def test_headers_twice_or_missing_are_refused(company: Company) -> None:
    missing = {"X-Slack-Signature": ""}

    assert await post(company, b"command=/calls", headers=missing) == 401
    await assert_the_bot_lives(company)


async def test_a_form_field_twice_is_refused(company: Company) -> None:
    """Readers differ in which one counts, so neither does."""
    assert await post(company, b"command=/calls&command=/other&user_id=U1") == 400


async def test_slacks_certificate_check_is_answered(company: Company) -> None:
    assert await post(company, b"ssl_check=1&token=x") == 200
