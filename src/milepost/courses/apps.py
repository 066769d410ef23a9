from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "milepost.courses"

    def ready(self) -> None:
        from milepost.courses import registered

        registered.register()
