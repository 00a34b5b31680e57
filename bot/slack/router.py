"""Brings Slack's requests to their listeners: parsed, within a deadline, with the person known."""

from __future__ import annotations

import asyncio
import difflib
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.domain.audit import Surface
from bot.domain.errors import (
    InvalidCallReferenceError,
    InvalidInputError,
    OtherCommandError,
    OutdatedButtonError,
    UnknownVerbError,
)
from bot.domain.sids import split_call_reference, write_call_reference
from bot.slack.desk import Desk
from bot.slack.features import (
    Ack,
    ClickListener,
    CommandListener,
    EventListener,
    Feature,
    SubmissionListener,
    Verb,
)
from bot.slack.payloads import (
    REPEATED,
    Click,
    Command,
    HomeOpening,
    Submission,
    parse_click,
    parse_command,
    parse_home_opening,
    parse_submission,
)

# Bolt has no deadline of its own where the ack comes last; Slack gives up after 3 s.
LISTENER_DEADLINE_S = 2.6
LEARN_BEFORE_SUBMIT_S = 1.0
ANY = re.compile("")

T = TypeVar("T")
Asked = TypeVar("Asked", Command, Click, HomeOpening)
Brought = TypeVar("Brought", Command, Click, Submission)
Listener = Callable[[Ack, Asked, Desk], Awaitable[None]]
BoltListener = Callable[[AsyncAck, dict[str, Any], AsyncBoltRequest], Awaitable[None]]


def register(
    app: AsyncApp,
    features: Sequence[Feature],
    desk: Desk,
    *,
    on_received: Callable[[Surface], object],
) -> None:
    """Let *app* answer for every verb, button, modal and event of the features.

    *on_received* is told the kind of each as it comes from Slack, whatever becomes of it.
    """
    verbs = {verb.name: verb for feature in features for verb in feature.verbs}
    buttons = _merged(one.buttons for one in features)
    modals = _merged(one.modals for one in features)
    events = _merged(one.events for one in features)

    def telling(surface: Surface, listener: BoltListener) -> BoltListener:
        async def tell_and_listen(
            ack: AsyncAck, body: dict[str, Any], request: AsyncBoltRequest
        ) -> None:
            on_received(surface)
            await listener(ack, body, request)

        return tell_and_listen

    ours = re.compile(rf"\A{re.escape(desk.place.command)}\Z", re.IGNORECASE)
    app.command(ours)(telling(Surface.COMMAND, _command_listener(verbs, desk)))
    # Unanswered, it would be a "dispatch_failed" to the person.
    app.command(ANY)(_other_command)
    # Bolt would try its listeners one after the other; it is asked once for each kind.
    app.block_action(ANY)(telling(Surface.BUTTON, _click_listener(buttons, desk)))
    app.view_submission(ANY)(telling(Surface.MODAL, _submission_listener(modals, desk)))
    app.event(ANY)(telling(Surface.HOME, _event_listener(events, desk)))


def _command_listener(verbs: Mapping[str, Verb], desk: Desk) -> BoltListener:
    async def command(ack: AsyncAck, body: dict[str, Any], request: AsyncBoltRequest) -> None:
        asked = _as_brought(parse_command(body), request)
        await _run(_rights_first(find_verb(verbs, asked)), ack, asked, desk)

    return command


async def _other_command(body: dict[str, Any]) -> None:
    raise OtherCommandError(body["command"])


def _rights_first(verb: Verb) -> CommandListener:
    """The verb's listener, which asks nobody to mend what they may not do in any form."""

    async def listen(ack: Ack, asked: Command, desk: Desk) -> None:
        try:
            await verb.listener(ack, asked, desk)
        except InvalidInputError:
            await desk.guard.admit(asked.asking, verb.needs)
            raise

    return listen


def _click_listener(buttons: Mapping[str, ClickListener], desk: Desk) -> BoltListener:
    async def click(ack: AsyncAck, body: dict[str, Any], request: AsyncBoltRequest) -> None:
        asked = _as_brought(parse_click(body), request)
        if asked.action_id not in buttons:
            raise OutdatedButtonError(asked.action_id)
        await _run(buttons[asked.action_id], ack, asked, desk)

    return click


def _submission_listener(modals: Mapping[str, SubmissionListener], desk: Desk) -> BoltListener:
    async def submission(ack: AsyncAck, body: dict[str, Any], request: AsyncBoltRequest) -> None:
        asked = _as_brought(parse_submission(body), request)
        if asked.callback_id not in modals:
            raise OutdatedButtonError(asked.callback_id)
        # A modal cannot be answered after its ack. Its person was looked up for the click that
        # opened it, so only another replica or a long pause leads here.
        async with asyncio.timeout(LISTENER_DEADLINE_S):
            if desk.rights.must_learn(asked.asking.actor):
                async with asyncio.timeout(LEARN_BEFORE_SUBMIT_S):
                    await desk.rights.learn(asked.asking.actor)
            await modals[asked.callback_id](ack, asked, desk)

    return submission


def _event_listener(events: Mapping[str, EventListener], desk: Desk) -> BoltListener:
    async def event(ack: AsyncAck, body: dict[str, Any], request: AsyncBoltRequest) -> None:
        del request
        kind = body["event"].get("type")
        if kind in events:
            await _run(events[kind], ack, parse_home_opening(body), desk)
        else:  # refused, an event that nobody listens to would come again and again
            await ack()

    return event


def _as_brought(asked: Brought, request: AsyncBoltRequest) -> Brought:
    if REPEATED not in request.headers:
        return asked
    return replace(asked, asking=replace(asked.asking, is_repeated=True))


def _merged(parts: Iterable[Mapping[str, T]]) -> dict[str, T]:
    return {name: listener for part in parts for name, listener in part.items()}


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
    near = [name for name, verb in verbs.items() if word in verb.also] or _alike(word, verbs)
    suggestions = near or _to_be_seen(f"{command.verb} {command.rest}")
    raise UnknownVerbError(command.verb, suggestions, next(iter(near), "help"))


def _alike(word: str, verbs: Mapping[str, Verb]) -> list[str]:
    """The verbs that the word may be a slip of, or of another word for them."""
    others = {other: name for name, verb in verbs.items() for other in verb.also}
    near = difflib.get_close_matches(word, filter(None, verbs), n=2, cutoff=0.6)
    # They are many, so less is alike by chance.
    near += [others[one] for one in difflib.get_close_matches(word, others, n=1, cutoff=0.7)]
    return list(dict.fromkeys(near))[:2]


def _to_be_seen(text: str) -> list[str]:
    """How to see the call that the text names by itself; nothing where it names none."""
    try:
        reference, _rest = split_call_reference(text.strip())
    except InvalidCallReferenceError:
        return []
    return [f"show {write_call_reference(reference)}"]


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

    desk.answer(asked, learn_and_run())
    await ack()


async def _already_acknowledged(
    *, response_action: str | None = None, view: dict[str, Any] | None = None
) -> None:
    """Stands for the ack of a request that was acknowledged before its person was known."""
