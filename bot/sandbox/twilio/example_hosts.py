"""Example hosts: the web servers of the simulated world, from which the network fetches TwiML."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

# Names that RFC 2606 keeps for examples: nothing registered here can be a real server.
RESERVED_HOST = re.compile(r"^(.+\.)?(example|test|invalid|localhost|example\.(com|net|org))$")
OK = 200
BAD_REQUEST = 400


class FetchFailedError(Exception):
    """The URL did not answer with a document; the text says why."""


@dataclass(frozen=True)
class Fetch:
    """A request of the phone network to a web server."""

    url: str
    at: datetime
    method: str
    parameters: dict[str, str]
    status: int | None
    """What the server answered; None when there is no such server."""


@dataclass
class ExampleHosts:
    """What is to be found at which URL; nothing here reaches the real network."""

    _pages: dict[str, tuple[int, str]] = field(default_factory=dict)

    def register(self, url: str, twiml: str, *, status: int = OK) -> None:
        """Serves `twiml` at `url` from now on; a status of 400 or more plays a broken server.

        Raises:
            ValueError: The host is not one of the names that are reserved for examples.
        """
        host = urlsplit(url).hostname or ""
        if not RESERVED_HOST.match(host):
            raise ValueError(f"{host!r} could be a real host; use a name like voice.example.com")
        self._pages[url] = (status, twiml)

    def remove(self, url: str) -> None:
        """Serves nothing at `url` any more."""
        self._pages.pop(url, None)

    def page_at(self, url: str) -> tuple[int, str] | None:
        """The status and the body that are served there; None when nothing is.

        A URL with a query finds the page that was registered without one.
        """
        return self._pages.get(url) or self._pages.get(url.partition("?")[0])
