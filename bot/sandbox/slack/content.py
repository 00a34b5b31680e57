"""What the app puts into a message, judged before anybody sees it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.slack.block_kit import flaws_of_blocks
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.records import Json

TEXT_IS_CUT_AT = 40_000


@dataclass(frozen=True, slots=True)
class Content:
    """Text, blocks and metadata of one message."""

    text: str
    blocks: list[Json] = field(default_factory=list)
    metadata: Json | None = None


def read_content(fields: Mapping[str, Any], complain: Callable[..., None], where: str) -> Content:
    """The content that Slack would take from these fields, JSON inside strings decoded.

    Raises:
        SlackError: Slack would refuse it; Block Kit's flaws are complained of as well.
    """
    text = fields.get("text") or ""
    if not isinstance(text, str):
        raise SlackError("invalid_arguments", ["[ERROR] must be a string [json-pointer:/text]"])
    if decoded(fields.get("attachments"), "invalid_attachments"):
        complain(where, "attachments are legacy, and this stand-in shows none")
        raise SlackError("invalid_attachments")
    blocks = _judged_blocks(fields.get("blocks"), complain, where)
    if not text.strip():
        if not blocks:
            raise SlackError("no_text")
        complain(where, "no text fallback beside the blocks", "warning")
    if len(text) > TEXT_IS_CUT_AT:
        complain(where, f"text is cut off after {TEXT_IS_CUT_AT} characters", "warning")
    return Content(text[:TEXT_IS_CUT_AT], blocks, _metadata(fields.get("metadata")))


def _judged_blocks(value: Any, complain: Callable[..., None], where: str) -> list[Json]:
    blocks: list[Json] = decoded(value, "invalid_blocks_format") or []
    flaws = [str(flaw) for flaw in flaws_of_blocks(blocks)]
    for flaw in flaws:
        complain(where, flaw)
    if flaws:
        raise SlackError("invalid_blocks", flaws)
    return blocks


def decoded(value: Any, error: str) -> Any:
    """The value, out of its JSON where a form carried it as a string.

    Raises:
        SlackError: with this error code, when the string holds no JSON.
    """
    if not isinstance(value, str) or not value:
        return value
    try:
        return json.loads(value)
    except ValueError as fault:
        raise SlackError(error) from fault


def _metadata(value: Any) -> Json | None:
    metadata = decoded(value, "invalid_metadata_format")
    if metadata is None or metadata == "":
        return None
    if not (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    ):
        raise SlackError("invalid_metadata_format")
    return metadata
