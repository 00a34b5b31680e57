"""Files that are there whole, or stay as they were."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

import click


def is_same_file(path: str, other: str) -> bool:
    """Whether what is written to both comes to one place."""
    if "-" in (path, other):
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
    is_stream = path == "-" or (Path(path).exists() and not Path(path).is_file())
    try:
        with _stream(path) if is_stream else _replaced(Path(path).resolve()) as file:
            yield file
    except OSError as error:
        if path == "-" or error.errno == errno.EPIPE:  # of which all commands tell alike
            raise
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error


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
