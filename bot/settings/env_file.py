"""The file that settings may stand in: NAME=value, a line each, readable by its owner only."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from tempfile import NamedTemporaryFile

from bot.settings.faults import Fault, SettingsError
from bot.settings.loading import variables

DEFAULT_ENV_FILE = Path("hookflash.env")
_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)", re.ASCII)
_HEADER = "# Settings of Hookflash; the environment goes before them. Keep this file to yourself."


def read_environment(environ: Mapping[str, str], env_file: Path | None = None) -> dict[str, str]:
    """The environment, and below it what stands in the file; by default in `./hookflash.env`.

    Raises:
        SettingsError: the file cannot be used, or a file that was named is not there.
    """
    path = env_file or DEFAULT_ENV_FILE
    if env_file is None and not path.exists():
        return dict(environ)
    given = {name: value for name, value in environ.items() if value.strip()}
    return read_env_file(path) | given


def read_env_file(path: Path) -> dict[str, str]:
    """The settings that stand in the file.

    Raises:
        SettingsError: others may read it, or a line of it is no setting; with every fault.
    """
    lines = _lines_of(path)
    faults = list(_faults_of(path, lines))
    if faults:
        raise SettingsError(faults)
    pairs = (pair for line in lines if (pair := _pair_in(line)) is not None)
    return dict(pairs)


def write_env_file(path: Path, values: Mapping[str, str]) -> None:
    """Put these settings into the file, for its owner only; what else stands there is kept.

    Raises:
        SettingsError: the file or its folder cannot be written.
    """
    lines = _lines_of(path) if path.exists() else [_HEADER]
    left = dict(values)
    for index, line in enumerate(lines):
        pair = _pair_in(line)
        if pair is not None and pair[0] in left:
            lines[index] = f"{pair[0]}={left.pop(pair[0])}"
    for name, value in left.items():
        lines += ["", f"# {variables()[name].description}", f"{name}={value}"]
    _replace(path, "\n".join(lines) + "\n")


def try_to_write(path: Path) -> None:
    """Nothing happens to the file; it only shows whether it can be written.

    Raises:
        SettingsError: it cannot.
    """
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}."):
            pass
    except OSError as error:
        raise _cannot_be_written(path, error) from error


def _lines_of(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
                problem = f"holds secrets, but other users may open it; run: chmod 600 {path}"
                raise SettingsError([Fault(str(path), problem)])
            return file.read().splitlines()
    except FileNotFoundError as error:
        problem = f"is not there; this writes it: hookflash init --file {path}"
        raise SettingsError([Fault(str(path), problem)]) from error
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise SettingsError([Fault(str(path), problem)]) from error
    except UnicodeDecodeError as error:
        raise SettingsError([Fault(str(path), "is no text in UTF-8")]) from error


def _pair_in(line: str) -> tuple[str, str] | None:
    """Name and value; None where the line is empty, a comment, or neither."""
    match = _LINE.fullmatch(line.strip())
    return None if match is None else (match[1], match[2].strip())


def _faults_of(path: Path, lines: list[str]) -> Iterator[Fault]:
    seen = set[str]()
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        place, pair = f"{path}, line {number}:", _pair_in(line)
        if pair is None:
            yield Fault(place, "this is neither NAME=value nor a comment that begins with #")
        elif pair[0] not in variables():
            close = get_close_matches(pair[0], variables(), n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            yield Fault(place, f"{pair[0]} is no setting of Hookflash{hint}")
        elif pair[0] in seen:
            yield Fault(place, f"{pair[0]} stands here a second time")
        else:
            seen.add(pair[0])


def _replace(path: Path, text: str) -> None:
    """Write the whole file at once, so that nobody finds half of it; its mode is 0600."""
    try:
        with NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            file.write(text)
        Path(file.name).replace(path)
    except OSError as error:
        raise _cannot_be_written(path, error) from error


def _cannot_be_written(path: Path, error: OSError) -> SettingsError:
    problem = f"cannot be written ({error.strerror}); name another file with --file"
    return SettingsError([Fault(str(path), problem)])
