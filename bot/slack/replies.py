"""Showing something to the person who acted: through the response_url, or else another way."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from http import HTTPStatus
from typing import Any

from aiohttp import ClientError, ClientSession
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient
from slack_sdk.webhook.webhook_response import WebhookResponse

from bot.domain.changes import Origin
from bot.slack.views.message import MessageView, in_modal

_log = logging.getLogger(__name__)

# One way of answering, with all its tries; after that another way is taken.
ANSWER_DEADLINE_S = 20.0
PAUSES_AFTER_FAULTS_S = (0.2, 0.8)
_FAULT_CODE = re.compile("[a-z]+(?:_[a-z]+)*", re.ASCII)
# The SDK fails with a ValueError at a Retry-After that is no whole number of seconds.
SLACK_FAULTS = (SlackApiError, ClientError, TimeoutError, OSError, ValueError)


class Replies:
    """Answers to people. A fault of Slack undoes nothing that was done: it is logged.

    Each tells whether Slack took the answer in any way.
    """

    def __init__(self, client: AsyncWebClient, session: ClientSession) -> None:
        self._client = client
        self._session = session

    async def to_asker(self, origin: Origin, user_id: str, view: MessageView) -> bool:
        """A new message that only the person sees."""
        body = {"response_type": "ephemeral", "replace_original": False}
        return await self._respond(origin, body | content(view)) or await self._directly(
            user_id, view
        )

    async def to_channel(self, origin: Origin, user_id: str, view: MessageView) -> bool:
        """A new message that the channel sees; works where the bot is no member."""
        body = {"response_type": "in_channel", "replace_original": False}
        return (
            await self._respond(origin, body | content(view))
            or await self._post(origin.channel_id, view)
            or await self._directly(user_id, view)
        )

    async def replace(self, origin: Origin, user_id: str, view: MessageView) -> bool:
        """Put *view* where the message was that the person acted on, or into the modal."""
        return (
            bool(origin.view_id and await self.update_modal(origin.view_id, view))
            or await self._respond(origin, {"replace_original": True} | content(view))
            or (not origin.is_ephemeral and await self._update(origin, view))
            or await self._directly(user_id, view)
        )

    async def open_modal(self, origin: Origin, trigger_id: str, view: dict[str, Any]) -> str:
        """Open a modal, on top of the one that was clicked; its id.

        Empty where Slack did not open it: a trigger lives for 3 s.
        """
        method = self._client.views_push if origin.view_id else self._client.views_open
        answer = await self._ask(method, trigger_id=trigger_id, view=view)
        return str(answer["view"]["id"]) if answer else ""

    async def update_modal(self, view_id: str, view: MessageView) -> bool:
        """Put *view* into the modal; False where that is closed by now."""
        return await self._call(self._client.views_update, view_id=view_id, view=in_modal(view))

    async def publish_home(self, user_id: str, view: dict[str, Any]) -> bool:
        """Put *view* into the person's Home tab; False where Slack did not."""
        return await self._call(self._client.views_publish, user_id=user_id, view=view)

    async def _respond(self, origin: Origin, body: dict[str, Any]) -> bool:
        if not origin.response_url:
            return False
        webhook = AsyncWebhookClient(
            origin.response_url,
            session=self._session,
            retry_handlers=[
                AsyncConnectionErrorRetryHandler(),
                AsyncRateLimitErrorRetryHandler(max_retry_count=2),
            ],
        )
        try:
            async with asyncio.timeout(ANSWER_DEADLINE_S):
                answer = await _send(webhook, body)
        except SLACK_FAULTS:
            _log.warning("an answer through a response_url failed")
            return False
        is_taken = answer.status_code == HTTPStatus.OK and not _tells_a_fault(answer.body)
        if not is_taken:
            _log.warning("Slack refused an answer", extra={"status": answer.status_code})
        return is_taken

    async def _post(self, channel_id: str, view: MessageView) -> bool:
        return await self._call(self._client.chat_postMessage, channel=channel_id, **content(view))

    async def _update(self, origin: Origin, view: MessageView) -> bool:
        return await self._call(
            self._client.chat_update,
            channel=origin.channel_id,
            ts=origin.message_ts,
            **content(view),
        )

    async def _directly(self, user_id: str, view: MessageView) -> bool:
        """The last way: a direct message from the app."""
        is_shown = await self._post(user_id, view)
        if not is_shown:
            _log.error("an answer could not be shown to anybody", extra={"text": view.text})
        return is_shown

    async def _call(self, method: Any, **arguments: Any) -> bool:
        return await self._ask(method, **arguments) is not None

    async def _ask(self, method: Any, **arguments: Any) -> AsyncSlackResponse | None:
        """What Slack answered; None where it refused or failed."""
        try:
            async with asyncio.timeout(ANSWER_DEADLINE_S):
                answer: AsyncSlackResponse = await method(**arguments)
        except SLACK_FAULTS as fault:
            _log.warning("Slack refused or failed", extra={"fault": name_of_fault(fault)})
            return None
        return answer


async def _send(webhook: AsyncWebhookClient, body: dict[str, Any]) -> WebhookResponse:
    """Slack's last answer.

    The SDK sends again what was limited or could not be delivered, but nothing that Slack took and
    failed at, whatever handlers it is given.
    """
    for pause_s in PAUSES_AFTER_FAULTS_S:
        answer = await webhook.send_dict(body)
        if answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return answer
        await asyncio.sleep(pause_s)
    return await webhook.send_dict(body)


def _tells_a_fault(body: str) -> bool:
    """Whether an answer of status 200 says that nothing was shown: by a code, alone or in JSON."""
    if body != "ok" and _FAULT_CODE.fullmatch(body):
        return True
    try:
        told = json.loads(body)
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("ok") is False


def content(view: MessageView) -> dict[str, Any]:
    """The view as the arguments of a message."""
    return {"text": view.text, "blocks": list(view.blocks)}


def name_of_fault(fault: BaseException) -> str:
    """The code of Slack's answer, its status, or the kind of fault; never the body."""
    if not isinstance(fault, SlackApiError):
        return type(fault).__name__
    is_slacks_own = isinstance(fault.response.data, dict)  # and not the page of a proxy
    return str(fault.response["error"] if is_slacks_own else fault.response.status_code)
