"""What a person does in Slack: says something, presses a button, fills in a modal."""

from bot.sandbox.page.commands import COMMAND
from bot.sandbox.page.elements import Form, element_name, element_path, first, read_fields
from bot.sandbox.page.stage import Stage
from bot.sandbox.slack import Delivery, Message, NotPossibleError, View
from bot.sandbox.slack.content import Content

LONGEST_TEXT = 8_000
_ELEMENT_IDS = 2


class SlackDeeds:
    """Each deed returns the sentence that Slack's client shows when it came to nothing, or ""."""

    def __init__(self, stage: Stage) -> None:
        self._slack = stage.slack
        self._conversations = stage.conversations

    async def say(self, form: Form) -> str:
        """Sends a command to the bot, or a message to the channel."""
        visit = self._conversations.visit(first(form, "as"), first(form, "in"))
        text = first(form, "text").strip()[:LONGEST_TEXT]
        user_id, channel_id = visit.user.id, visit.channel.id
        if text.partition(" ")[0] == COMMAND:
            # What went wrong with a command is told in the channel, so not here.
            await self._slack.command(user_id, channel_id, text)
        elif text.startswith("/"):
            words = f"{text.partition(' ')[0]} is not a command here. Try {COMMAND} help"
            self._slack.workspace.tell(user_id, channel_id, _escape(words))
        elif text:
            self._slack.workspace.post(channel_id, Content(_escape(text)), user_id=user_id)
        return ""

    async def click(self, form: Form) -> str:
        """Presses a button, or chooses in a menu, of a message, the modal or the Home tab."""
        path = element_path(first(form, "element"))
        if path is None or len(path) < _ELEMENT_IDS:
            raise NotPossibleError("there is no such button")
        block_id, action_id, *option = path
        chosen = option[0] if option else first(form, element_name([block_id, action_id]))
        whole = self._view(form) if "view" in form else self._message(form)
        seen = whole if isinstance(whole, View) else _one_block(whole, block_id)
        delivery = await self._slack.click(
            first(form, "as"),
            seen,
            block_id=block_id,
            action_id=action_id,
            option=chosen or None,
            typed=read_fields(form, whole.blocks),
        )
        return _complaint(delivery)

    async def submit(self, form: Form) -> str:
        """Submits the modal; what is wrong with it is told beside its fields."""
        view = self._modal(form)
        try:
            await self._slack.submit(view.user_id, view, read_fields(form, view.blocks))
        except NotPossibleError:
            if not view.errors:
                raise
        return ""

    async def close(self, form: Form) -> str:
        """Closes the modal, however full it is."""
        view = self._modal(form)
        delivery = await self._slack.close(view.user_id, view)
        return _complaint(delivery) if delivery else ""

    async def open_home(self, form: Form) -> str:
        """Opens the app's Home tab, which tells the app to draw it."""
        return _complaint(await self._slack.open_home(first(form, "as")))

    def _view(self, form: Form) -> View:
        user = self._slack.workspace.users.get(first(form, "as"))
        tab = self._conversations.home(user) if user else None
        is_on_tab = tab is not None and tab.id == first(form, "view")
        return tab if tab and is_on_tab else self._modal(form)

    def _modal(self, form: Form) -> View:
        user = self._slack.workspace.users.get(first(form, "as"))
        view = self._conversations.modal(user) if user else None
        if view is None or view.id != first(form, "view"):
            raise NotPossibleError("this modal is closed already")
        return view

    def _message(self, form: Form) -> Message:
        message = self._slack.workspace.message(first(form, "in"), first(form, "message"))
        if message is None:
            raise NotPossibleError("this message is gone")
        return message


def _one_block(message: Message, block_id: str) -> Message:
    """The message as if it had this block alone: rows of a list have buttons of one name."""
    seen = message.as_seen()
    seen.blocks = [block for block in seen.blocks if block["block_id"] == block_id]
    if not seen.blocks:
        raise NotPossibleError("the message has changed, and the button is gone")
    return seen


def _complaint(delivery: Delivery) -> str:
    return delivery.shown_error or ""


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
