"""What reaches standard error, and what must not."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.logs import configure_logging, redactor

SIGNING_SECRET = "s1gn1ngs3cr3ts1gn1ngs3cr3t"
ConfigureLogging = Callable[[str], None]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """The process's logging, put back after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def last_json_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The newest line of the log, parsed; nothing may be on standard output."""
    out, err = capsys.readouterr()
    assert out == ""
    line: dict[str, Any] = json.loads(err.splitlines()[-1])
    return line


def test_a_line_tells_when_who_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="INFO", log_format="json")

    logging.getLogger("bot.somewhere").info("took %d ms", 12, extra={"request_id": "r1"})

    line = last_json_line(capsys)
    assert line["timestamp"].endswith("Z")
    del line["timestamp"]
    assert line == {
        "event": "took 12 ms",
        "level": "info",
        "logger": "bot.somewhere",
        "request_id": "r1",
    }


def test_structlog_and_logging_write_alike(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="INFO", log_format="json")

    structlog.get_logger("bot.elsewhere").warning("told", to="+14155550123")

    line = last_json_line(capsys)
    assert (line["event"], line["to"], line["logger"]) == ("told", "+***23", "bot.elsewhere")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call from +14155550123", "call from +***23"),
        ("to +44 20 7946 0000 now", "to +***00 now"),
        ("GET /Calls.json?From=%2B14155550123&x=1", "GET /Calls.json?From=%2B***23&x=1"),
        ("<tel:14155550123|call>", "<tel:***23|call>"),
        ("at 2026-11-22T07:00:00+00:00", "at 2026-11-22T07:00:00+00:00"),
        ("token xoxb-1-2-abc, xapp-1-A-b", "token [redacted], [redacted]"),
        ("xoxe.xoxb-1-abc", "[redacted]"),
        (f"the secret is {SIGNING_SECRET}.", "the secret is [redacted]."),
        ("Authorization: Basic QUM6YWJjZGVm", "Authorization: Basic [redacted]"),
        ("Authorization: Bearer abcdefgh", "Authorization: Bearer [redacted]"),
        ("postgresql://ana:p%40ss@host/db", "postgresql://[redacted]@host/db"),
        (
            "POST https://hooks.slack.com/actions/T0123/99/abc?x=1",
            "POST https://hooks.slack.com/actions/[redacted]",
        ),
    ],
)
@pytest.mark.parametrize("log_format", ["json", "console"])
def test_what_must_not_be_read_is_taken_out(
    capsys: pytest.CaptureFixture[str], text: str, shown: str, log_format: str
) -> None:
    configure_logging(level="INFO", log_format=log_format, secrets=[SIGNING_SECRET])

    logging.getLogger("bot").info("%s", text)

    assert shown in capsys.readouterr().err


def test_values_under_telling_names_are_taken_out_whole(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="INFO", log_format="json")

    structlog.get_logger("bot").info(
        "request",
        body="text=hangup",
        slack_bot_token="unlike-a-token",
        deep={"headers": {"a": "b"}, "numbers": ["+14155550123", 7]},
    )

    line = last_json_line(capsys)
    assert line["body"] == line["slack_bot_token"] == "[redacted]"
    assert line["deep"] == {"headers": "[redacted]", "numbers": ["+***23", 7]}


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_is_shown_without_values(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    configure_logging(level="INFO", log_format=log_format, secrets=[SIGNING_SECRET])

    def fails(signing_secret: str) -> None:
        raise ValueError(f"{signing_secret} is not for +14155550123")

    try:
        fails(SIGNING_SECRET)
    except ValueError:
        logging.getLogger("bot").exception("it failed")

    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "[redacted] is not for +***23" in shown
    assert SIGNING_SECRET not in shown


@pytest.mark.parametrize(
    "vendor",
    ["slack_bolt.AsyncRequestVerification", "hookflash:hang_up", "slack_sdk.web", "twilio.http"],
)
def test_vendors_are_heard_from_warning_on(capsys: pytest.CaptureFixture[str], vendor: str) -> None:
    configure_logging(level="DEBUG", log_format="json")
    logger = logging.getLogger(vendor)
    logger.setLevel(logging.DEBUG)  # as Bolt does by itself
    try:
        logger.info("Invalid request signature, body: text=hangup+CA1")
        logger.warning("something is wrong")
    finally:
        logger.setLevel(logging.NOTSET)

    shown = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["event"] for line in shown] == ["something is wrong"]


def test_a_text_cannot_forge_a_line_or_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(level="INFO", log_format="console")

    logging.getLogger("bot").info("caller %s", "\x1b[2JAna\n2026 [info] all is well\u202e")

    shown = capsys.readouterr().err
    assert len(shown.splitlines()) == 1
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@given(
    before=st.text(), after=st.text(), number=st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)
)
def test_no_whole_number_is_left_in_any_text(before: str, after: str, number: str) -> None:
    shown = redactor()(None, "info", {"event": f"{before}{number}{after}"})["event"]

    assert number not in shown


@given(before=st.text(), after=st.text())
def test_no_secret_is_left_in_any_text(before: str, after: str) -> None:
    shown = redactor([SIGNING_SECRET])(None, "info", {"event": before + SIGNING_SECRET + after})

    assert SIGNING_SECRET not in shown["event"]
