from django.apps import AppConfig


class PageConfig(AppConfig):
    name = "milepost.activities.page"

    def ready(self) -> None:
        from milepost.activities.page import registered

        registered.register()
