"""What was typed with a command, in inputs of a message that only its person sees.

It can be mended there, and comes back with the click. Slack gives the value that was put in
beforehand back as long as the message was not updated, and these never are: the next that stands in
their place is what came of the click.
Source: https://github.com/slackapi/bolt-js/issues/1258
"""

from __future__ import annotations

from collections.abc import Mapping

import slackblocks as kit

from bot.domain.reasons import LONGEST_REASON
from bot.domain.redirects import Target, parse_target, write_target
from bot.slack.views.escaping import clip

REASON_BLOCK = "reason"
WHERE_TO_BLOCK = "where-to"
INPUT = "input"
# Slack's own limit; a command takes TwiML up to Twilio's 4,000.
INPUT_LIMIT = 3000


def reason_input(reason: str = "") -> kit.InputBlock:
    """Where the reason is typed; *reason* stands there already."""
    return kit.InputBlock(
        label="Reason",
        element=kit.PlainTextInput(
            action_id=INPUT,
            initial_value=clip(reason, LONGEST_REASON) or None,
            multiline="\n" in reason,
            max_length=LONGEST_REASON,
        ),
        hint="It stands in the log.",
        block_id=REASON_BLOCK,
        optional=True,
    )


def where_to_input(target: Target) -> kit.InputBlock:
    """Where the target of a redirect is typed, which stands there already."""
    written = write_target(target)
    return kit.InputBlock(
        label="Where to",
        element=kit.PlainTextInput(
            action_id=INPUT,
            initial_value=clip(written, INPUT_LIMIT),
            multiline="\n" in written,
            max_length=INPUT_LIMIT,
        ),
        block_id=WHERE_TO_BLOCK,
        optional=True,
    )


def typed_target(inputs: Mapping[str, str]) -> Target | None:
    """The target that came back with a click; None where there was none.

    Raises:
        InvalidTargetError: what stands there is no target.
    """
    written = inputs.get(WHERE_TO_BLOCK, "").strip()
    return parse_target(written)[0] if written else None
