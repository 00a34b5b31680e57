"""Modals and home tabs: how they are opened, stacked, changed and closed."""

import secrets
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.block_kit import LARGEST_VIEW_BYTES, flaws_of_view, size_bytes
from bot.sandbox.slack.block_kit_blocks import Surface
from bot.sandbox.slack.elements import state_of, with_ids
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.records import Json, View, new_id
from bot.sandbox.slack.workspace import Workspace

MOST_STACKED = 3
_DEFINED = (
    "title",
    "submit",
    "close",
    "callback_id",
    "private_metadata",
    "external_id",
    "clear_on_close",
    "notify_on_close",
    "submit_disabled",
)


class Views:
    """The modals and home tabs of everybody in the workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def check(self, definition: Any, surface: Surface, where: str) -> Json:
        """The definition, found good.

        Raises:
            SlackError: Slack would refuse it; this is complained of as well.
        """
        if size_bytes(definition) > LARGEST_VIEW_BYTES:
            self._workspace.complain(where, "view is larger than 250 kB")
            raise SlackError("view_too_large")
        flaws = [str(flaw) for flaw in flaws_of_view(definition, surface)]
        if flaws:
            for flaw in flaws:
                self._workspace.complain(where, flaw)
            raise SlackError("invalid_arguments", flaws)
        checked: Json = definition
        return checked

    def push(self, user_id: str, definition: Json) -> View:
        """A new modal on top of what this person has open, or the first one.

        Raises:
            SlackError: three are open already, or the external id is taken.
        """
        stack = self._workspace.views.setdefault(user_id, [])
        if len(stack) >= MOST_STACKED:
            raise SlackError("push_limit_reached")
        view = View(new_id("V"), user_id, "modal", "", [])
        self._define(view, definition)
        view.root_view_id = stack[0].id if stack else view.id
        view.previous_view_id = stack[-1].id if stack else None
        stack.append(view)
        self._workspace.changed()
        return view

    def update(self, view: View, definition: Json, expected_hash: str | None = None) -> View:
        """The same view with a new definition; what was typed into inputs that stay is kept.

        Raises:
            SlackError: the view is not the one that the hash was taken from.
        """
        if expected_hash and expected_hash != view.hash:
            raise SlackError("hash_conflict")
        self._define(view, definition)
        self._workspace.changed()
        return view

    def publish(self, user_id: str, definition: Json, expected_hash: str | None = None) -> View:
        """The home tab of this person, new or changed.

        Raises:
            SlackError: as `update`.
        """
        view = self._workspace.home_views.get(user_id)
        if view is None:
            view = View(new_id("V"), user_id, "home", "", [])
            view.root_view_id = view.id
            expected_hash = None
        self.update(view, definition, expected_hash)
        self._workspace.home_views[user_id] = view
        self._workspace.changed()
        return view

    def find(self, view_id: str | None, external_id: str | None = None) -> View:
        """The open view with this id.

        Raises:
            SlackError: there is none.
        """
        for view in self._all():
            if view.id == view_id or (external_id and view.external_id == external_id):
                return view
        raise SlackError("not_found")

    def close(self, view: View) -> None:
        """Takes one modal off its stack."""
        stack = self._workspace.views.get(view.user_id, [])
        if view in stack:
            stack.remove(view)
        self._workspace.changed()

    def clear(self, user_id: str) -> None:
        """Closes all that this person has open."""
        self._workspace.views.pop(user_id, None)
        self._workspace.changed()

    def _all(self) -> Iterator[View]:
        for stack in self._workspace.views.values():
            yield from stack
        yield from self._workspace.home_views.values()

    def _define(self, view: View, definition: Json) -> None:
        external_id = definition.get("external_id")
        if external_id and any(
            other.external_id == external_id and other is not view for other in self._all()
        ):
            raise SlackError("duplicate_external_id")
        blank = View(view.id, view.user_id, view.type, "", [])
        for name in _DEFINED:
            setattr(view, name, definition.get(name, getattr(blank, name)))
        view.blocks = with_ids(definition["blocks"])
        view.state = state_of(view.blocks, view.state)
        view.hash = f"{int(self._workspace.clock().timestamp())}.{secrets.token_hex(4)}"
        view.errors = {}
        view.client_error = None
