"""`hookflash sandbox` as a process, as somebody runs it in a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

STOPS_WITHIN_S = 20.0
MOST_SAID_BYTES = 1_000_000


@dataclass
class SandboxProcess:
    """The running sandbox; what it says on standard error lies in a file."""

    process: subprocess.Popen[str]
    stderr: IO[str]
    first_line: str

    @property
    def url(self) -> str:
        """The address of the page, as it was printed."""
        return self.first_line.rpartition(" ")[2]

    def said_aside(self) -> str:
        """All that it has said on standard error so far."""
        # Not by seek: the process writes at the same offset.
        return os.pread(self.stderr.fileno(), MOST_SAID_BYTES, 0).decode()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """The exit code after the signal, and the rest of what was said on standard output."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=STOPS_WITHIN_S)
        return self.process.returncode, rest


@contextmanager
def sandbox(
    *arguments: str, environment: dict[str, str] | None = None, opens_browser: bool = False
) -> Iterator[SandboxProcess]:
    """A sandbox on a free port, until the end; killed then if it was not stopped."""
    command = [sys.executable, "-m", "bot", "sandbox"]
    if not opens_browser:
        command += ["--no-browser"]
    if "--port" not in arguments:
        command += ["--port", "0"]
    with (
        tempfile.TemporaryFile("w+") as stderr,
        subprocess.Popen(  # noqa: S603 - our own command line
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, **(environment or {})},
        ) as process,
    ):
        assert process.stdout is not None
        running = SandboxProcess(process, stderr, process.stdout.readline().strip())
        try:
            yield running
        finally:
            if process.poll() is None:
                running.stop()
