"""Where in a change the bot is killed or paused, and how it does that to itself there."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from bot.application.accept_change import ChangeDesk
from bot.slack.announcer import SlackAnnouncer
from bot.twilio.http_client import HttpClient


class Point(StrEnum):
    """A moment of a change, in the order in which it gets there; the first is any moment at all."""

    ANY_MOMENT = "any moment"
    BEFORE_COMMIT = "before a commit"
    AFTER_COMMIT = "after a commit"
    BEFORE_ACK = "accepted, before the ack"
    AFTER_ACK = "after the ack"
    BEFORE_TWILIO = "before Twilio is asked"
    TWILIO_HAS_IT = "while Twilio thinks"
    AFTER_TWILIO = "after Twilio's answer"
    BEFORE_ANSWER = "before the answer to Slack"
    SLACK_HAS_IT = "while Slack takes the answer"
    AFTER_ANSWER = "after the answer to Slack"


# The bot cannot know when these are: the stand-ins see them.
SEEN_FROM_OUTSIDE = (Point.AFTER_ACK, Point.TWILIO_HAS_IT, Point.SLACK_HAS_IT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What strikes one life: at the `nth` time that the point comes, or after `span_s` seconds.

    `pause_s` is how long it is paused there; at 0 it is killed.
    """

    point: Point
    nth: int
    span_s: float
    pause_s: float = 0.0

    @property
    def signal(self) -> signal.Signals:
        """What the process is sent."""
        return signal.SIGSTOP if self.pause_s else signal.SIGKILL


class Trigger:
    """Strikes when it is pulled for the `nth` time."""

    def __init__(self, nth: int, strike: Callable[[], None]) -> None:
        self._left = nth
        self._strike = strike

    def pull(self) -> None:
        """One more time."""
        self._left -= 1
        if self._left == 0:
            self._strike()


def arm(point: Point, nth: int, number: signal.Signals) -> None:
    """Let this process send itself a signal at a point that only it can see."""
    pull = Trigger(nth, lambda: os.kill(os.getpid(), number)).pull
    match point:
        case Point.BEFORE_COMMIT:
            _wrap_commit(before=pull)
        case Point.AFTER_COMMIT:
            _wrap_commit(after=pull)
        case Point.BEFORE_ACK:
            _wrap(ChangeDesk, "accept", after=pull)
        case Point.BEFORE_TWILIO:
            _wrap(HttpClient, "request", before=pull, only=_is_change)
        case Point.AFTER_TWILIO:
            _wrap(HttpClient, "request", after=pull, only=_is_change)
        case Point.BEFORE_ANSWER:
            _wrap(SlackAnnouncer, "announce", before=pull)
        case Point.AFTER_ANSWER:
            _wrap(SlackAnnouncer, "announce", after=pull)
        case _:
            pass


def _nothing() -> None:
    pass


def _always(*_args: Any, **_kwargs: Any) -> bool:
    return True


def _is_change(_client: HttpClient, method: str, *_args: Any, **_kwargs: Any) -> bool:
    return method == "POST"


def _wrap(
    owner: type,
    name: str,
    *,
    before: Callable[[], None] = _nothing,
    after: Callable[[], None] = _nothing,
    only: Callable[..., bool] = _always,
) -> None:
    """Let something happen before or after each call of an asynchronous method."""
    real = getattr(owner, name)

    @functools.wraps(real)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        is_meant = only(*args, **kwargs)
        if is_meant:
            before()
        result = await real(*args, **kwargs)
        if is_meant:
            after()
        return result

    setattr(owner, name, wrapped)


def _wrap_commit(
    *, before: Callable[[], None] = _nothing, after: Callable[[], None] = _nothing
) -> None:
    real = Connection.commit

    def commit(connection: Connection) -> None:
        before()
        real(connection)
        after()

    Connection.commit = commit  # type: ignore[assignment, method-assign]
