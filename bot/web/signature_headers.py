"""Looks at the form of Slack's signature headers, before anything computes with them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)


def has_sane_signature_headers(headers: Mapping[str, str]) -> bool:
    """Whether both headers are there and have the form that Slack gives them.

    Slack's own verifier answers a timestamp that is no number, or a signature outside ASCII, with
    an exception instead of a refusal.

    Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    timestamp = headers.get("X-Slack-Request-Timestamp", "")
    signature = headers.get("X-Slack-Signature", "")
    return bool(_TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature))
