"""The entry point of the web server."""

import multiprocessing
import os

from django.core.wsgi import get_wsgi_application

from milepost.config.ending import end_with

if server := multiprocessing.parent_process():  # the web server made this process to answer: it must not outlive it
    end_with(server.pid or 0)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "milepost.config.settings")
application = get_wsgi_application()
