"""Files that commands write: all of one or nothing, and refused before anything is done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

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
