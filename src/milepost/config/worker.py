"""The background worker's entry point: runs tasks from the database until it is told to stop."""

import os


def main() -> None:
    """Run tasks until a signal comes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "milepost.config.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("db_worker", interval=1.0, reload=False, verbosity=0)


if __name__ == "__main__":
    main()
