"""The Web API: who may call which method how often, and what each call answered."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from bot.sandbox.slack import chat_methods, lookup_methods
from bot.sandbox.slack.arguments import Args
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.rate_limits import (
    CONNECTIONS,
    ONE_A_SECOND,
    SPECIAL,
    TIER_2,
    TIER_3,
    TIER_4,
    Rate,
    RateLimits,
)
from bot.sandbox.slack.records import Json
from bot.sandbox.slack.sockets import Sockets
from bot.sandbox.slack.view_methods import ViewMethods
from bot.sandbox.slack.workspace import Workspace

MANIFEST_SCOPES = frozenset(
    {"commands", "chat:write", "users:read", "channels:read", "groups:read", "im:read"}
)
"""What an app that was installed with Hookflash's manifest has been granted."""
POST_MESSAGE = "chat.postMessage"


@dataclass(slots=True)
class ApiCall:
    """One call of the Web API, the token left out; `response` is None while it runs."""

    method: str
    args: Json
    at: datetime
    status: int | None = None
    response: Json | None = None
    took_s: float | None = None


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What a method answers over HTTP."""

    status: int
    body: Json
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Method:
    act: Callable[[Args], Json]
    rate: Rate
    scope: str | Callable[[Args], str] = ""
    """None is needed where it is empty; some methods need another one for other arguments."""
    is_for_app: bool = False
    """Whether it wants the app-level token, and not the bot's."""
    is_for_anybody: bool = False
    """Whether it wants no token at all."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the app proves itself with: as its bot, and as an app in Socket Mode."""

    bot: str
    app: str | None = None


class WebApi:
    """The methods that the stand-in knows, behind token, scopes and rates."""

    def __init__(
        self,
        workspace: Workspace,
        views: ViewMethods,
        sockets: Sockets,
        rates: RateLimits,
        tokens: Tokens,
    ) -> None:
        self.scopes = set(MANIFEST_SCOPES)
        self.app_scopes = {"connections:write"}
        self._workspace = workspace
        self._rates = rates
        self._tokens = tokens
        self._methods = self._all_methods(views, sockets)

    def call(self, method_name: str, token: str | None, args: Args) -> ApiAnswer:
        """What Slack answers; refusals too are answers."""
        method = self._methods.get(method_name)
        if method is None:
            return _answer(SlackError("unknown_method").as_answer())
        try:
            self._authenticate(method, token)
        except SlackError as refusal:
            return _answer(refusal.as_answer())
        granted = self.app_scopes if method.is_for_app else self.scopes
        needed = method.scope(args) if callable(method.scope) else method.scope
        headers = _scope_headers(granted, needed)
        try:
            _authorise(granted, needed)
            wait_s = self._wait_s(method_name, method, args)
            if wait_s:
                return rate_limited(wait_s)
            return _answer({"ok": True, **method.act(args)}, headers)
        except SlackError as refusal:
            return _answer(refusal.as_answer(), headers)

    def _authenticate(self, method: _Method, token: str | None) -> None:
        if method.is_for_anybody:
            return
        if not token:
            raise SlackError("not_authed")
        if token not in (self._tokens.bot, self._tokens.app):
            raise SlackError("invalid_auth")
        if (token == self._tokens.app) != method.is_for_app:
            raise SlackError("not_allowed_token_type")

    def _wait_s(self, name: str, method: _Method, args: Args) -> int:
        wait_s = self._rates.wait_s(name, method.rate)
        if wait_s or name != POST_MESSAGE:
            return wait_s
        return self._rates.wait_s(f"{name} {args.get('channel')}", ONE_A_SECOND)

    def _all_methods(self, views: ViewMethods, sockets: Sockets) -> dict[str, _Method]:
        chat, lookup = chat_methods, lookup_methods

        def within(act: Callable[[Workspace, Args], Json]) -> Callable[[Args], Json]:
            return lambda args: act(self._workspace, args)

        return {
            "api.test": _Method(within(lookup.api_test), TIER_4, is_for_anybody=True),
            "auth.test": _Method(within(lookup.auth_test), SPECIAL),
            POST_MESSAGE: _Method(within(chat.post_message), SPECIAL, "chat:write"),
            "chat.postEphemeral": _Method(within(chat.post_ephemeral), TIER_4, "chat:write"),
            "chat.update": _Method(within(chat.update), TIER_3, "chat:write"),
            "chat.delete": _Method(within(chat.delete), TIER_3, "chat:write"),
            "chat.getPermalink": _Method(within(chat.get_permalink), SPECIAL),
            "conversations.info": _Method(
                within(lookup.conversations_info),
                TIER_3,
                lambda args: lookup.scope_to_see(self._workspace, args),
            ),
            "conversations.open": _Method(within(lookup.conversations_open), TIER_3, "im:write"),
            "users.info": _Method(within(lookup.users_info), TIER_4, "users:read"),
            "usergroups.users.list": _Method(
                within(lookup.usergroups_users_list), TIER_2, "usergroups:read"
            ),
            "apps.connections.open": _Method(
                lambda _args: {"url": sockets.ticket()},
                CONNECTIONS,
                "connections:write",
                is_for_app=True,
            ),
            "views.open": _Method(views.open, TIER_4),
            "views.push": _Method(views.push, TIER_4),
            "views.update": _Method(views.update, TIER_4),
            "views.publish": _Method(views.publish, TIER_4),
        }


def rate_limited(wait_s: int) -> ApiAnswer:
    """The answer to a call that comes too soon."""
    return ApiAnswer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(wait_s)})


def _authorise(granted: Collection[str], needed: str) -> None:
    if needed and needed not in granted:
        raise SlackError("missing_scope", needed=needed, provided=",".join(sorted(granted)))


def _scope_headers(granted: Collection[str], needed: str) -> dict[str, str]:
    """What is told to every caller whose token is known."""
    headers = {"X-OAuth-Scopes": ",".join(sorted(granted))}
    if needed:
        headers["X-Accepted-OAuth-Scopes"] = needed
    return headers


def _answer(body: Json, headers: dict[str, str] | None = None) -> ApiAnswer:
    return ApiAnswer(200, body, headers or {})
