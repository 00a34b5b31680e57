"""Files that commands write: all of one or nothing, and refused before anything is done."""

from __future__ import annotations

import errno
import os
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
        if _is_stream(os.fsdecode(path)):
            return path
        folder = Path(os.fsdecode(path)).parent
        if not folder.is_dir():
            self.fail(f"There is no folder {folder}.", param, ctx)
        if not os.access(folder, os.W_OK):
            self.fail(f"Nothing can be written in the folder {folder}.", param, ctx)
        return path


def is_same_file(path: str, other: str) -> bool:
    """Whether what is written to both comes to one place."""
    if STDOUT in (path, other):
        return path == other
    return Path(path).resolve() == Path(other).resolve()


@contextmanager
def whole_file(path: str) -> Iterator[IO[str]]:
    """What is written takes the place of the file once the block has ended without a fault.

    A `-` is standard output. That, and what is no file but a device or a pipe, is written to at
    once. click's own `atomic` puts a file in its place after a fault too.

    Raises:
        ClickException: it cannot be written.
    """
    try:
        with _stream(path) if _is_stream(path) else _replaced(Path(path).resolve()) as file:
            yield file
    except OSError as error:
        if path == STDOUT or error.errno == errno.EPIPE:  # of which all commands tell alike
            raise
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error


def _is_stream(path: str) -> bool:
    """Whether it is standard output, a device or a pipe, whose place nothing can take."""
    return path == STDOUT or (Path(path).exists() and not Path(path).is_file())


@contextmanager
def _stream(path: str) -> Iterator[IO[str]]:
    with click.open_file(path, "w", encoding="utf-8") as file:
        yield file
        file.flush()


@contextmanager
def _replaced(target: Path) -> Iterator[IO[str]]:
    beside = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        with beside.open("x", encoding="utf-8") as file:
            if target.exists():
                beside.chmod(target.stat().st_mode)
            yield file
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
