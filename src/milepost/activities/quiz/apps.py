from django.apps import AppConfig


class QuizConfig(AppConfig):
    name = "milepost.activities.quiz"

    def ready(self) -> None:
        from milepost.activities.quiz.kind import QuizKind
        from milepost.activities.quiz.player import QuizPlayer
        from milepost.courses import kinds
        from milepost.learning import players

        kinds.register(QuizKind())
        players.register(QuizPlayer())
