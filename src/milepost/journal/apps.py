from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "milepost.journal"

    def ready(self) -> None:
        from milepost.journal import registered

        registered.register()
