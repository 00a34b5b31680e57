"""The program of kills in its short form: ten on each database, at every named point once.

On PostgreSQL there are two replicas.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

from tests.certificates import make_certificate
from tests.crash.campaign import plans, run_round
from tests.crash.lives import lives
from tests.crash.points import Point

KILLS = 2 * (len(Point) - 1)
# It draws one pause on SQLite, and one of each replica on PostgreSQL; some outlast a lease.
SEED = 17


async def test_whenever_it_is_killed_the_log_is_true_and_everybody_is_told(
    database_url: str, tmp_path: Path
) -> None:
    """What must hold is in `tests.crash.checks`; the whole program kills thousands of times."""
    rng = Random(SEED)  # noqa: S311 - draws plans, not secrets
    all_points, certificate = plans(KILLS, rng), make_certificate(tmp_path)
    is_sqlite = database_url.startswith("sqlite")
    planned = all_points[: KILLS // 2] if is_sqlite else all_points[KILLS // 2 :]

    async with AsyncExitStack() as stack:
        replicas = [
            await stack.enter_async_context(lives(certificate))
            for _ in range(1 if is_sqlite else 2)
        ]
        tally = await run_round(database_url, replicas, planned, rng, certificate=certificate)

    assert tally.kills.total() == len(planned)
    assert tally.counts["changes"] > 0
    assert tally.found == []
