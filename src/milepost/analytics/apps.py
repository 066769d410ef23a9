from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "milepost.analytics"

    def ready(self) -> None:
        from milepost.analytics import registered

        registered.register()
