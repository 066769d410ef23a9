"""What this kind hangs on the seams of the rooms below it."""

from milepost.activities.quiz import jobs
from milepost.activities.quiz.kind import QuizKind
from milepost.activities.quiz.player import QuizPlayer
from milepost.activities.quiz.types import question_types
from milepost.activities.quiz.types.gaps import Gaps
from milepost.activities.quiz.types.matching import Matching
from milepost.activities.quiz.types.multiple import Multiple
from milepost.activities.quiz.types.number import Number
from milepost.activities.quiz.types.ordering import Ordering
from milepost.activities.quiz.types.single import Single
from milepost.activities.quiz.types.text import Text
from milepost.activities.quiz.types.truefalse import TrueOrFalse
from milepost.core.jobs import every
from milepost.courses.kinds import kinds
from milepost.learning.attempting import overdue
from milepost.learning.players import players


def register() -> None:
    """Hang everything on its seam; called once, when Django starts."""
    kinds.register(QuizKind.name, QuizKind())
    players.register(QuizPlayer.kind, QuizPlayer())

    # A question is of the first type in its notation that it fits: the more special type stands first.
    for kind in (Single(), Multiple(), TrueOrFalse(), Number(), Text(), Ordering(), Matching(), Gaps()):
        question_types.register(kind.name, kind)

    every(5, jobs.find_overdue, when=lambda: overdue().exists())
