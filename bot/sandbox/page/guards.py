"""Keeps the page to the person at this machine: no other site, name or script gets in."""

import hmac
import secrets

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

COOKIE = "hookflash_sandbox"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Under "no-referrer" a form that is sent without a script comes with "Origin: null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_READS = frozenset({"GET", "HEAD"})


class Guard:
    """Refuses what another web site can make a browser send here."""

    def __init__(self) -> None:
        self._session = secrets.token_urlsafe(32)

    def set_up(self, app: web.Application) -> None:
        """Guards every request and response of this application."""
        app.middlewares.append(self._middleware())
        app.on_response_prepare.append(self._add_headers)

    def remember(self, response: web.StreamResponse) -> None:
        """Gives the browser the cookie that each change must come with."""
        response.set_cookie(COOKIE, self._session, httponly=True, samesite="Strict", path="/")

    def _middleware(self) -> Middleware:
        @web.middleware
        async def refuse_strangers(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not _is_for_this_machine(request):
                # A name that an attacker points at 127.0.0.1 would make his page one of ours.
                raise web.HTTPForbidden(text="This page answers at 127.0.0.1 and localhost only.\n")
            if request.method not in _READS and not self._comes_from_the_page(request):
                raise web.HTTPForbidden(text="Changes are made from the sandbox's own page only.\n")
            return await handler(request)

        return refuse_strangers

    def _comes_from_the_page(self, request: web.Request) -> bool:
        cookie = request.cookies.get(COOKIE, "")
        return request.headers.get("Origin") == f"http://{request.host}" and hmac.compare_digest(
            cookie.encode(), self._session.encode()
        )

    async def _add_headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(_HEADERS)


def _is_for_this_machine(request: web.Request) -> bool:
    """Whether the request was meant for this machine, by the name in its Host header."""
    name, _, _port = request.headers.get("Host", "").partition(":")
    return name in {"127.0.0.1", "localhost"}
