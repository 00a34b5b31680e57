"""The refusals of the Slack stand-in, told by the codes that Slack itself uses."""

from collections.abc import Sequence


class SlackError(Exception):
    """Slack refuses a request of the app, with one of its documented codes."""

    def __init__(self, code: str, messages: Sequence[str] = (), **extra: str) -> None:
        super().__init__(code)
        self.code = code
        self.messages = list(messages)
        self.extra = extra

    def as_answer(self) -> dict[str, object]:
        """The JSON body of a Web API answer that tells of this refusal."""
        answer: dict[str, object] = {"ok": False, "error": self.code, **self.extra}
        if self.messages:
            answer["errors"] = [message.removeprefix("[ERROR] ") for message in self.messages]
            answer["response_metadata"] = {"messages": self.messages}
        return answer


class NotPossibleError(Exception):
    """A person cannot do this in Slack's client: nothing was sent to the app."""
