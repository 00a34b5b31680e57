"""People who type, click and fill in forms without pause, whether or not the bots are alive."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from bot.sandbox.slack import Delivery, Message, View
from bot.sandbox.slack.errors import NotPossibleError
from bot.sandbox.twilio import Call
from bot.slack.views.action_ids import ActionId
from bot.slack.views.redirect_modal import TARGET_BLOCK, TWIML_BLOCK
from bot.slack.views.typed_inputs import REASON_BLOCK
from tests.crash.freezing import Freezer
from tests.crash.world import CROWD, World
from tests.scenario.company import SUPPORT, SUPPORT_LINE
from tests.scenario.reading import button_elements

HANDS = 6
MOST_LIVE_CALLS = 30
PAUSE_S = 0.02
# Nothing else happens in a freeze, so it must not be at every turn.
FREEZES = 0.15
# Long enough for a bot that lives; one that was killed brings no list any more.
LOOKS_FOR_S = 0.6
_TRIES = 4
_LATEST_MESSAGES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that was sent to the bot to change a call, and the call if it was named."""

    delivery: Delivery
    call_sid: str
    door: str
    """Where it was brought to."""
    answered_at: datetime


class Crowd:
    """A few people at a time, each of whom does one thing after the other."""

    def __init__(self, world: World, rng: Random) -> None:
        self.deeds: list[Deed] = []
        self.freezer = Freezer(world, rng)
        self._world = world
        self._slack = world.slack
        self._rng = rng
        self._idle = list(CROWD)
        self._count = 0
        self._is_sent_home = False

    async def work(self) -> None:
        """Go on until sent home."""
        async with asyncio.TaskGroup() as hands:
            for _ in range(HANDS):
                hands.create_task(self._go_on())

    def send_home(self) -> None:
        """Begin nothing any more."""
        self._is_sent_home = True

    async def _go_on(self) -> None:
        while not self._is_sent_home:
            who = self._idle.pop(self._rng.randrange(len(self._idle)))
            try:
                await self._rng.choice(self._stories)(self, who)
            except (TimeoutError, NotPossibleError):
                pass  # what was to be clicked did not come, or is gone by now
            finally:
                self._idle.append(who)
            await asyncio.sleep(self._rng.uniform(0, PAUSE_S))

    async def _type_hang_up(self, who: str) -> None:
        call = self._a_call()
        text = f"/calls hangup {call.sid}"
        await self._insist(call.sid, lambda: self._slack.command(who, SUPPORT, text))

    async def _type_redirect(self, who: str) -> None:
        call = self._a_call()
        await self._insist(call.sid, lambda: self._redirect(who, call))

    async def _type_as_two(self, who: str) -> None:
        """Another person wants something else of the same call at the same moment."""
        call, other = self._a_call(), self._rng.choice(CROWD)
        await asyncio.gather(
            self._do(call.sid, self._slack.command(who, SUPPORT, f"/calls hangup {call.sid}")),
            self._do(call.sid, self._redirect(other, call)),
        )

    async def _click_on_list(self, who: str) -> None:
        self._a_call()
        await self._slack.command(who, SUPPORT, "/calls")
        seen = await self._next_message(who, is_own=True)
        call_sid = self._rng.choice(_calls_to_hang_up(seen))
        await self._insist(call_sid, lambda: self._hang_up(who, seen, call_sid))

    async def _click_on_card(self, who: str) -> None:
        seen, call = await self._card(who)
        await self._insist(call.sid, lambda: self._hang_up(who, seen, call.sid))

    async def _click_twice(self, who: str) -> None:
        """A double click; or, by chance, another person presses the same button."""
        seen, call = await self._card(who)
        second = who if self._rng.random() < 0.5 else self._rng.choice(CROWD)
        await asyncio.gather(
            self._do(call.sid, self._hang_up(who, seen, call.sid)),
            self._do(call.sid, self._hang_up(second, seen, call.sid)),
        )

    async def _fill_in_form(self, who: str) -> None:
        seen, call = await self._card(who)
        await self._slack.click(who, seen, action_id=ActionId.REDIRECT)
        await self._slack.until(lambda: self._slack.workspace.views.get(who), timeout_s=LOOKS_FOR_S)
        view = self._slack.workspace.views[who][-1]
        try:
            await self._insist(call.sid, lambda: self._slack.submit(who, view, self._filled_in()))
        finally:
            self._slack.workspace.views.pop(who, None)

    async def _click_on_home(self, who: str) -> None:
        self._a_call()
        await self._slack.open_home(who)
        home = self._slack.workspace.home_views
        await self._slack.until(
            lambda: who in home and _calls_to_hang_up(home[who]), timeout_s=LOOKS_FOR_S
        )
        call_sid = self._rng.choice(_calls_to_hang_up(home[who]))
        await self._do(call_sid, self._hang_up(who, home[who], call_sid))

    async def _freeze(self, who: str) -> None:
        del who  # no operator may
        if self._rng.random() < FREEZES:
            await self.freezer.freeze_for_a_while()

    _stories: Sequence[Callable[[Crowd, str], Awaitable[None]]] = (
        _type_hang_up,
        _type_redirect,
        _type_as_two,
        _click_on_list,
        _click_on_card,
        _click_twice,
        _fill_in_form,
        _click_on_home,
        _freeze,
    )

    async def _card(self, who: str) -> tuple[Message, Call]:
        """A call's card, which the person has just had posted."""
        call = self._a_call()
        await self._slack.command(who, SUPPORT, f"/calls show {call.sid}")
        return await self._next_message(who, is_own=False, showing=call.sid), call

    async def _hang_up(self, who: str, seen: Message | View, call_sid: str) -> Delivery:
        return await self._slack.click(who, seen, action_id=ActionId.HANG_UP, value=call_sid)

    async def _redirect(self, who: str, call: Call) -> Delivery:
        mark = self._new_mark()
        text = f"/calls redirect {call.sid} {twiml_of(mark)} {mark}"
        return await self._slack.command(who, SUPPORT, text)

    def _filled_in(self) -> dict[str, str]:
        mark = self._new_mark()
        return {TARGET_BLOCK: "twiml", TWIML_BLOCK: twiml_of(mark), REASON_BLOCK: mark}

    async def _next_message(self, who: str, *, is_own: bool, showing: str = "") -> Message:
        """The newest message with a button to hang up: the person's own list, or a posted card."""
        found: list[Message] = []

        def is_there() -> bool:
            for message in reversed(self._slack.workspace.messages[-_LATEST_MESSAGES:]):
                is_for_one = message.ephemeral_to == who if is_own else not message.ephemeral_to
                if is_for_one and any(showing in sid for sid in _calls_to_hang_up(message)):
                    found.append(message)
                    return True
            return False

        await self._slack.until(is_there, timeout_s=LOOKS_FOR_S)
        return found[0].as_seen()

    async def _insist(self, call_sid: str, deed: Callable[[], Awaitable[Delivery]]) -> None:
        """Do it again, or let Slack send it again, where the bot did not answer."""
        delivery = await self._do(call_sid, deed())
        for _ in range(_TRIES):
            is_sent_again = self._rng.random() < 0.4
            if delivery.is_ok and not is_sent_again:
                return
            await asyncio.sleep(self._rng.uniform(0, 3 * PAUSE_S))
            again = self._slack.redeliver(delivery) if is_sent_again else deed()
            delivery = await self._do(call_sid, again)

    async def _do(self, call_sid: str, deed: Awaitable[Delivery]) -> Delivery:
        delivery = await deed
        self.deeds.append(
            Deed(
                delivery=delivery,
                call_sid=call_sid,
                door=self._slack.door_of(delivery),
                answered_at=self._slack.workspace.clock(),
            )
        )
        if delivery.is_ok:
            self._slack.strike_after_ack(delivery)
        return delivery

    def _a_call(self) -> Call:
        """Mostly a new call; one that others may be at where there are many."""
        network = self._world.twilio.network
        live = [call for call in network.calls.values() if call.is_live]
        if len(live) >= MOST_LIVE_CALLS or (live and self._rng.random() < 0.2):
            return self._rng.choice(live)
        return network.call_in_progress(to=SUPPORT_LINE)

    def _new_mark(self) -> str:
        """A word for one redirect: the reason in the log, and what the caller hears."""
        self._count += 1
        return f"deed-{self._count}"


def twiml_of(mark: str) -> str:
    """What the caller hears after a redirect with this mark."""
    return f'<Response><Say>{mark}</Say><Pause length="600"/></Response>'


def _calls_to_hang_up(seen: Message | View) -> list[str]:
    return [
        str(button["value"]).split("|")[1]
        for button in button_elements(seen)
        if button["action_id"] == ActionId.HANG_UP
    ]
