"""How often an app may ask: one token bucket for each limited thing, as Slack's tiers say."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Rate:
    """How much may come at once, and how fast the allowance grows again."""

    burst: float
    per_minute: float


# Source: https://docs.slack.dev/apis/web-api/rate-limits
TIER_2 = Rate(burst=20, per_minute=20)
TIER_3 = Rate(burst=50, per_minute=50)
TIER_4 = Rate(burst=100, per_minute=100)
SPECIAL = Rate(burst=300, per_minute=300)
# apps.connections.open stands in tier 1, one a minute, where a little more at once is let through;
# an app may hold ten connections, so ten at once is our reading.
CONNECTIONS = Rate(burst=10, per_minute=1)
# Slack allows "short bursts" over one a second and does not say how short; four is our reading.
ONE_A_SECOND = Rate(burst=4, per_minute=60)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: datetime


class RateLimits:
    """Counts requests by key; `scale` multiplies every rate, and infinity lifts them."""

    def __init__(self, clock: Callable[[], datetime], *, scale: float = 1.0) -> None:
        self.scale = scale
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def wait_s(self, key: str, rate: Rate) -> int:
        """Whole seconds that the asker has to wait, 0 when this request was let through."""
        if math.isinf(self.scale):
            return 0
        now = self._clock()
        burst = max(1.0, rate.burst * self.scale)
        per_second = rate.per_minute * self.scale / 60
        bucket = self._buckets.setdefault(key, _Bucket(burst, now))
        grown = (now - bucket.filled_at).total_seconds() * per_second
        bucket.tokens = min(burst, bucket.tokens + grown)
        bucket.filled_at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0
        return max(1, math.ceil((1 - bucket.tokens) / per_second))
