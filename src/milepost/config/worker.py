"""The background worker's entry point: tasks from the database, and what comes round again and again."""

import os
from threading import Event, Thread


def main() -> None:
    """Work until a signal comes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "milepost.config.settings")
    import django
    from django.core.management import call_command

    django.setup()
    from milepost.core import periodic

    stop = Event()
    rounds = Thread(target=periodic.run_until, args=(stop,), name="rounds")
    rounds.start()
    try:
        call_command("db_worker", interval=1.0, reload=False, verbosity=0)
    finally:
        stop.set()
        rounds.join()


if __name__ == "__main__":
    main()
