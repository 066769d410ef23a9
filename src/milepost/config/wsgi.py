"""The entry point of the web server."""

import multiprocessing
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from milepost.config.ending import end_with
from milepost.core import postgresql, traces

if server := multiprocessing.parent_process():  # the web server made this process to answer: it must not outlive it
    end_with(server.pid or 0)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "milepost.config.settings")
application = get_wsgi_application()
# A person waits: their browser hears of trouble in time. Connections are made by requests alone, so none is older than this.
if settings.TRACES_URL:
    traces.start(settings.TRACES_URL, process="web")
postgresql.bound(statements=settings.DATABASE_PATIENCE, locks=settings.DATABASE_PATIENCE / 2, transactions=60)
