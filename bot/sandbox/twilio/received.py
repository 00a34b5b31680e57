"""The record of what was asked of the stand-in."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(kw_only=True)
class ReceivedRequest:
    """A REST request as it arrived, and what came of it."""

    method: str
    path: str
    query: list[tuple[str, str]]
    form: dict[str, str]
    user: str | None
    """The user name of its credentials; their secret is not kept."""
    at: datetime
    request_id: str
    status: int | None = None
    """What it was answered with; None while it was not, or when it never was."""
    answered: str = ""
    """The beginning of the answer's body."""
    took_s: float | None = None
    """None while it is under way."""

    @property
    def line(self) -> str:
        """Method, path and query in one line, such as `GET /…/Calls.json?Status=ringing`."""
        query = "&".join(f"{key}={value}" for key, value in self.query)
        return f"{self.method} {self.path}" + (f"?{query}" if query else "")
