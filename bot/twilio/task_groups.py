"""Several requests at once, of which the first fault ends the others and comes out as itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def all_or_first_fault() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises its first fault bare, so that callers catch errors by their type."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except ExceptionGroup as faults:
        raise faults.exceptions[0] from faults
