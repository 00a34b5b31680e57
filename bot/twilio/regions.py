"""Twilio's Regions, and the edge at which each of them is reached."""

from __future__ import annotations

# Twilio's API answers at api.EDGE.REGION.twilio.com. What names a Region alone, as the SDK still
# does, was always answered from us1, and since April 2026 is not answered any more.
# Source: https://www.twilio.com/docs/global-infrastructure/api-domain-migration-guide and
# https://www.twilio.com/docs/twilio-cli/general-usage/regional
EDGE_OF_REGION = {"au1": "sydney", "ie1": "dublin", "jp1": "tokyo", "us1": "ashburn"}
