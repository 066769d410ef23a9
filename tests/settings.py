"""The settings of the tests: those of Milepost, with a room more. Programs that tests start run as they are installed."""

import os
import sys
from pathlib import Path

if (worker := os.environ.get("PYTEST_XDIST_WORKER")) and "pytest" in sys.modules:
    # Processes that share the tests have a data folder each: what a test puts away must not be another's memory of seals.
    # Programs that they start with these settings stay in the folder that they are given.
    data = Path(os.environ["MILEPOST_DATA"]) / worker
    data.mkdir(exist_ok=True)
    os.environ["MILEPOST_DATA"] = str(data)

from milepost.config.settings import *  # noqa: F403
from milepost.config.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE

os.environ["DJANGO_SETTINGS_MODULE"] = "milepost.config.settings"

INSTALLED_APPS = [*INSTALLED_APPS, "tests.visits"]
# Django's client signs nobody's cookie; tests/test_secrets.py and the browsers come in through ours.
MIDDLEWARE = [
    name.replace("milepost.people.session_cookies.Signed", "django.contrib.sessions.middleware.") for name in MIDDLEWARE
]

if DATABASES["default"]["ENGINE"] == "milepost.core.sqlite":
    DATABASES["default"]["TEST"] = {
        "NAME": ":memory:"
    }  # what pytest-django leaves to SQLite under Django's own name alone
