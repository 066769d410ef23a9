"""A clock that is as many seconds ahead as a file says: Python imports this before all else where its folder is in PYTHONPATH.

What counts time (`time.monotonic`) goes on as it does. (libfaketime would do it below Python, and breaks `time.sleep` there.)
"""

import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.utils import timezone

from milepost.core import clock

says, real, known = Path(os.environ["CLOCK_AHEAD"]), time.time, [0.0]


def ahead():
    with suppress(ValueError):  # it is being written
        known[0] = float(says.read_text())
    return known[0]


time.time = lambda: real() + ahead()
timezone.now = lambda: datetime.now(UTC) + timedelta(seconds=ahead())
clock.now = lambda: clock._moved_to.get() or timezone.now()
