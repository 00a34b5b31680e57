"""Runs a command that ends when the sandbox does, however the sandbox ends.

`python -m bot.sandbox.leash PARENT_PID COMMAND` becomes the command. On Linux the kernel then kills
it when its parent dies, be it by SIGKILL itself; elsewhere the command runs unleashed. It is not
asked to drain first: whom it would answer died with the sandbox.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Does not return."""
    parent_pid, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent_pid):
            # The sandbox died before the kernel was asked, and will not die again.
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - the command line of our own bot


if __name__ == "__main__":
    main()
