from django.apps import AppConfig


class QuizConfig(AppConfig):
    name = "milepost.activities.quiz"

    def ready(self) -> None:
        from milepost.activities.quiz import registered

        registered.register()
