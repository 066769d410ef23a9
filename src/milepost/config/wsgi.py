"""The entry point of the web server."""

import multiprocessing
import os
import signal
from functools import partial

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from milepost.config.answering import THREADS, Answering
from milepost.core import postgresql, sandbox, sqlite, traces
from milepost.core.ending import end_with
from milepost.core.starting import set_up
from milepost.core.systemd import Systemd

if server := multiprocessing.parent_process():  # the web server made this process to answer: it must not outlive it
    end_with(server.pid or 0)
    sqlite.begin_anew_by(partial(os.kill, os.getppid(), signal.SIGHUP))
set_up()

from milepost.journal import watching  # noqa: E402 (its models want Django set up)

application = Answering(get_wsgi_application())
# A person waits: their browser hears of trouble in time. Connections are made by requests alone, so none is older than this.
if settings.TRACES_URL:
    traces.start(settings.TRACES_URL, process="web")
postgresql.bound(statements=settings.DATABASE_PATIENCE, locks=settings.DATABASE_PATIENCE / 2, transactions=60)
sandbox.places.bound(THREADS - 1, patience=0.1)  # one thread is left to pages
sandbox.hurry()
sandbox.prepare()
watching.begin()
application.tell(Systemd())
