"""Children that can't outlive their parent: the kernel ends them with it, even when it is killed with -9.

Linux alone has this (`prctl(2)`, PR_SET_PDEATHSIG); elsewhere children live on when their parent is killed so.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with(parent: int) -> None:
    """Have the kernel kill this process as soon as its parent, the process of this number, has ended.

    It holds across `exec`, and not for children of this process: each says so for itself.
    """
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before it could be asked for
        os._exit(1)
