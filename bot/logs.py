"""What goes into the log and what is kept out of it: secrets, bodies and whole phone numbers."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[redacted]"

# Below WARNING these print bodies, headers or addresses that are as good as a token.
_VENDORS = (
    "aiohttp.access",
    "aiohttp.client",
    "alembic",
    "asyncio",
    "hookflash",  # what Bolt calls the loggers of the app
    "psycopg",
    "slack_bolt",
    "slack_sdk",
    "sqlalchemy",
    "twilio",
)
_SECRET_KEYS = frozenset(
    {
        "authorization",
        "body",
        "headers",
        "payload",
        "response_url",
        "signature",
        "trigger_id",
        "twiml",
    }
)
_SECRET_KEY_ENDS = ("password", "secret", "token")
_MULTILINE_KEYS = frozenset({"exception", "stack"})
_LEAST_SECRET_LENGTH = 8

_TOKEN = re.compile(r"\b(?:xox[a-z]|xapp|xoxe\.xox[a-z])-[0-9A-Za-z-]+")
_CREDENTIALS = re.compile(r"\b(Basic|Bearer) [0-9A-Za-z._~+/=-]{6,}", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"(?<=://)[^/\s:@]*:[^/\s]*@")
# Whoever has one of these addresses can answer in Slack's name for half an hour or for ever.
_SLACK_HOOK = re.compile(r"(/(?:actions|app|commands|services|workflows)/)T[0-9A-Z]+/[^\s\"'<>]+")
_PHONE_NUMBER = re.compile(r"(\+|%2B|tel:)[1-9](?:[ ().-]{0,2}\d){6,14}", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def configure_logging(*, level: str, log_format: str, secrets: Sequence[str] = ()) -> None:
    """Send every log line to standard error, redacted, as `console` or `json` text.

    Args:
        level: the least level that is shown; vendors show nothing below WARNING.
        log_format: `console` for people, `json` for machines.
        secrets: texts that must never appear.
    """
    before_rendering: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_is_worth_showing)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before_rendering,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Text first: a renderer that formats exceptions itself would print local variables.
                structlog.processors.format_exc_info,
                redactor(secrets),
                *_renderers(log_format),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    structlog.configure(
        processors=[*before_rendering, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def redactor(
    secrets: Sequence[str] = (),
) -> Callable[[WrappedLogger, str, EventDict], EventDict]:
    """A structlog processor that takes out what must not be in a log, however deep it lies."""
    redact = _redact_texts([secret for secret in secrets if len(secret) >= _LEAST_SECRET_LENGTH])

    def process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {redact(key): _redact(key, value, redact) for key, value in event.items()}

    return process


def _redact_texts(secrets: Sequence[str]) -> Callable[[str], str]:
    longest_first = sorted(secrets, key=len, reverse=True)
    known = re.compile("|".join(map(re.escape, longest_first))) if secrets else None

    def redact(text: str) -> str:
        if known is not None:
            text = known.sub(REDACTED, text)
        text = _TOKEN.sub(REDACTED, text)
        text = _CREDENTIALS.sub(rf"\1 {REDACTED}", text)
        text = _PASSWORD_IN_URL.sub(f"{REDACTED}@", text)
        text = _SLACK_HOOK.sub(rf"\1{REDACTED}", text)
        return _PHONE_NUMBER.sub(lambda number: f"{number[1]}***{number[0][-2:]}", text)

    return redact


def _redact(key: str, value: Any, redact: Callable[[str], str]) -> Any:
    if key.lower() in _SECRET_KEYS or key.lower().endswith(_SECRET_KEY_ENDS):
        return REDACTED
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redact(value)
        case Mapping():
            return {
                redact(str(name)): _redact(str(name), part, redact) for name, part in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [_redact("", part, redact) for part in value]
        case _:
            return redact(str(value))


def _renderers(log_format: str) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.JSONRenderer(default=str)]
    return [_escape_controls, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]


def _escape_controls(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Text from the phone network must neither steer a terminal nor forge a line."""
    for key, value in event.items():
        if isinstance(value, str):
            shown = _UNPRINTABLE.sub(lambda char: repr(char[0])[1:-1], value)
            event[key] = shown if key in _MULTILINE_KEYS else shown.replace("\n", "\\n")
    return event


def _is_worth_showing(record: logging.LogRecord) -> bool:
    """Looked at by the handler, since Bolt copies the root's level to each of its loggers."""
    if record.levelno >= logging.WARNING:
        return True
    return not record.name.startswith(_VENDORS)
