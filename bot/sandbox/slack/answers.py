"""What Slack does with the app's answer to a command, a click or a submitted modal."""

import json
from typing import Any, NoReturn

from bot.sandbox.slack.block_kit_blocks import Surface
from bot.sandbox.slack.content import Content, read_content
from bot.sandbox.slack.deliveries import Delivery
from bot.sandbox.slack.elements import interactive
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.records import Json, View
from bot.sandbox.slack.response_urls import IN_CHANNEL, respond
from bot.sandbox.slack.views import Views
from bot.sandbox.slack.workspace import Workspace

TROUBLE = "We had some trouble connecting. Try again?"


class Answers:
    """Shows people what came of the things that they did."""

    def __init__(self, workspace: Workspace, views: Views) -> None:
        self._workspace = workspace
        self._views = views

    def settle(self, delivery: Delivery) -> None:
        """Does what the answer asks for, or tells the person that it is no use."""
        if delivery.kind == "command":
            self._settle_command(delivery)
        elif delivery.kind == "view_submission":
            self._settle_submission(delivery)
        elif delivery.kind == "block_actions" and not delivery.is_ok:
            delivery.shown_error = TROUBLE
        self._workspace.changed()

    def _settle_command(self, delivery: Delivery) -> None:
        if not delivery.is_ok:
            timed_out = delivery.outcome == "timeout"
            self._fail_command(delivery, "operation_timeout" if timed_out else "dispatch_failed")
        elif delivery.body.strip():
            try:
                self._show_answer(delivery)
            except SlackError as refusal:
                self._fail_command(delivery, refusal.code)

    def _fail_command(self, delivery: Delivery, code: str) -> None:
        command = delivery.payload["command"]
        delivery.shown_error = f'{command} failed with the error "{code}"'
        self._workspace.tell(delivery.user_id, delivery.payload["channel_id"], delivery.shown_error)

    def _show_answer(self, delivery: Delivery) -> None:
        answer = _as_object(delivery.body) or {"text": delivery.body}
        content = read_content(answer, self._workspace.complain, "answer to a command")
        is_in_channel = answer.get("response_type") == IN_CHANNEL
        channel_id = delivery.payload["channel_id"]
        if is_in_channel:
            typed = f"{delivery.payload['command']} {delivery.payload['text']}".strip()
            self._workspace.post(
                channel_id, Content(typed), user_id=delivery.user_id, echo_of_command=True
            )
        respond(self._workspace, delivery.user_id, channel_id, content, is_in_channel=is_in_channel)

    def _settle_submission(self, delivery: Delivery) -> None:
        try:
            view = self._views.find(delivery.payload["view"]["id"])
        except SlackError:
            return  # Closed in the meantime, so there is nothing left to change.
        is_understood = delivery.is_ok and self._follow(view, delivery.body.strip())
        if not is_understood:
            view.client_error = delivery.shown_error = TROUBLE

    def _follow(self, view: View, body: str) -> bool:
        """Whether the answer could be followed; what was wrong with it is complained of."""
        try:
            self._respond_to_submission(view, body)
        except SlackError:
            return False
        return True

    def _respond_to_submission(self, view: View, body: str) -> None:
        answer = _as_object(body) if body else {}
        if answer is None:
            self._refuse("the answer is no JSON object")
        action = answer.get("response_action")
        if action is None:
            self._views.close(view)
        elif action == "clear":
            self._views.clear(view.user_id)
        elif action == "errors":
            view.errors = self._errors(view, answer.get("errors"))
        elif action == "update":
            self._views.update(view, self._definition(answer))
        elif action == "push":
            self._views.push(view.user_id, self._definition(answer))
        else:
            self._refuse(f"unknown response_action: {action}")

    def _errors(self, view: View, errors: Any) -> dict[str, str]:
        if not isinstance(errors, dict) or not errors:
            self._refuse("response_action errors without errors")
        inputs = {block["block_id"] for block, _ in interactive(view.blocks) if "label" in block}
        for block_id, text in errors.items():
            if block_id not in inputs:
                self._refuse(f"error for {block_id}, which is no input block")
            if not isinstance(text, str) or not text:
                self._refuse(f"error for {block_id} is no text")
        return dict(errors)

    def _definition(self, answer: Json) -> Json:
        return self._views.check(answer.get("view"), Surface.MODAL, "answer to a submission")

    def _refuse(self, message: str) -> NoReturn:
        self._workspace.complain("answer to a submission", message)
        raise SlackError("invalid_arguments")


def _as_object(body: str) -> Json | None:
    """The JSON object in a body, or None where it holds anything else."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
