"""Looks as the database keeps them: nothing is lost, and other versions can read them."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime

from bot.database.look_rows import pack_calls, pack_fault, unpack_calls, unpack_fault
from bot.domain.calls import Call
from bot.domain.errors import TwilioError

NOW = datetime(2026, 11, 22, 14, 0, 1, tzinfo=UTC)


def calls_of_all_kinds() -> list[Call]:
    """One that Twilio told all of, one that it told nothing of, and enough for two pieces."""
    told = Call(
        sid="CA" + "1" * 32,
        account_sid="AC1",
        status="in-progress",
        direction="inbound",
        from_number="+14155550100",
        to_number="+442079460000",
        parent_call_sid="CA" + "2" * 32,
        phone_number_sid="PN1",
        caller_name="Ünïcode \n line, \u202e turned",
        forwarded_from="+14155550101",
        answered_by="human",
        stir_verstat="TN-Validation-Passed-A",
        created_at=NOW,
        updated_at=NOW,
        started_at=NOW,
        ended_at=NOW,
        duration_s=5,
        price="-0.01",
        price_unit="USD",
    )
    untold = Call(sid="CA" + "0" * 32, account_sid="AC1", status="queued")
    many = [
        Call(sid=f"CA{number:032}", account_sid="AC1", status="ringing", created_at=NOW)
        for number in range(300, 0, -1)
    ]
    return [told, *many, untold]


def test_what_is_packed_comes_out_as_it_was() -> None:
    calls = tuple(calls_of_all_kinds())

    assert unpack_calls(pack_calls(calls)) == calls
    assert unpack_calls(pack_calls(())) == ()


def test_calls_of_a_version_that_knows_more_or_less_of_them_are_read() -> None:
    lines = [["sid", "mood", "account_sid", "status"], [["CA1"], ["merry"], ["AC1"], ["ringing"]]]
    packed = zlib.compress("\n".join(map(json.dumps, lines)).encode())

    assert unpack_calls(packed) == (Call(sid="CA1", account_sid="AC1", status="ringing"),)


def test_a_fault_of_a_kind_that_is_not_known_is_a_fault_of_twilios() -> None:
    fault = unpack_fault(pack_fault(TwilioError("odd", code=1)).replace("TwilioError", "Odd"))

    assert (type(fault), str(fault), fault.code) == (TwilioError, "odd", 1)
