from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "milepost.notices"

    def ready(self) -> None:
        from milepost.notices import registered

        registered.register()
