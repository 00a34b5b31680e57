"""Whether Slack brings here what people do: it tells nobody, but what has come in shows it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiohttp import ClientSession

from bot.doctor.arrivals import Witness, ask_witnesses
from bot.doctor.findings import Finding, ok, warning
from bot.domain.audit import Surface
from bot.settings import Settings

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_SOME = 2
_EVENTS_PATH = "/slack/events"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """What leads here by one setting of the Slack app.

    Args:
        surfaces: what comes this way.
        newest: what came last, as the beginning of a sentence.
        unknown: what is not known where none came, as a sentence.
        deed: what a person does in Slack to make one come.
        asked_from: where the doctor must run to ask a Hookflash that runs.
        place: the page of the app where its setting stands, and what it must be.
    """

    subject: str
    surfaces: Collection[Surface]
    newest: str
    unknown: str
    deed: str
    asked_from: str
    place: str


async def check_arrivals(
    settings: Settings, session: ClientSession, *, is_log_well: bool
) -> list[Finding]:
    """For each way in, whether anything is known to have come, and when the last did."""
    told = await ask_witnesses(settings, session, is_log_well=is_log_well)
    now = datetime.now(UTC)
    ways = ways_in(
        settings.command,
        settings.public_url,
        is_socket_mode=settings.slack_app_token is not None,
    )
    return [judge_arrivals(way, told, now=now) for way in ways]


def ways_in(command: str, public_url: str | None, *, is_socket_mode: bool) -> tuple[WayIn, ...]:
    """The command's, and that of buttons and forms, for which Slack has another setting."""
    url = f"{public_url or 'https://…'}{_EVENTS_PATH}"
    asked_from = "on the same machine"
    if is_socket_mode:
        command_place = f"Slash Commands: {command} must stand there, and Socket Mode must be on"
        button_place = "Interactivity & Shortcuts: it must be on, and Socket Mode too"
    else:
        asked_from += " (or anywhere, with HOOKFLASH_PUBLIC_URL and HOOKFLASH_METRICS_TOKEN set)"
        command_place = (
            f"Slash Commands: {command} must have the Request URL {url}, and the page Basic "
            "Information: its Signing Secret must be SLACK_SIGNING_SECRET"
        )
        button_place = (
            f"Interactivity & Shortcuts: it must have the Request URL {url}, and the page Event "
            "Subscriptions the same"
        )
    return (
        WayIn(
            subject="Slash command",
            surfaces=(Surface.COMMAND,),
            newest="The last command",
            unknown="No command is known to have come in, and Slack does not say where they lead.",
            deed=f"type {command} help in Slack",
            asked_from=asked_from,
            place=command_place,
        ),
        WayIn(
            subject="Buttons and forms",
            surfaces=(Surface.BUTTON, Surface.MODAL),
            newest="The last press or form",
            unknown="None is known to have come in, and Slack does not say where they lead.",
            deed=f"type {command} in Slack and press Refresh below the answer",
            asked_from=asked_from,
            place=button_place,
        ),
    )


def judge_arrivals(way: WayIn, told: Sequence[Witness], *, now: datetime) -> Finding:
    """The newest that is known, with its age for people to judge; or what would show it."""
    known = [
        (witness.last_at[surface], witness.name)
        for witness in told
        for surface in way.surfaces
        if surface in witness.last_at
    ]
    if known:
        last_at, name = max(known)
        when = f"{last_at:%Y-%m-%d at %H:%M} UTC ({_ago(now - last_at)})"
        return ok(way.subject, f"{way.newest} came in on {when}, as {name} tells.")
    reasons = " ".join(witness.of_none for witness in told)
    is_running = any(witness.is_running for witness in told)
    return warning(
        way.subject,
        f"{way.unknown} {reasons}",
        f"{_how_to_see(way, is_running=is_running)} If nothing happens there, see the app's page "
        f"{way.place}.",
    )


def _how_to_see(way: WayIn, *, is_running: bool) -> str:
    if is_running:
        return f"{way.deed[0].upper()}{way.deed[1:]}, then run hookflash doctor again."
    return f"Start hookflash serve, {way.deed}, then run hookflash doctor {way.asked_from}."


def _ago(age: timedelta) -> str:
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if age >= _SOME * unit:
            return f"{age // unit} {name}s ago"
    return "just now" if age < _MINUTE else "a minute ago"
