from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "milepost.learning"

    def ready(self) -> None:
        from milepost.learning import registered

        registered.register()
