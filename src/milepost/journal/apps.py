from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "milepost.journal"

    def ready(self) -> None:
        from milepost.core import periodic
        from milepost.journal import sealing, timestamping

        periodic.every(15, sealing.seal_all)
        periodic.every(30, timestamping.stamp_pending)
