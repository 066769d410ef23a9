"""The background worker: it does the jobs of all queues until a signal comes."""

import os
import sys
import time
from contextlib import suppress

from milepost.config.supervising import Signals
from milepost.config.watchdog import SILENCE
from milepost.core.starting import set_up
from milepost.core.systemd import Systemd


def main() -> None:
    """The entry point of the worker under `milepost up`."""
    set_up()
    signals = Signals(is_in_terminal=False)
    signals.listen()
    Working(signals, Systemd()).go_on()


class Working:
    """A worker of this process, and whether it gets on: the thread that keeps the leases comes round all the time."""

    def __init__(self, signals: Signals, systemd: Systemd) -> None:
        self._signals, self._systemd = signals, systemd
        self._came_round = time.monotonic()

    def go_on(self) -> None:
        """Work until a signal comes, and be gone within five seconds of it."""
        from django.conf import settings
        from django.db import Error

        from milepost.config import schema
        from milepost.core import postgresql, sqlite, traces
        from milepost.core.jobs import Worker
        from milepost.core.jobs.tasks import LIMIT
        from milepost.core.refusals import Refused
        from milepost.journal import watching

        postgresql.bound(statements=LIMIT, locks=60, transactions=LIMIT)
        if settings.TRACES_URL:
            traces.start(settings.TRACES_URL, process="worker")
        sqlite.begin_anew_by(self._signals.ask_to_renew)  # whoever keeps it starts another
        if settings.QUEUE_URL:
            from milepost.core.jobs.broker import BrokerWorker as Worker
        with suppress(Error):  # a database that is away is waited for
            try:
                schema.refuse_unfit()
            except Refused as refused:
                sys.exit(f"Error: {refused}")
        watching.begin()
        self._systemd.tell("READY=1")
        if not Worker().run(self._is_to_stop):
            os._exit(0)  # what still runs was given back: waiting for it would only keep the next worker from it

    def is_alive(self) -> bool:
        """Whether it came round lately."""
        return time.monotonic() - self._came_round < SILENCE

    def _is_to_stop(self) -> bool:
        self._came_round = time.monotonic()
        self._systemd.live()
        return self._signals.asks_to_stop or self._signals.asks_to_renew  # whoever keeps it starts another


if __name__ == "__main__":
    main()
