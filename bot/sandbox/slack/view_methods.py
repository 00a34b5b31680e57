"""The views.* methods of the Web API."""

from bot.sandbox.slack.arguments import Args
from bot.sandbox.slack.block_kit_blocks import Surface
from bot.sandbox.slack.content import decoded
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.records import Json, View
from bot.sandbox.slack.triggers import TriggerIds
from bot.sandbox.slack.views import Views
from bot.sandbox.slack.workspace import Workspace


class ViewMethods:
    """Opens, pushes, updates and publishes views for the app."""

    def __init__(self, workspace: Workspace, views: Views, triggers: TriggerIds) -> None:
        self._workspace = workspace
        self._views = views
        self._triggers = triggers

    def open(self, args: Args) -> Json:
        """views.open; on top of a modal that is open already, where there is one."""
        return self._push(args, "views.open", needs_open_view=False)

    def push(self, args: Args) -> Json:
        """views.push."""
        return self._push(args, "views.push", needs_open_view=True)

    def update(self, args: Args) -> Json:
        """views.update, by view_id or external_id."""
        view = self._views.find(args.get("view_id"), args.get("external_id"))
        surface = Surface.MODAL if view.type == "modal" else Surface.HOME
        definition = self._definition(args, surface, "views.update")
        return self._answer(self._views.update(view, definition, args.get("hash")))

    def publish(self, args: Args) -> Json:
        """views.publish."""
        user_id = args.get("user_id")
        if user_id not in self._workspace.users:
            raise SlackError("user_not_found")
        definition = self._definition(args, Surface.HOME, "views.publish")
        return self._answer(self._views.publish(user_id, definition, args.get("hash")))

    def _push(self, args: Args, method: str, *, needs_open_view: bool) -> Json:
        trigger_id = str(args.get("trigger_id") or "")
        definition = self._definition(args, Surface.MODAL, method)
        user_id = self._triggers.check(trigger_id)
        if needs_open_view and not self._workspace.views.get(user_id):
            raise SlackError("not_found")
        view = self._views.push(user_id, definition)
        self._triggers.exchange(trigger_id)
        return self._answer(view)

    def _definition(self, args: Args, surface: Surface, method: str) -> Json:
        definition = decoded(args.get("view"), "invalid_arguments")
        return self._views.check(definition, surface, method)

    def _answer(self, view: View) -> Json:
        return {"view": view.as_payload(self._workspace.team_id, self._workspace.app)}
