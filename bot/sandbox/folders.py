"""The folder that a sandbox keeps its data in, and what killed ones left of theirs."""

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

PREFIX = "hookflash-sandbox-"
LOCK = "sandbox.lock"
"""Held as long as the sandbox lives; the kernel lets go of it however that ends."""
_LOCK_IN_THE_MAKING = "sandbox.lock.new"


class FolderTakenError(Exception):
    """Another sandbox keeps its data there."""


@contextlib.contextmanager
def kept_folder(folder: Path) -> Iterator[Path]:
    """This folder, made if need be, for one sandbox at a time.

    Raises:
        FolderTakenError: another one is using it.
        OSError: it cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / LOCK):
        yield folder


@contextlib.contextmanager
def fresh_folder() -> Iterator[Path]:
    """A temporary folder that is removed at the end.

    Raises:
        OSError: there is no place for it.
    """
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with _locked(folder / _LOCK_IN_THE_MAKING):
            # Whoever finds a lock under its own name finds it held, from the first moment on.
            (folder / _LOCK_IN_THE_MAKING).rename(folder / LOCK)
            yield folder


def remove_left_behind() -> None:
    """Removes the temporary folders of this user's sandboxes that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # What is gone by now, or cannot be removed, is no reason not to start.
        with contextlib.suppress(OSError, FolderTakenError):
            if _is_own_folder(folder) and (folder / LOCK).is_file():
                with _locked(folder / LOCK):
                    shutil.rmtree(folder)


def _is_own_folder(folder: Path) -> bool:
    """False for a link too: others may put what they like into the place for temporary files."""
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    with path.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise FolderTakenError from taken
        yield lock
