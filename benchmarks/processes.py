"""Servers as processes of their own: started, waited for, measured and ended."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import IO

HOST = "127.0.0.1"
READY_WITHIN_S = 30.0
STOPS_WITHIN_S = 30.0
LOOKS_EVERY_S = 0.002


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    port: int
    pid: int
    ready_after_s: float

    def resident_mb(self) -> float:
        """Resident memory in megabytes (10^6 bytes), as Linux counts it."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


@asynccontextmanager
async def running(
    module: Sequence[str],
    environment: Mapping[str, str],
    *,
    port: int,
    ready_path: str = "/readyz",
    ready_status: int = 200,
) -> AsyncIterator[Server]:
    """`python -m …` as a server that has answered at *ready_path* as it should; SIGTERM ends it.

    Raises:
        RuntimeError: it ended, or did not answer in time, or did not end cleanly; with its output.
    """
    with tempfile.TemporaryFile() as output:
        began = perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *module,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd()), **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            if not await _is_ready(process, port, ready_path, ready_status):
                raise RuntimeError(f"{module[0]} did not become ready:\n{_read(output)}")
            yield Server(port, process.pid, perf_counter() - began)
        finally:
            exit_code = await _end(process)
        if exit_code:
            raise RuntimeError(f"{module[0]} ended with {exit_code}:\n{_read(output)}")


async def _is_ready(process: asyncio.subprocess.Process, port: int, path: str, status: int) -> bool:
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()
    ends_at = perf_counter() + READY_WITHIN_S
    while process.returncode is None and perf_counter() < ends_at:
        try:
            reader, writer = await asyncio.open_connection(HOST, port)
        except ConnectionRefusedError:
            await asyncio.sleep(LOOKS_EVERY_S)
            continue
        writer.write(request)
        status_line = await reader.readline()
        writer.close()
        if f" {status} ".encode() in status_line:
            return True
    return False


async def _end(process: asyncio.subprocess.Process) -> int:
    if process.returncode is None:
        process.terminate()
    try:
        return await asyncio.wait_for(process.wait(), STOPS_WITHIN_S)
    except TimeoutError:
        process.kill()
        return await process.wait()


def _read(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace")
