"""Files that commands write: all of one or nothing, and refused before anything is done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import click

STDOUT = "-"


class OutputFile(click.Path):
    """The path of a file that can be written where it is to be, or of standard output."""

    def __init__(self, *, path_type: type | None = None) -> None:
        super().__init__(dir_okay=False, writable=True, allow_dash=True, path_type=path_type)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """The path, once it is known that a file can be made there."""
        path = super().convert(value, param, ctx)
        folder = Path(os.fsdecode(path)).parent
        if not folder.is_dir():
            self.fail(f"There is no folder {folder}.", param, ctx)
        if not os.access(folder, os.W_OK):
            self.fail(f"Nothing can be written in the folder {folder}.", param, ctx)
        return path


@contextmanager
def written_whole(path: str) -> Iterator[IO[str]]:
    """A text to write into, which is the file once it is complete; before that all is as it was.

    Standard output, and what is no regular file (a pipe, a device), are written to at once.

    Raises:
        ClickException: the file cannot be written.
    """
    if path == STDOUT:
        with click.open_file(STDOUT, "w", encoding="utf-8") as stream:
            yield stream
        return
    target = Path(path).resolve()
    try:
        if target.exists() and not target.is_file():
            with target.open("w", encoding="utf-8") as device:
                yield device
        else:
            with _replacing(target) as file:
                yield file
    except OSError as error:
        problem = error.strerror or "it failed"
        raise click.ClickException(f"{path} cannot be written: {problem}.") from error


@contextmanager
def _replacing(target: Path) -> Iterator[IO[str]]:
    beside = target.with_name(f".hookflash-{uuid4().hex}")
    try:
        with beside.open("x", encoding="utf-8") as file:
            yield file
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
