"""The Slack stand-in's payloads and answers beside Slack's own samples, where those are at hand.

They are looked for in ../shared/reference/slack_samples, or in the folder that SLACK_SAMPLES_DIR
names: payloads/ and api/ as in Slack's Java SDK, each file one JSON object with every field that
Slack knows.
"""

import json
import os
from pathlib import Path

import pytest

from tests.contract.slack_stand_in_bot import Json, Stage, actions, button, modal

pytest_plugins = ("tests.contract.slack_stand_in_fixture",)

SAMPLES = Path(
    os.environ.get("SLACK_SAMPLES_DIR")
    or Path(__file__).parents[3] / "shared" / "reference" / "slack_samples"
)
pytestmark = pytest.mark.skipif(
    not (SAMPLES / "payloads").is_dir(), reason=f"Slack's samples are not at {SAMPLES}"
)
# Documented by Slack, but missing in the samples.
ALSO_KNOWN = {"response_urls"}


def _sample(name: str) -> Json:
    sample: Json = json.loads((SAMPLES / f"{name}.json").read_text())
    return sample


def _unknown_keys(ours: Json, sample: Json) -> set[str]:
    """Keys of ours that Slack does not send, with those of the objects inside."""
    unknown = ours.keys() - sample.keys() - ALSO_KNOWN
    for name, value in ours.items():
        theirs = sample.get(name)
        if isinstance(value, dict) and isinstance(theirs, dict) and theirs:
            unknown |= {f"{name}.{inner}" for inner in _unknown_keys(value, theirs)}
    return unknown


async def _message_clicked(stage: Stage) -> Json:
    await stage.web_client.chat_postMessage(
        channel=stage.ops.id, text="a call", blocks=[actions(button("Open", value="CA1"))]
    )
    message = stage.slack.workspace.messages[-1]
    return (await stage.slack.click(stage.ana.id, message, text="Open")).payload


async def test_command_has_slacks_fields(stage: Stage) -> None:
    delivery = await stage.slack.command(stage.ana.id, stage.ops.id, "/calls")

    only_on_grid = {"enterprise_id", "enterprise_name"}
    assert delivery.payload.keys() | only_on_grid == _sample("payloads/SlashCommandPayload").keys()


async def test_click_has_no_field_that_slack_does_not_send(stage: Stage) -> None:
    payload = await _message_clicked(stage)

    sample = _sample("payloads/BlockActionPayload")
    assert _unknown_keys(payload, sample) == set()
    assert payload["actions"][0].keys() <= sample["actions"][0].keys()


async def test_modal_has_no_field_that_slack_does_not_send(stage: Stage) -> None:
    opener = await stage.slack.command(stage.ana.id, stage.ops.id, "/calls")
    await stage.web_client.views_open(
        trigger_id=opener.payload["trigger_id"], view=modal(notify_on_close=True)
    )
    (view,) = stage.slack.workspace.views[stage.ana.id]
    stage.bot.says({"response_action": "errors", "errors": {"target": "no"}})

    submitted = await stage.slack.submit(stage.ana.id, view, {"target": "hold"})
    closed = await stage.slack.close(stage.ana.id, view)

    assert closed is not None
    # The sample of a view leaves out its blocks.
    for delivery, name in ((submitted, "ViewSubmission"), (closed, "ViewClosed")):
        unknown = _unknown_keys(delivery.payload, _sample(f"payloads/{name}Payload"))
        assert unknown == {"view.blocks"}


async def test_answers_have_no_field_that_slack_does_not_send(stage: Stage) -> None:
    answers = {
        "auth.test": await stage.web_client.auth_test(),
        "users.info": await stage.web_client.users_info(user=stage.ana.id),
        "conversations.info": await stage.web_client.conversations_info(channel=stage.ops.id),
        "chat.postEphemeral": await stage.web_client.chat_postEphemeral(
            channel=stage.ops.id, user=stage.ana.id, text="hi"
        ),
    }

    for method, answer in answers.items():
        assert isinstance(answer.data, dict)
        assert _unknown_keys(answer.data, _sample(f"api/{method}")) == set()
