"""Starting Django in a process: settings, rooms, and what they hang on the seams."""

import atexit
import gc
import os


def set_up() -> None:
    """Start Django with the settings of the environment, unless it has been started. Its connections are closed when the process ends.

    What is loaded stays to the end: to look through it for what nobody uses would be a quarter of each command’s time, and would
    have forks copy what they share.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "milepost.config.settings")
    import django
    from django.apps import apps

    if apps.ready:
        return
    gc.disable()
    try:
        django.setup()
    finally:
        gc.freeze()
        gc.enable()
    from django.db import connections

    atexit.register(connections.close_all)  # SQLite puts its log into its file once nobody has it open any more
