"""Two builders by others as a second opinion on how the Slack stand-in judges Block Kit."""

from collections.abc import Callable
from typing import Any

import pytest
import slackblocks
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models import blocks as sdk

from bot.sandbox.slack.block_kit import flaws_of_blocks
from tests.contract.slack_stand_in_bot import actions, button, plain


def _sdk_accepts(build: Callable[[], Any]) -> bool:
    try:
        build()
    except SlackObjectFormationError:
        return False
    return True


@given(st.integers(1, 80), st.integers(1, 2010), st.integers(1, 260))
def test_slack_sdk_agrees_on_buttons(label: int, value: int, action_id: int) -> None:
    def build() -> Any:
        return sdk.ButtonElement(
            text="x" * label, value="x" * value, action_id="x" * action_id
        ).to_dict()

    ours = button("x" * label, value="x" * value) | {"action_id": "x" * action_id}

    assert (flaws_of_blocks([actions(ours)]) == []) is _sdk_accepts(build)


@given(st.integers(1, 101), st.integers(1, 301), st.integers(1, 31))
def test_slack_sdk_agrees_on_confirm_dialogs(title: int, text: int, deny: int) -> None:
    def build() -> Any:
        return sdk.ConfirmObject(
            title="x" * title, text="x" * text, confirm="Yes", deny="x" * deny
        ).to_dict()

    ours = {
        "title": plain("x" * title),
        "text": plain("x" * text),
        "confirm": plain("Yes"),
        "deny": plain("x" * deny),
    }

    judged = flaws_of_blocks([actions(button("x", confirm=ours))])

    assert (judged == []) is _sdk_accepts(build)


def _slackblocks_accepts(build: Callable[[], Any]) -> bool:
    try:
        build()
    except slackblocks.InvalidUsageError:
        return False
    return True


@given(st.integers(1, 12), st.integers(1995, 2005))
def test_slackblocks_agrees_on_fields(count: int, length: int) -> None:
    def build() -> Any:
        return slackblocks.SectionBlock(fields=[slackblocks.Text("x" * length)] * count)

    ours = {"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * length}] * count}

    assert (flaws_of_blocks([ours]) == []) is _slackblocks_accepts(build)


@given(st.integers(1, 7), st.integers(74, 77), st.integers(149, 152))
def test_slackblocks_agrees_on_overflow_menus(count: int, label: int, value: int) -> None:
    def build() -> Any:
        option = slackblocks.Option(
            text=slackblocks.Text("x" * label, type_=slackblocks.TextType.PLAINTEXT),
            value="x" * value,
        )
        return slackblocks.OverflowMenu(action_id="more", options=[option] * count)

    options = [{"text": plain("x" * label), "value": "x" * value}] * count
    ours = actions({"type": "overflow", "action_id": "more", "options": options})

    assert (flaws_of_blocks([ours]) == []) is _slackblocks_accepts(build)


def _from_slackblocks() -> dict[str, Any]:
    """Blocks of 2026 that slack_sdk does not know in full."""
    return {
        "data table": slackblocks.DataTableBlock(
            rows=[[slackblocks.RawText("x")], [slackblocks.RawNumber(1, "1")]],
            caption="calls",
            block_id="a",
        ),
        "chart": slackblocks.DataVisualizationBlock(
            title="calls",
            chart=slackblocks.PieChart([slackblocks.ChartSegment("in", 1)]),
            block_id="a",
        ),
        "bar chart": slackblocks.DataVisualizationBlock(
            title="calls",
            chart=slackblocks.BarChart(
                [slackblocks.DataSeries("in", [slackblocks.DataPoint("Mon", 1)])],
                slackblocks.AxisConfig(["Mon"], x_label="day"),
            ),
            block_id="a",
        ),
        "task": slackblocks.TaskCardBlock("1", "hang up", status="complete", block_id="a"),
        "plan": slackblocks.PlanBlock(
            "stop", [slackblocks.TaskCardBlock("1", "hang up", status="pending")], block_id="a"
        ),
        "card": slackblocks.CardBlock(title="a call", body="live", block_id="a"),
        "container": slackblocks.ContainerBlock(
            title="a call", child_blocks=[slackblocks.DividerBlock(block_id="b")], block_id="a"
        ),
    }


@pytest.mark.parametrize("name", _from_slackblocks())
def test_what_slackblocks_builds_passes(name: str) -> None:
    block = _from_slackblocks()[name]

    assert flaws_of_blocks([block._resolve()]) == []
