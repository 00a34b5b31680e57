"""Which conference a call is in: Twilio cannot be asked that, so its conferences are looked at."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass

from bot.domain.calls import Call, Conference
from bot.domain.errors import TwilioError, TwilioNotFoundError
from bot.twilio.account_api import AccountApi, Rows
from bot.twilio.parsing import Row
from bot.twilio.task_groups import all_or_first_fault

_log = logging.getLogger(__name__)

MOST_CONFERENCES = 20
_AT_ONCE = 5
# Twilio's limit is 250. Source: https://www.twilio.com/docs/voice/twiml/conference
_MOST_PARTICIPANTS = 250
# Whoever is alone in a conference is in one that has not begun.
_RUNNING = ("in-progress", "init")
_CONFERENCE_SID = re.compile(r"CF[0-9a-f]{32}", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class ConferenceSight:
    """The conference, if any; `is_known` is false where it could not be learnt."""

    conference: Conference | None
    is_known: bool


_IN_NONE = ConferenceSight(None, True)
_NOT_LEARNT = ConferenceSight(None, False)


async def find_conference(api: AccountApi, call: Call, *, timeout_s: float) -> ConferenceSight:
    """The conference that the call is in, if it is one of twenty; never raises for Twilio."""
    if call.status != "in-progress":
        return _IN_NONE
    try:
        async with asyncio.timeout(timeout_s):
            return await _look_through(api, call.sid, timeout_s=timeout_s)
    except (TwilioError, TimeoutError) as fault:
        _log.warning("the conference of %s could not be learnt: %s", call.sid, fault)
        return _NOT_LEARNT


async def _look_through(api: AccountApi, call_sid: str, *, timeout_s: float) -> ConferenceSight:
    running = await _list_running(api, timeout_s=timeout_s)
    conferences = running.rows[:MOST_CONFERENCES]
    for first in range(0, len(conferences), _AT_ONCE):
        some = conferences[first : first + _AT_ONCE]
        async with all_or_first_fault() as group:
            tasks = [group.create_task(_look_at(api, row, timeout_s=timeout_s)) for row in some]
        for task in tasks:
            if call_sid in task.result().participant_call_sids:
                return ConferenceSight(task.result(), True)
    has_others = running.has_more or len(running.rows) > len(conferences)
    return _NOT_LEARNT if has_others else _IN_NONE


async def _list_running(api: AccountApi, *, timeout_s: float) -> Rows:
    async with all_or_first_fault() as group:
        tasks = [
            group.create_task(
                api.list_rows(
                    "/Conferences",
                    "conferences",
                    {"Status": status},
                    limit=MOST_CONFERENCES,
                    timeout_s=timeout_s,
                )
            )
            for status in _RUNNING
        ]
    listed = [task.result() for task in tasks]
    rows = [row for one in listed for row in one.rows if _is_conference(row)]
    return Rows(rows, any(one.has_more for one in listed))


def _is_conference(row: Row) -> bool:
    return _CONFERENCE_SID.fullmatch(str(row.get("sid"))) is not None


async def _look_at(api: AccountApi, row: Row, *, timeout_s: float) -> Conference:
    try:
        participants = await api.list_rows(
            f"/Conferences/{row['sid']}/Participants",
            "participants",
            {},
            limit=_MOST_PARTICIPANTS,
            timeout_s=timeout_s,
        )
    except TwilioNotFoundError:
        participants = Rows([], has_more=False)  # it has ended since it was listed
    return Conference(
        sid=str(row["sid"]),
        friendly_name=str(row.get("friendly_name") or ""),
        participant_call_sids=tuple(str(one.get("call_sid")) for one in participants.rows),
        ending_call_sids=tuple(
            str(one.get("call_sid"))
            for one in participants.rows
            if one.get("end_conference_on_exit") is True
        ),
    )
