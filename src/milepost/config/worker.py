"""The background worker's entry point: it does the jobs of all queues until a signal comes."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType


def main(arguments: Sequence[str] = ()) -> None:
    """Work until a signal comes, and be gone within five seconds of it.

    `--after=PID` says that this process follows one of this host that has ended: it takes over what that was at.
    """
    parser = argparse.ArgumentParser(prog="python -m milepost.config.worker", description=main.__doc__)
    parser.add_argument("--after", type=int, default=0, metavar="PID")
    after = parser.parse_args(arguments).after
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "milepost.config.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.db import Error

    from milepost.config import schema
    from milepost.core import postgresql, traces
    from milepost.core.jobs import Worker
    from milepost.core.jobs.tasks import LIMIT
    from milepost.core.refusals import Refused

    postgresql.bound(statements=LIMIT, locks=60, transactions=LIMIT)
    if settings.TRACES_URL:
        traces.start(settings.TRACES_URL, process="worker")
    signals: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        signals.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, note)
    if settings.QUEUE_URL:
        from milepost.core.jobs.broker import BrokerWorker as Worker
    with suppress(Error):  # a database that is away is waited for
        try:
            schema.refuse_unfit()
        except Refused as refused:
            sys.exit(f"Error: {refused}")
    if not Worker(after=after).run(lambda: bool(signals)):
        os._exit(0)  # what still runs was given back: waiting for it would only keep the next worker from it


if __name__ == "__main__":
    main(sys.argv[1:])
