from django.apps import AppConfig


class AcknowledgementConfig(AppConfig):
    name = "milepost.activities.acknowledgement"

    def ready(self) -> None:
        from milepost.activities.acknowledgement import registered

        registered.register()
