from django.apps import AppConfig


class VideoConfig(AppConfig):
    name = "milepost.activities.video"

    def ready(self) -> None:
        from milepost.activities.video import registered

        registered.register()
