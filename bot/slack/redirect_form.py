"""The redirect modal as it travels: which call it is about, and how it is drawn again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.calls import Listing
from bot.domain.changes import Origin
from bot.domain.sids import is_call_sid
from bot.slack.payloads import (
    MalformedPayloadError,
    metadata_object,
    origin_from_json,
    origin_to_json,
)
from bot.slack.views.formatting import Audience
from bot.slack.views.redirect_modal import redirect_modal


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectForm:
    """Which call the modal is about, what its card showed, and where the answer goes."""

    call_sid: str
    card_version: str
    origin: Origin

    @classmethod
    def parse(cls, metadata: str) -> RedirectForm:
        """The form that a submitted modal carries.

        Raises:
            MalformedPayloadError: it carries something else.
        """
        carried = metadata_object(metadata)
        origin = carried.get("origin")
        call_sid, version = carried.get("call"), carried.get("version")
        if not isinstance(origin, Mapping) or not isinstance(version, str):
            raise MalformedPayloadError("private_metadata")
        if not isinstance(call_sid, str) or not is_call_sid(call_sid):
            raise MalformedPayloadError("private_metadata")
        return cls(call_sid=call_sid, card_version=version, origin=origin_from_json(origin))

    def with_version(self, card_version: str) -> RedirectForm:
        """The form for a person who has seen what changed."""
        return replace(self, card_version=card_version)

    def draw(
        self,
        listing: Listing | None,
        *,
        at: datetime,
        audience: Audience,
        changes: Sequence[str] = (),
        filled: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The modal, from what is known now; nothing is asked of Twilio for it."""
        return redirect_modal(
            self.call_sid,
            listing.conversation_of(self.call_sid) if listing else None,
            private_metadata=self._metadata(),
            at=at,
            audience=audience,
            changes=changes,
            filled=filled or {},
        )

    def _metadata(self) -> str:
        carried = {
            "call": self.call_sid,
            "version": self.card_version,
            "origin": origin_to_json(self.origin),
        }
        return json.dumps(carried, separators=(",", ":"))
