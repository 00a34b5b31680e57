"""Brings Slack's requests to their listeners: parsed, within a deadline, with the person known."""

from __future__ import annotations

import asyncio
import difflib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.domain.errors import UnknownVerbError
from bot.slack.desk import Desk
from bot.slack.features import Ack, EventListener, Feature, SubmissionListener, Verb
from bot.slack.payloads import (
    Click,
    Command,
    HomeOpening,
    parse_click,
    parse_command,
    parse_home_opening,
    parse_submission,
)

# Bolt has no deadline of its own where the ack comes last; Slack gives up after 3 s.
LISTENER_DEADLINE_S = 2.6
LEARN_BEFORE_SUBMIT_S = 1.0
ANY_TYPE = re.compile("")

Asked = TypeVar("Asked", Command, Click, HomeOpening)
Listener = Callable[[Ack, Asked, Desk], Awaitable[None]]
BoltListener = Callable[[AsyncAck, dict[str, Any]], Awaitable[None]]


def register(app: AsyncApp, features: Sequence[Feature], desk: Desk) -> None:
    """Let *app* answer for every verb, button, modal and event of the features."""
    verbs = {verb.name: verb for feature in features for verb in feature.verbs}
    app.command(desk.place.command)(_command_listener(verbs, desk))
    for feature in features:
        for action_id, on_click in feature.buttons.items():
            app.action(action_id)(_click_listener(on_click, desk))
        for callback_id, on_submit in feature.modals.items():
            app.view(callback_id)(_submission_listener(on_submit, desk))
        for event_type, on_event in feature.events.items():
            app.event(event_type)(_event_listener(on_event, desk))
    app.event(ANY_TYPE)(_ignore)


def _command_listener(verbs: Mapping[str, Verb], desk: Desk) -> BoltListener:
    async def command(ack: AsyncAck, body: dict[str, Any]) -> None:
        asked = parse_command(body)
        await _run(find_verb(verbs, asked).listener, ack, asked, desk)

    return command


def _click_listener(listener: Listener[Click], desk: Desk) -> BoltListener:
    async def click(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _run(listener, ack, parse_click(body), desk)

    return click


def _submission_listener(listener: SubmissionListener, desk: Desk) -> BoltListener:
    async def submission(ack: AsyncAck, body: dict[str, Any]) -> None:
        asked = parse_submission(body)
        # A modal cannot be answered after its ack. Its person was looked up for the click that
        # opened it, so only another replica or a long pause leads here.
        if desk.rights.must_learn(asked.asking.actor):
            async with asyncio.timeout(LEARN_BEFORE_SUBMIT_S):
                await desk.rights.learn(asked.asking.actor)
        async with asyncio.timeout(LISTENER_DEADLINE_S - LEARN_BEFORE_SUBMIT_S):
            await listener(ack, asked, desk)

    return submission


def _event_listener(listener: EventListener, desk: Desk) -> BoltListener:
    async def event(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _run(listener, ack, parse_home_opening(body), desk)

    return event


async def _ignore(ack: AsyncAck) -> None:
    """Take an event that nobody listens to: refused, it would come again and again."""
    await ack()


def find_verb(verbs: Mapping[str, Verb], command: Command) -> Verb:
    """The verb that was typed; filters alone belong to the bare command.

    Raises:
        UnknownVerbError: there is none of this name.
    """
    word = command.verb.lower()
    if word in verbs:
        return verbs[word]
    if ":" in word:
        return verbs[""]
    near = difflib.get_close_matches(word, [name for name in verbs if name], n=2, cutoff=0.5)
    raise UnknownVerbError(command.verb, near, near[0] if near else "help")


async def _run(listener: Listener[Asked], ack: AsyncAck, asked: Asked, desk: Desk) -> None:
    """Run the listener now; after the ack, where Slack must be asked first who this is."""
    actor = asked.asking.actor
    if not desk.rights.must_learn(actor):
        async with asyncio.timeout(LISTENER_DEADLINE_S):
            await listener(ack, asked, desk)
        return

    async def learn_and_run() -> None:
        await desk.rights.learn(actor)
        await listener(_already_acknowledged, asked, desk)

    desk.answer(learn_and_run(), asked.origin, actor)
    await ack()


async def _already_acknowledged(
    *, response_action: str | None = None, view: dict[str, Any] | None = None
) -> None:
    """Stands for the ack of a request that was acknowledged before its person was known."""
