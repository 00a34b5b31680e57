"""What a person does in Slack's client: commands, clicks, modals, the home tab."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from bot.sandbox.slack.answers import Answers
from bot.sandbox.slack.deliveries import FORM, JSON, KEPT, Deliverer, Delivery, DeliveryKind
from bot.sandbox.slack.elements import (
    VALUE_KEYS,
    FoundElement,
    Wanted,
    action_of,
    find,
    state_entry,
    state_of,
)
from bot.sandbox.slack.envelopes import send_through
from bot.sandbox.slack.errors import NotPossibleError
from bot.sandbox.slack.escaping import CommandEscaping
from bot.sandbox.slack.forms import check_inputs, fill_in, response_targets
from bot.sandbox.slack.payloads import Payloads
from bot.sandbox.slack.records import Json, Message, StateValues, User, View
from bot.sandbox.slack.response_urls import ResponseUrls
from bot.sandbox.slack.sockets import Sockets
from bot.sandbox.slack.triggers import TriggerIds
from bot.sandbox.slack.views import Views
from bot.sandbox.slack.workspace import Workspace


class SlackClient:
    """The hands of the people in the workspace.

    Every deed returns its delivery once the app has answered or Slack has given up on it.
    """

    def __init__(
        self,
        workspace: Workspace,
        deliverer: Deliverer,
        views: Views,
        triggers: TriggerIds,
        response_urls: ResponseUrls,
        *,
        sockets: Sockets,
    ) -> None:
        self.workspace = workspace
        self.sockets = sockets
        self.escaping = CommandEscaping()
        self.deliveries: list[Delivery] = []
        self._deliverer = deliverer
        self._views = views
        self._triggers = triggers
        self._response_urls = response_urls
        self._answers = Answers(workspace, views)
        self._payloads = Payloads(workspace)

    async def command(self, user_id: str, channel_id: str, text: str) -> Delivery:
        """Types a slash command, such as "/calls help", into a channel."""
        user, channel = self._user(user_id), self.workspace.channels[channel_id]
        if user_id not in channel.members:
            raise NotPossibleError(f"{user.name} is not in {channel.name}")
        command, _, rest = text.strip().partition(" ")
        if not command.startswith("/"):
            raise NotPossibleError("a command begins with a slash")
        known_channels = list(self.workspace.channels.values())
        escaped = self.escaping.apply(rest, list(self.workspace.users.values()), known_channels)
        payload = self._payloads.command(
            user,
            channel,
            command=command,
            text=escaped.strip(),
            trigger_id=self._triggers.new(user_id),
            response_url=self._response_urls.new("commands", user_id, channel_id),
        )
        return await self._deliver("command", user_id, payload, urlencode(payload), FORM)

    def find_element(
        self,
        user_id: str,
        message_or_view: Message | View,
        *,
        block_id: str | None = None,
        action_id: str | None = None,
        text: str | None = None,
        value: str | None = None,
        option: str | None = None,
    ) -> FoundElement:
        """The element that `click` would press, with its confirm dialog.

        `text` is a button's whole label, `value` a part of its value; `option` is the label or the
        value of an option, an id, a date, or what to type, as the element goes.

        Raises:
            NotPossibleError: it, or what it stands in, is not to be seen, or several answer.
        """
        self._must_see(user_id, message_or_view)
        wanted = Wanted(action_id, text, value, option, block_id)
        return find(message_or_view.blocks, user_id, wanted)

    async def click(
        self,
        user_id: str,
        message_or_view: Message | View,
        *,
        block_id: str | None = None,
        action_id: str | None = None,
        text: str | None = None,
        value: str | None = None,
        option: str | None = None,
        typed: Mapping[str, Any] | None = None,
    ) -> Delivery:
        """Presses a button or chooses in a menu, a confirm dialog being confirmed.

        `typed` is put into the inputs before, as `submit` does it.
        `message.as_seen()`, taken earlier, clicks on what stood there before an update arrived.

        Raises:
            NotPossibleError: as `find_element`.
        """
        found = self.find_element(
            user_id,
            message_or_view,
            block_id=block_id,
            action_id=action_id,
            text=text,
            value=value,
            option=option,
        )
        if found.lacks_choice:
            raise NotPossibleError(f"say which option of {found.element['action_id']}")
        user = self._user(user_id)
        trigger_id = self._triggers.new(user_id)
        action = action_of(found, self.workspace.new_ts())
        if isinstance(message_or_view, View):
            fill_in(message_or_view.blocks, message_or_view.state, typed or {})
            _remember(message_or_view.state, found)
            payload = self._payloads.click_in_view(
                user, message_or_view, action, trigger_id=trigger_id
            )
        else:
            message = self._current(message_or_view)
            state = message.state.setdefault(user_id, state_of(message.blocks))
            fill_in(message.blocks, state, typed or {})
            _remember(state, found)
            payload = self._payloads.click_in_message(
                user,
                message,
                action,
                trigger_id=trigger_id,
                response_url=self._response_urls.new(
                    "actions", user_id, message.channel_id, message
                ),
            )
        return await self._interact("block_actions", user_id, payload)

    async def submit(
        self, user_id: str, view: View, values: Mapping[str, Any] | None = None
    ) -> Delivery:
        """Fills a modal in and submits it.

        `values` says by block id what to type or choose, or by action id within the block.

        Raises:
            NotPossibleError: it is not the modal on top, has no such input, or Slack's own client
                does not take what was filled in; the last is also told in `view.errors`.
        """
        self._must_be_on_top(user_id, view)
        if view.submit is None:
            raise NotPossibleError("this modal has no submit button")
        fill_in(view.blocks, view.state, values or {})
        view.errors = check_inputs(view)
        view.client_error = None
        self.workspace.changed()
        if view.errors:
            raise NotPossibleError(f"the form is not complete: {view.errors}")
        targets = [
            {
                **target,
                "response_url": self._response_urls.new("actions", user_id, target["channel_id"]),
            }
            for target in response_targets(view)
        ]
        payload = self._payloads.submission(
            self._user(user_id),
            view,
            trigger_id=self._triggers.new(user_id),
            response_urls=targets,
        )
        return await self._interact("view_submission", user_id, payload)

    async def close(
        self, user_id: str, view: View, *, whole_stack: bool = False
    ) -> Delivery | None:
        """Closes the modal on top, or everything; None when the app did not ask to be told."""
        self._must_be_on_top(user_id, view)
        is_cleared = whole_stack or view.clear_on_close
        if is_cleared:
            self._views.clear(user_id)
        else:
            self._views.close(view)
        if not view.notify_on_close:
            return None
        payload = self._payloads.closing(self._user(user_id), view, is_cleared=is_cleared)
        return await self._interact("view_closed", user_id, payload)

    async def open_home(self, user_id: str) -> Delivery:
        """Opens the app's home tab."""
        user = self._user(user_id)
        channel = self.workspace.direct_channel(user_id)
        view = self.workspace.home_views.get(user_id)
        return await self._event(user_id, self._payloads.home_opened(user, channel, view))

    async def send_event(self, event_type: str, user_id: str = "", **fields: Any) -> Delivery:
        """Sends an event of any type, such as app_uninstalled."""
        return await self._event(user_id, {"type": event_type, **fields})

    async def redeliver(self, delivery: Delivery) -> Delivery:
        """Sends the same payload again, signed afresh, as Slack does after a timeout."""
        again = Delivery(
            delivery.kind,
            delivery.user_id,
            delivery.payload,
            delivery.sent_body,
            delivery.content_type,
            self.workspace.clock(),
            retry_attempt=delivery.retry_attempt + 1,
        )
        return await self._send(again)

    async def send_signed(
        self,
        body: bytes,
        *,
        content_type: str = FORM,
        timestamp: str | None = None,
        signature: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """The app's status and body for anything at all, rightly signed unless told otherwise."""
        sent = self._deliverer.signed_headers(body, content_type, timestamp)
        if signature is not None:
            sent["X-Slack-Signature"] = signature
        answer = await self._deliverer.post(body, {**sent, **(headers or {})})
        return answer.status, answer.text

    async def _interact(self, kind: DeliveryKind, user_id: str, payload: Json) -> Delivery:
        body = urlencode({"payload": json.dumps(payload)})
        return await self._deliver(kind, user_id, payload, body, FORM)

    async def _event(self, user_id: str, event: Json) -> Delivery:
        payload = self._payloads.event(event)
        return await self._deliver("event", user_id, payload, json.dumps(payload), JSON)

    async def _deliver(
        self,
        kind: DeliveryKind,
        user_id: str,
        payload: Json,
        body: str,
        content_type: str,
    ) -> Delivery:
        return await self._send(
            Delivery(kind, user_id, payload, body.encode(), content_type, self.workspace.clock())
        )

    async def _send(self, delivery: Delivery) -> Delivery:
        self.deliveries.append(delivery)
        del self.deliveries[:-KEPT]
        if self._deliverer.request_url is None or self.sockets.open:
            await send_through(self.sockets, delivery, timeout_s=self._deliverer.ack_timeout_s)
        else:
            await self._deliverer.send(delivery)
        self._answers.settle(delivery)
        self.workspace.changed()
        return delivery

    def _user(self, user_id: str) -> User:
        return self.workspace.users[user_id]

    def _must_see(self, user_id: str, seen: Message | View) -> None:
        if isinstance(seen, View):
            if seen is not self.workspace.home_views.get(user_id):
                self._must_be_on_top(user_id, seen)
            return
        visible = self.workspace.messages_for(user_id, seen.channel_id)
        if not any(message.ts == seen.ts for message in visible):
            raise NotPossibleError(f"{user_id} does not see message {seen.ts}")

    def _must_be_on_top(self, user_id: str, view: View) -> None:
        stack = self.workspace.views.get(user_id)
        if not stack or stack[-1] is not view:
            raise NotPossibleError(f"{user_id} does not have view {view.id} before them")

    def _current(self, seen: Message) -> Message:
        current = self.workspace.message(seen.channel_id, seen.ts)
        if current is None:
            raise NotPossibleError(f"message {seen.ts} is gone")
        return current


def _remember(state: StateValues, found: FoundElement) -> None:
    """Keeps what was chosen in a menu, as later payloads tell it."""
    element = found.element
    if element["type"] in VALUE_KEYS:
        by_action = state.setdefault(found.block["block_id"], {})
        by_action[element["action_id"]] = state_entry(element, found.option)
