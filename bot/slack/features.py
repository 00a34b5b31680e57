"""What a feature is made of: its verbs, buttons, modals and events, each with its listener."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.domain.audit import Action
from bot.slack.desk import Desk
from bot.slack.payloads import Click, Command, HomeOpening, Submission


class Ack(Protocol):
    """Answers Slack's request; the last thing that a listener does."""

    def __call__(
        self, *, response_action: str | None = None, view: dict[str, Any] | None = None
    ) -> Awaitable[object]:
        """Acknowledge, and say what becomes of a submitted modal."""


CommandListener = Callable[[Ack, Command, Desk], Awaitable[None]]
ClickListener = Callable[[Ack, Click, Desk], Awaitable[None]]
SubmissionListener = Callable[[Ack, Submission, Desk], Awaitable[None]]
EventListener = Callable[[Ack, HomeOpening, Desk], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One word after the slash command. Help, "did you mean" and the manifest are made of these.

    `usage` and `example` are what follows the slash command; `needs` is the action whose role the
    person must have; `also` are words that people try for it, which are understood as far as to say
    what the right one is.
    """

    name: str
    usage: str
    example: str
    description: str
    needs: Action
    listener: CommandListener
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature: its commands, buttons by action id, modals by callback id, events by type."""

    verbs: tuple[Verb, ...] = ()
    buttons: Mapping[str, ClickListener] = field(default_factory=dict)
    modals: Mapping[str, SubmissionListener] = field(default_factory=dict)
    events: Mapping[str, EventListener] = field(default_factory=dict)
