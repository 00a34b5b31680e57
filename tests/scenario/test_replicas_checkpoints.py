"""Replicas on one PostgreSQL that all sign its log, into one file, while one of them is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from bot.domain.checkpoints import Checkpoint
from bot.evidence.checkpoint_file import read_checkpoints
from bot.evidence.keys import new_private_key, read_signer, write_private_key
from bot.verification.database import kept_checkpoints
from tests.scenario.company import ANA
from tests.scenario.processes import BotProcess, Stage, stage
from tests.scenario.signing_bot import RHYTHM
from tests.scenario.trouble import ON_POSTGRES, until

pytestmark = ON_POSTGRES
SIGNING = "tests.scenario.signing_bot"
# The last to stop look once more, and sign what the others' ends have added.
SIGNED_AT_THE_END = 3


@pytest.fixture
async def set_up(database_url: str) -> AsyncIterator[Stage]:
    """Slack, Twilio and a new database."""
    async with stage(database_url) as ready:
        yield ready


async def hang_up_at_each(set_up: Stage, bots: Sequence[BotProcess], *, times: int) -> None:
    """So often a hang-up at each of the bots, all at the same moment."""
    for _ in range(times):
        commands = []
        for bot in bots:
            text = f"/calls hangup {set_up.call_in_progress().sid}"
            commands.append(asyncio.create_task(set_up.command_by(bot, ANA, text)))
            await asyncio.sleep(0)  # it is on its way to this one
        await asyncio.gather(*commands)


async def hookflash(database_url: str, *words: str, **settings: str) -> str:
    """What the command line prints, where it ends well."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", *words),
        env={"PATH": os.environ["PATH"], "DATABASE_URL": database_url, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, said = await process.communicate()
    assert process.returncode == 0, said.decode() + printed.decode()
    return printed.decode()


async def served(set_up: Stage, settings: Mapping[str, str]) -> None:
    """Three replicas at work, of which one is killed and two stop in the end."""
    *bots, lost = [await set_up.start(SIGNING, **settings) for _ in range(3)]
    await hang_up_at_each(set_up, [*bots, lost], times=8)
    lost.send(signal.SIGKILL)
    await hang_up_at_each(set_up, bots, times=8)
    await until(set_up.is_settled)
    for bot in bots:
        bot.send(signal.SIGTERM)
    assert await asyncio.gather(*(bot.ended() for bot in bots)) == [0, 0]


def written_too_soon(kept: Sequence[Checkpoint]) -> int:
    """How many were signed sooner after the one before than any replica may."""
    apart = [later.signed_at - earlier.signed_at for earlier, later in pairwise(kept)]
    return sum(one < RHYTHM.at_least_apart for one in apart)


async def test_replicas_that_sign_together_sign_the_truth_and_each_piece_of_it_once(
    set_up: Stage, database_url: str, tmp_path: Path
) -> None:
    """Database and export hold against the file that all wrote to, in which no line is torn."""
    key, file, export = (tmp_path / name for name in ("audit.key", "seen.jsonl", "export.jsonl"))
    write_private_key(key, new_private_key())
    await served(set_up, {"HOOKFLASH_AUDIT_KEY": str(key), "HOOKFLASH_AUDIT_FILE": str(file)})

    seen, kept = read_checkpoints(file), kept_checkpoints(database_url)
    against = ("--checkpoints", str(file), "--public-key", read_signer(str(key)).public_key)
    of_database = await hookflash(database_url, "audit", "verify", *against)
    export.write_text(await hookflash(database_url, "audit", "export"))
    of_export = await hookflash(database_url, "audit", "verify", str(export), *against)

    assert (seen.damaged, len(seen.checkpoints)) == ([], len(set(seen.checkpoints)))
    # What the lost one had just signed and not shown yet is in the database alone.
    assert len(set(kept) - set(seen.checkpoints)) <= 1
    assert set(seen.checkpoints) <= set(kept)
    assert len(kept) > 2 * SIGNED_AT_THE_END
    assert written_too_soon(kept) <= SIGNED_AT_THE_END
    assert "The log holds" in of_database
    assert "The export holds" in of_export
    assert f"Checkpoints that fit: {len(kept)}." in of_database
