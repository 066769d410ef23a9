from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "milepost.evidence"

    def ready(self) -> None:
        from milepost.evidence import registered

        registered.register()
