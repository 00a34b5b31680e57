"""The supervisor ends what it started, whatever that is doing when it is told."""

from __future__ import annotations

import asyncio

from bot.application.tasks import TaskSupervisor


async def test_a_service_that_is_told_to_stop_within_a_commit_ends_all_the_same() -> None:
    """A commit on its way cannot be called back: the first cancellation is lost in it."""
    committing = asyncio.Event()
    commits: list[str] = []
    tasks = TaskSupervisor()

    async def loop() -> None:
        while True:
            committing.set()
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                if commits:
                    raise
            commits.append("done")
            await asyncio.sleep(60)

    tasks.serve(loop, name="settle")
    await committing.wait()

    async with asyncio.timeout(5):
        is_drained = await tasks.stop(timeout_s=1)

    assert is_drained
    assert commits == ["done"]
