"""The web server of the page, on loopback only."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict

from aiohttp import web

from bot.sandbox import company
from bot.sandbox.bot_process import Printed
from bot.sandbox.page.cards import NOTHING_KNOWN
from bot.sandbox.page.commands import Hint, commands_in
from bot.sandbox.page.conversation import Visit
from bot.sandbox.page.drawing import HERE, PARTS, SPEEDS, Drawing
from bot.sandbox.page.elements import Form, first
from bot.sandbox.page.guards import Guard
from bot.sandbox.page.phones import DEAD_CALLS_STAY
from bot.sandbox.page.slack_deeds import SlackDeeds
from bot.sandbox.page.stage import Stage
from bot.sandbox.slack import NotPossibleError
from bot.sandbox.twilio import Call, Conference

_PARTS_OF_SLACK = ("sidebar", "conversation", "modal", "machine", "wire")
_PHONES = ("phones",)
_WIRE = ("wire",)
_CONTROLS = ("controls",)
_HTML = "text/html"


class PageServer:
    """Serves the page, tells it of changes, and carries out what is done on it.

    Raises:
        OSError: from `start`, when the port is taken.
    """

    def __init__(self, stage: Stage, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.url = ""
        self._stage = stage
        self._drawing = Drawing(stage)
        self._slack = SlackDeeds(stage)
        self._guard = Guard()
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        self._commands: Sequence[Hint] = ()
        self._one_at_a_time = asyncio.Lock()

    async def start(self) -> None:
        """Listens from now on; `url` says where."""
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self.url = f"http://{self._host}:{self._runner.addresses[0][1]}/"
        changes = self._stage.changes
        self._unsubscribe = [
            self._stage.slack.subscribe(lambda: changes.tell(_PARTS_OF_SLACK)),
            self._stage.twilio.network.subscribe(self._tell_phones),
            self._stage.twilio.subscribe(lambda: changes.tell(_WIRE)),
        ]

    async def stop(self) -> None:
        """Sends every page away."""
        while self._unsubscribe:
            self._unsubscribe.pop()()
        self._stage.changes.end()
        if self._runner is not None:
            await self._runner.cleanup()

    def _tell_phones(self, changed: Call | Conference) -> None:
        self._stage.changes.tell(_PHONES)
        if not changed.is_live:
            loop = asyncio.get_running_loop()
            loop.call_later(
                DEAD_CALLS_STAY.total_seconds(), lambda: self._stage.changes.tell(_PHONES)
            )

    def _app(self) -> web.Application:
        app = web.Application()
        self._guard.set_up(app)
        app.router.add_get("/", self._show_page)
        app.router.add_get("/part/log", self._show_log_part)
        app.router.add_get("/part/{part}", self._show_part)
        app.router.add_get("/changes", self._tell_changes)
        app.router.add_get("/offers", self._offer)
        app.router.add_get("/log", self._show_log)
        app.router.add_get("/doctor", self._show_doctor)
        app.router.add_get("/inspector", self._show_inspector)
        app.router.add_static("/static", HERE / "static")
        for path, deed in self._deeds().items():
            app.router.add_post(path, _posted(deed))
        return app

    def _deeds(self) -> dict[str, Callable[[Form], Awaitable[str]]]:
        return {
            "/slack/say": self._slack.say,
            "/slack/click": self._slack.click,
            "/slack/submit": self._slack.submit,
            "/slack/close": self._slack.close,
            "/slack/open-home": self._slack.open_home,
            "/phones/place": self._place_call,
            "/phones/answer": self._answer,
            "/phones/hang-up": self._hang_up,
            "/scene": self._play,
            "/clock": self._set_speed,
            "/faults/twilio": self._spoil_twilio,
            "/faults/slack": self._spoil_slack,
            "/sockets/refresh": self._refresh_sockets,
            "/sockets/cut": self._cut_sockets,
            "/bot/start": self._start_bot,
            "/bot/kill": self._kill_bot,
            "/bot/restart": self._restart_bot,
        }

    def _visit(self, request: web.Request) -> Visit:
        query = request.query
        return self._stage.conversations.visit(
            query.get("as", ""), query.get("in", ""), query.get("tab", "")
        )

    async def _show_page(self, request: web.Request) -> web.Response:
        html = self._drawing.page(self._visit(request))
        response = web.Response(text=html, content_type=_HTML)
        self._guard.remember(response)
        return response

    async def _show_part(self, request: web.Request) -> web.Response:
        part = request.match_info["part"]
        if part not in PARTS:
            raise web.HTTPNotFound
        known = request.query.get("known", "")
        html = self._drawing.part(
            part, self._visit(request), known=int(known) if known.isdecimal() else NOTHING_KNOWN
        )
        headers = {"X-Latest-Card": str(self._drawing.latest_card)}
        return web.Response(text=html, content_type=_HTML, headers=headers)

    async def _tell_changes(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionResetError):
            async for parts in self._stage.changes.watch():
                line = f"data: {','.join(sorted(parts))}\n\n" if parts else ": quiet\n\n"
                await response.write(line.encode())
        return response

    async def _offer(self, _request: web.Request) -> web.Response:
        """What can be typed: the commands of the app's manifest, and everybody's name."""
        async with self._one_at_a_time:
            if not self._commands:
                manifest = await self._stage.bot.ask("manifest")
                self._commands = commands_in(manifest.output)
        people = [{"text": f"@{one.name}", "does": one.real_name} for one in company.PEOPLE]
        commands = [asdict(hint) for hint in self._commands]
        return web.json_response({"commands": commands, "people": people})

    async def _show_log(self, request: web.Request) -> web.Response:
        html = self._drawing.printed(self._visit(request), await self._ask_log(), title="The log")
        return web.Response(text=html, content_type=_HTML)

    async def _show_log_part(self, request: web.Request) -> web.Response:
        html = self._drawing.printed(self._visit(request), await self._ask_log())
        return web.Response(text=html, content_type=_HTML)

    async def _ask_log(self) -> Sequence[Printed]:
        async with self._one_at_a_time:
            bot = self._stage.bot
            return await asyncio.gather(bot.ask("audit", "list"), bot.ask("audit", "verify"))

    async def _show_doctor(self, request: web.Request) -> web.Response:
        answer = await self._stage.bot.ask("doctor")
        html = self._drawing.printed(self._visit(request), [answer], title="The doctor")
        return web.Response(text=html, content_type=_HTML)

    async def _show_inspector(self, request: web.Request) -> web.Response:
        html = self._drawing.inspector(self._visit(request))
        response = web.Response(text=html, content_type=_HTML)
        self._guard.remember(response)
        return response

    async def _place_call(self, _form: Form) -> str:
        self._stage.traffic.place_call()
        return ""

    async def _answer(self, form: Form) -> str:
        self._stage.twilio.network.answer(first(form, "call"))
        return ""

    async def _hang_up(self, form: Form) -> str:
        self._stage.twilio.network.hang_up_party(first(form, "call"))
        return ""

    async def _play(self, form: Form) -> str:
        self._stage.traffic.play(first(form, "scene"))
        self._stage.changes.tell(_CONTROLS)
        return ""

    async def _set_speed(self, form: Form) -> str:
        speeds = {str(speed): speed for speed in SPEEDS}
        self._stage.clock.set_speed(speeds[first(form, "speed")])
        self._stage.changes.tell(_CONTROLS)
        return ""

    async def _spoil_twilio(self, form: Form) -> str:
        self._stage.misbehaviour.set_twilio(first(form, "mode"))
        return ""

    async def _spoil_slack(self, form: Form) -> str:
        self._stage.misbehaviour.set_slack(first(form, "mode"))
        return ""

    async def _refresh_sockets(self, _form: Form) -> str:
        await self._stage.slack.sockets.refresh()
        return ""

    async def _cut_sockets(self, _form: Form) -> str:
        self._stage.slack.sockets.drop()
        return ""

    async def _start_bot(self, _form: Form) -> str:
        is_ready = await self._stage.bot.start()
        return "" if is_ready else "The bot did not start; see what it printed."

    async def _kill_bot(self, _form: Form) -> str:
        await self._stage.bot.kill()
        return ""

    async def _restart_bot(self, form: Form) -> str:
        await self._stage.bot.stop()
        return await self._start_bot(form)


def _posted(
    deed: Callable[[Form], Awaitable[str]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that does the deed and answers with what is to be said of it, if anything."""

    async def handle(request: web.Request) -> web.Response:
        try:
            posted = await request.post()
            form = {name: [str(each) for each in posted.getall(name)] for name in posted}
            words = await deed(form)
        except NotPossibleError as refusal:
            return web.Response(status=409, text=f"Not possible: {refusal}")
        except KeyError:
            return web.Response(status=404, text="That is gone.")
        return web.Response(text=words) if words else web.Response(status=204)

    return handle
