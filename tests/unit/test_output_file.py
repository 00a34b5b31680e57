"""What an export leaves behind: a file that is there whole, or the one from before."""

from __future__ import annotations

import stat
from pathlib import Path

import click
import pytest

from bot.cli.output import whole_file


class Cut(Exception):  # noqa: N818 - it stands for whatever cuts an export off
    """The database fails in the middle."""


def write(path: Path | str, text: str, *, is_cut: bool = False) -> None:
    with whole_file(str(path)) as file:
        file.write(text)
        if is_cut:
            raise Cut


def test_a_file_appears_with_all_that_was_written(tmp_path: Path) -> None:
    write(tmp_path / "export.jsonl", "whole\n")

    assert [path.name for path in tmp_path.iterdir()] == ["export.jsonl"]
    assert (tmp_path / "export.jsonl").read_text() == "whole\n"


def test_what_was_cut_off_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(Cut):
        write(tmp_path / "export.jsonl", "half", is_cut=True)

    assert list(tmp_path.iterdir()) == []


def test_what_was_cut_off_leaves_the_file_from_before(tmp_path: Path) -> None:
    (tmp_path / "export.jsonl").write_text("from before\n")

    with pytest.raises(Cut):
        write(tmp_path / "export.jsonl", "half", is_cut=True)

    assert [path.read_text() for path in tmp_path.iterdir()] == ["from before\n"]


def test_a_file_keeps_who_may_read_it_and_a_link_where_it_leads(tmp_path: Path) -> None:
    file, link = tmp_path / "export.jsonl", tmp_path / "link"
    file.touch(mode=0o600)
    link.symlink_to(file)

    write(link, "whole\n")

    assert link.is_symlink()
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("whole\n", 0o600)


@pytest.mark.parametrize("path", ["missing/export.jsonl", ".", "/dev/full"])
def test_what_cannot_be_written_is_told_in_a_sentence(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(click.ClickException, match="cannot be written: "):
        write(path, "whole\n")

    assert list(tmp_path.iterdir()) == []
