"""A parser that takes its time to be loaded, in the process alone that children are forked from."""

import sys
import time

from milepost.core.sandbox import Unreadable, confined

if any("fork_server" in argument for argument in sys.orig_argv):
    until = time.process_time() + 0.9
    while time.process_time() < until:
        pass


@confined(Unreadable)
def busy(content: bytes) -> float:
    """Be at work for so many seconds of CPU."""
    while (spent := time.process_time()) < float(content):
        pass
    return spent
