"""The file that checkpoints are appended to, and files that people paste together."""

from __future__ import annotations

import asyncio
import fcntl
from pathlib import Path

import pytest

from bot.domain.audit import Head
from bot.domain.checkpoints import checkpoint_line
from bot.domain.errors import WitnessUnavailableError
from bot.evidence.checkpoint_file import (
    CheckpointFile,
    UnreadableCheckpointsError,
    read_checkpoints,
)
from bot.slack.views.checkpoint import checkpoint_post
from tests.evidence.making import Notary

TEN = Head(10, "a" * 64)


async def test_each_is_a_line_at_the_end(tmp_path: Path) -> None:
    notary, path = Notary(), tmp_path / "seen.jsonl"
    signed = [notary.sign(TEN), notary.sign(TEN)]

    for count in (1, 2, 2):
        await CheckpointFile(path).show(signed[:count])

    assert read_checkpoints(path).checkpoints == signed
    assert len(path.read_text().splitlines()) == 2


async def test_replicas_that_show_the_same_leave_one_line_of_it(tmp_path: Path) -> None:
    path, checkpoint = tmp_path / "seen.jsonl", Notary().sign(TEN)

    await asyncio.gather(*(CheckpointFile(path).show([checkpoint]) for _ in range(8)))

    assert path.read_text().splitlines() == [checkpoint_line(checkpoint)]


async def test_a_line_that_lacks_only_its_end_is_not_written_again(tmp_path: Path) -> None:
    notary, path = Notary(), tmp_path / "seen.jsonl"
    signed = [notary.sign(TEN), notary.sign(TEN)]
    path.write_text(checkpoint_line(signed[0]))

    await CheckpointFile(path).show(signed)

    assert path.read_text().splitlines() == [checkpoint_line(one) for one in signed]


async def test_a_file_that_another_process_keeps_locked_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.evidence.checkpoint_file.LOCKED_FOR_S", 0.1)
    path, checkpoint = tmp_path / "seen.jsonl", Notary().sign(TEN)
    with path.open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(WitnessUnavailableError, match="another process keeps it locked"):
            await CheckpointFile(path).show([checkpoint])

    await CheckpointFile(path).show([checkpoint])

    assert read_checkpoints(path).checkpoints == [checkpoint]


async def test_after_a_line_that_a_full_disk_cut_short_the_next_is_whole(tmp_path: Path) -> None:
    path, checkpoint = tmp_path / "seen.jsonl", Notary().sign(TEN)
    path.write_text('{"chain_id":"ma')

    await CheckpointFile(path).show([checkpoint])

    found = read_checkpoints(path)
    assert found.checkpoints == [checkpoint]
    assert found.damaged == [f"Line 1 of {path} is no JSON, or only a part of it."]


async def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(WitnessUnavailableError, match="No such file"):
        await CheckpointFile(tmp_path / "missing" / "seen.jsonl").show([Notary().sign(TEN)])


def test_what_is_copied_out_of_slack_is_read(tmp_path: Path) -> None:
    """With who posted when, in a code block, and with what programs for prose make of it."""
    checkpoint = Notary().sign(TEN)
    posted = "\n".join(block["text"]["text"] for block in checkpoint_post(checkpoint).blocks[:2])
    curly = checkpoint_line(checkpoint).replace('"', "\u201c", 1).replace('"', "\u201d", 1)
    path = tmp_path / "pasted.txt"
    path.write_text(f"\ufeffHookflash APP  2:02 PM\n{posted}\n:eyes: 2\n\u00a0{curly}\n")

    assert read_checkpoints(path).checkpoints == [checkpoint, checkpoint]


@pytest.mark.parametrize("content", [b"", b"nothing here", b"{}", b"\xff\xfe\x00"])
def test_a_file_of_something_else_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.txt"
    path.write_bytes(content)

    with pytest.raises(UnreadableCheckpointsError, match=r"holds no checkpoint|is no text"):
        read_checkpoints(path)
