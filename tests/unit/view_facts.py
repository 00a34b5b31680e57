"""Values that the tests of the views are made of: a plain company, and what an attacker sends."""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from bot.domain.audit import Action, AuditEntry, Event, Surface
from bot.domain.audit_log import AuditRow
from bot.domain.calls import Call, CallDetails, Conference, Conversation, Listing
from bot.domain.changes import (
    Change,
    ChangeRequest,
    ChangeState,
    Freeze,
    LastChanges,
    Origin,
    OriginKind,
    Outcome,
    OutcomeReason,
)
from bot.domain.filters import CallFilter
from bot.domain.people import Actor
from bot.slack.views.call_list import LiveSheet
from bot.slack.views.formatting import Audience, Place, Readers
from bot.slack.views.message import MessageView
from bot.slack.views.values import PageValue

NOW = datetime(2026, 11, 22, 14, 2, 7, tzinfo=UTC)
ANA = Actor("T0HOME", "U0ANA", "ana")
BO = Actor("T0HOME", "U0BO", "bo")
PLACE = Place(account_sid="AC" + "a" * 32)
SUPPORT_LINE = "+14155550123"
CALLER = "+442079460000"
AGENT = "+33140000000"
OPERATORS = Audience(names={SUPPORT_LINE: "Support line"}, can_act=True)
VIEWERS = Audience(names={SUPPORT_LINE: "Support line"})
SHARED_CHANNEL = Audience(
    names={SUPPORT_LINE: "Support line"}, can_act=True, readers=Readers.OTHERS
)


def sid(number: int) -> str:
    return f"CA{number:032x}"


def a_call(number: int = 1, **facts: object) -> Call:
    values: dict[str, object] = {
        "sid": sid(number),
        "account_sid": PLACE.account_sid,
        "status": "in-progress",
        "direction": "inbound",
        "from_number": CALLER,
        "to_number": SUPPORT_LINE,
        "started_at": NOW - timedelta(minutes=3, seconds=12),
    }
    return Call(**(values | facts))  # type: ignore[arg-type] # facts by name, for short tests


def a_child(number: int = 2, of: int = 1, **facts: object) -> Call:
    values: dict[str, object] = {
        "parent_call_sid": sid(of),
        "direction": "outbound-dial",
        "from_number": CALLER,
        "to_number": AGENT,
    }
    return a_call(number, **(values | facts))


def a_listing(*calls: Call, is_cut_off: bool = False) -> Listing:
    return Listing(calls=calls, looked_at=NOW, is_cut_off=is_cut_off)


def live_list(
    listing: Listing,
    *,
    filters: CallFilter,
    state: PageValue,
    now: datetime,
    audience: Audience,
    last_changes: LastChanges | None = None,
    banner: str = "",
    freeze: Freeze | None = None,
    is_log_down: bool = False,
) -> MessageView:
    """A page of the live calls."""
    sheet = LiveSheet(listing, filters=filters, state=state, audience=audience, place=PLACE)
    return sheet.draw(
        now=now, last_changes=last_changes, banner=banner, freeze=freeze, is_log_down=is_log_down
    )


def details_of(call: Call, *others: Call, conference: Conference | None = None) -> CallDetails:
    found = a_listing(call, *others).conversation_of(call.sid)
    return CallDetails(
        call=call,
        conversation=found or Conversation(call),
        conference=conference,
        looked_at=NOW,
    )


def a_change(action: Action = Action.HANG_UP, *, reason: str = "", target: str = "") -> Change:
    request = ChangeRequest(
        request_id="r1",
        action=action,
        call_sid=sid(1),
        actor=ANA,
        surface=Surface.BUTTON,
        origin=Origin(kind=OriginKind.CARD),
        reason=reason,
        target=target,
    )
    return Change(
        change_id="c1",
        request=request,
        account_sid=PLACE.account_sid,
        state=ChangeState.SENT,
        requested_at=NOW,
        owner="o",
        lease_until=NOW,
    )


def an_outcome(event: Event, reason: OutcomeReason, **facts: object) -> Outcome:
    return Outcome(event=event, reason=reason, at=NOW, **facts)  # type: ignore[arg-type] # by name


def a_row(
    *, seq: int = 7, event: str = "succeeded", action: str = "hang_up", **facts: object
) -> AuditRow:
    values: dict[str, object] = {
        "details": {"reason": "confirmed", "status_after": "completed"},
        "personal": {"from": CALLER, "to": SUPPORT_LINE, "reason": "abusive"},
        "note": "",
        "actor_user_id": ANA.user_id,
        "call_sid": sid(1),
    } | facts
    entry = AuditEntry(
        chain_id="main",
        seq=seq,
        schema_version=1,
        recorded_at=NOW,
        request_id="r1",
        event=event,
        action=action,
        actor_team_id=ANA.team_id,
        actor_user_id=str(values["actor_user_id"]),
        channel_id="C1",
        surface="button",
        account_sid=PLACE.account_sid,
        call_sid=str(values["call_sid"]),
        subject_sid="",
        details=values["details"],  # type: ignore[arg-type] # by name
        prev_hash="",
        hash="",
    )
    return AuditRow(
        entry=entry,
        requested_at=NOW,
        personal=values["personal"],  # type: ignore[arg-type] # by name
        note=str(values["note"]),
    )


def buttons(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for block in blocks:
        for element in [*block.get("elements", ()), block.get("accessory")]:
            if element and element["type"] == "button":
                yield element


def labels(view: MessageView) -> list[str]:
    return [button["text"]["text"] for button in buttons(view.blocks)]


def value_of(view: MessageView, label: str) -> str:
    return next(
        str(button["value"]) for button in buttons(view.blocks) if button["text"]["text"] == label
    )


def readable(node: Any) -> Any:
    """The same with dates as a reader in UTC sees them, short SIDs and short lines."""
    if isinstance(node, str):
        dated = re.sub(r"<!date\^[^|]*\|([^>]*)>", r"\1", node)
        short = re.sub(r"(CA0|ACa)[0a]*", lambda match: f"{match[0][:2]}…", dated)
        return "\n".join(textwrap.fill(line, 80) for line in short.split("\n"))
    if isinstance(node, Mapping):
        return {key: readable(value) for key, value in node.items()}
    return [readable(value) for value in node] if isinstance(node, list | tuple) else node


def everything(view: MessageView | dict[str, Any]) -> str:
    shown = view if isinstance(view, dict) else {"text": view.text, "blocks": view.blocks}
    return json.dumps(shown, ensure_ascii=False)


# Marks of an attack: none of them may reach Slack as they are.
ATTACKS = ("<!channel>", "<@U0EVIL>", "<https://evil.example|Support>", "<!here|x>", "<#C1>")
HOSTILE_TEXT = st.one_of(
    st.text(max_size=30),
    st.sampled_from(ATTACKS),
    st.sampled_from(["&" * 5000, "<" * 400, "`*_~" * 900, "\u202e" + "x" * 9000, "\ud800", "\x00"]),
    st.sampled_from(["אבג", "😀" * 4000, "a\nb\r\nc", "+14155550123", "sip:x@y.example", " "]),
)
MOMENTS = st.one_of(
    st.none(),
    st.integers(0, 4 * 10**9).map(lambda second: datetime.fromtimestamp(second, UTC)),
)
CALLS = st.builds(
    Call,
    sid=st.integers(0, 40).map(sid),
    account_sid=st.just(PLACE.account_sid),
    status=st.one_of(
        st.sampled_from(["queued", "initiated", "ringing", "in-progress", "completed", "busy"]),
        HOSTILE_TEXT,
    ),
    direction=st.one_of(
        st.sampled_from(["inbound", "outbound-api", "outbound-dial"]), HOSTILE_TEXT
    ),
    from_number=HOSTILE_TEXT,
    to_number=HOSTILE_TEXT,
    parent_call_sid=st.one_of(st.none(), st.integers(0, 40).map(sid)),
    caller_name=HOSTILE_TEXT,
    forwarded_from=HOSTILE_TEXT,
    answered_by=HOSTILE_TEXT,
    stir_verstat=HOSTILE_TEXT,
    created_at=MOMENTS,
    started_at=MOMENTS,
    ended_at=MOMENTS,
    duration_s=st.one_of(st.none(), st.integers(0, 10**9)),
    price=st.one_of(st.none(), HOSTILE_TEXT),
    price_unit=HOSTILE_TEXT,
)
AUDIENCES = st.builds(
    Audience,
    names=st.dictionaries(HOSTILE_TEXT, HOSTILE_TEXT, max_size=3),
    can_act=st.booleans(),
    readers=st.sampled_from(Readers),
)
DETAILS = st.builds(
    lambda calls, conference, is_known: CallDetails(
        call=calls[0],
        conversation=Conversation(calls[0], tuple(calls[1:])),
        conference=conference,
        looked_at=NOW,
        is_conference_known=is_known,
    ),
    st.lists(CALLS, min_size=1, max_size=40, unique_by=lambda call: call.sid),
    st.one_of(
        st.none(),
        st.builds(
            Conference,
            sid=st.just("CF" + "0" * 32),
            friendly_name=HOSTILE_TEXT,
            participant_call_sids=st.just(("CA1", "CA2")),
        ),
    ),
    st.booleans(),
)
ROWS = st.builds(
    a_row,
    seq=st.integers(1, 10**15),
    event=st.one_of(st.sampled_from(list(Event)), HOSTILE_TEXT),
    action=st.one_of(st.sampled_from(list(Action)), HOSTILE_TEXT),
    details=st.fixed_dictionaries({"reason": HOSTILE_TEXT, "status_after": HOSTILE_TEXT}),
    personal=st.fixed_dictionaries(
        dict.fromkeys(("from", "to", "reason", "target", "actor_name"), HOSTILE_TEXT)
    ),
    note=HOSTILE_TEXT,
    actor_user_id=HOSTILE_TEXT,
    call_sid=st.just(sid(1)),
)
