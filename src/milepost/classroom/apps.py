from django.apps import AppConfig


class ClassroomConfig(AppConfig):
    name = "milepost.classroom"

    def ready(self) -> None:
        from milepost.classroom import registered

        registered.register()
