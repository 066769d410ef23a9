"""The settings of the tests: those of Milepost, with a room more. Programs that tests start run as they are installed."""

import os

from milepost.config.settings import *  # noqa: F403
from milepost.config.settings import INSTALLED_APPS

os.environ["DJANGO_SETTINGS_MODULE"] = "milepost.config.settings"

INSTALLED_APPS = [*INSTALLED_APPS, "tests.visits"]
