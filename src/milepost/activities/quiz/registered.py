"""What the quiz brings to the rooms below."""

from milepost.activities.quiz.kind import QuizKind
from milepost.activities.quiz.player import QuizPlayer
from milepost.courses import kinds
from milepost.learning import players


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    kinds.register(QuizKind())
    players.register(QuizPlayer())
