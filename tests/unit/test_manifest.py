"""The manifest of the Slack app: valid for Slack, and nothing in it without code that needs it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot.slack.listeners import FEATURES
from bot.slack.manifest import SCOPES, build_manifest

TOP = Path(__file__).parents[2]
SCHEMA = TOP.parent / "shared" / "reference" / "slack_manifest.schema.json"
OUR_SLACK_CODE = sorted((TOP / "bot" / "slack").rglob("*.py"))
# Source: https://docs.slack.dev/reference/methods; conversations.info needs one for each kind of
# channel, and a slash command has a scope of its own.
SCOPES_BY_METHOD: dict[str, set[str]] = {
    "apps_connections_open": set(),  # asked with the app-level token
    "auth_test": set(),
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_info": {"channels:read", "groups:read", "im:read"},
    "users_info": {"users:read"},
    "views_open": set(),
    "views_publish": set(),
    "views_push": set(),
    "views_update": set(),
}


def used_methods() -> Iterator[str]:
    """The methods of Slack's Web API that our code names on a client."""
    for path in OUR_SLACK_CODE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and is_client(node.value) and "_" in node.attr:
                yield node.attr


def is_client(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in {"client", "_client"}


def manifest() -> dict[str, Any]:
    return build_manifest(command="/calls", url="https://calls.example.com")


def test_every_scope_is_needed_by_a_method_that_is_used_or_by_the_command() -> None:
    used = set(used_methods())

    assert {"auth_test", "chat_postMessage", "users_info"} <= used
    assert used <= SCOPES_BY_METHOD.keys()
    needed = {scope for method in used for scope in SCOPES_BY_METHOD[method]}
    assert set(SCOPES) == needed | {"commands"}
    assert manifest()["oauth_config"]["scopes"] == {"bot": list(SCOPES)}


def test_there_is_one_command_and_it_leads_to_every_verb() -> None:
    [command] = manifest()["features"]["slash_commands"]

    verbs = {verb.name for feature in FEATURES for verb in feature.verbs if verb.name}
    assert set(command["usage_hint"].strip("[]").split(" | ")) == verbs


def test_no_event_and_no_shortcut_is_asked_for_that_nobody_listens_to() -> None:
    made = manifest()

    events = {event_type for feature in FEATURES for event_type in feature.events}
    assert "shortcuts" not in made["features"]
    assert set(made["settings"]["event_subscriptions"]["bot_events"]) == events
    assert made["features"]["app_home"]["home_tab_enabled"] is ("app_home_opened" in events)


def test_an_address_is_told_where_slack_has_to_come_and_only_there() -> None:
    address = "https://calls.example.com/slack/events"
    over_http = manifest()["settings"]
    through_sockets = build_manifest(command="/calls", url=None, socket_mode=True)["settings"]

    for part in ("event_subscriptions", "interactivity"):
        assert over_http[part]["request_url"] == address
        assert "request_url" not in through_sockets[part]


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's schema is not at hand")
@pytest.mark.parametrize("url", [None, "https://calls.example.com"])
@pytest.mark.parametrize("socket_mode", [False, True])
def test_the_manifest_is_valid_for_slack(url: str | None, *, socket_mode: bool) -> None:
    made = build_manifest(command="/calls", url=url, socket_mode=socket_mode)

    jsonschema.validate(made, json.loads(SCHEMA.read_text()))  # type: ignore[no-untyped-call]
