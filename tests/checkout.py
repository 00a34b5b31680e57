"""The repository's files in a folder of their own, as whoever clones or deploys it has them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

TOP = Path(__file__).parents[1]


def copy_repository(folder: Path) -> Path:
    """The folder, with all that git keeps or would keep; what it ignores is left behind."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True)  # noqa: S603 - a constant
    for name in filter(None, listed.stdout.split("\0")):
        source, copy = TOP / name, folder / name
        if source.exists():  # git still lists what was deleted since the last commit
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    return folder
