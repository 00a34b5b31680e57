"""Which legs people hear as one call."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.calls import Call, group_legs

NAMES = "abcdef"


def a_call(name: str, dialled_by: str | None = None) -> Call:
    return Call(sid=name, account_sid="AC1", status="in-progress", parent_call_sid=dialled_by)


def test_a_leg_that_dialled_on_begins_a_conversation_of_its_own() -> None:
    calls = [a_call("lawyer", "expert"), a_call("expert", "caller"), a_call("caller")]

    conversations = group_legs(calls)

    assert [[leg.sid for leg in one.legs] for one in conversations] == [
        ["expert", "lawyer"],
        ["caller"],
    ]


@given(st.dictionaries(st.sampled_from(NAMES), st.none() | st.sampled_from(NAMES)))
def test_every_leg_is_in_one_conversation_whoever_dialled_it(
    dialled: dict[str, str | None],
) -> None:
    """Also where Twilio talks nonsense, such as of a leg that dialled itself."""
    conversations = group_legs([a_call(name, by) for name, by in dialled.items()])

    assert sorted(leg.sid for one in conversations for leg in one.legs) == sorted(dialled)
