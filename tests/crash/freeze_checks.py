"""What a freeze promises: nothing that is asked for while it holds is begun, or reaches Twilio."""

from __future__ import annotations

from collections.abc import Iterator

from tests.crash.evidence import Evidence, Fault, Found
from tests.crash.freezing import FrozenTime


def of_freezes(evidence: Evidence) -> Iterator[Found]:
    """By the log's own order, and by what was answered to whom when."""
    yield from _of_intents(evidence)
    for frozen in evidence.frozen:
        if not frozen.is_in_log:
            yield Found(Fault.LOST, f"a freeze: {frozen}")
        yield from _of_updates(frozen, evidence)


def _of_intents(evidence: Evidence) -> Iterator[Found]:
    """No intent stands between a freeze and its lifting."""
    is_frozen = False
    for entry in evidence.entries:
        if entry in evidence.freezes_and_lifts:
            is_frozen = entry.action == "freeze"
        elif entry.event == "requested" and is_frozen:
            yield Found(Fault.NOT_FROZEN, f"begun: {entry}")


def _of_updates(frozen: FrozenTime, evidence: Evidence) -> Iterator[Found]:
    """What people asked for only after the freeze was answered did not reach Twilio.

    What was still to be answered when somebody asked to lift it may have been decided after that.
    """
    for update in evidence.updates:
        if update.claim is None:
            continue
        asked = [
            deed
            for deed in evidence.deeds_of.get(update.claim.request_id, ())
            if deed.delivery.sent_at < update.at
        ]
        is_in_it = asked and all(frozen.covers(deed.delivery.sent_at) for deed in asked)
        decided_at = min(update.at, max((deed.answered_at for deed in asked), default=update.at))
        if is_in_it and decided_at < frozen.until:
            yield Found(Fault.NOT_FROZEN, f"reached Twilio: {update}, {frozen}")
