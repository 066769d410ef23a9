"""How a quiz is written: its rules as fields, its questions as the body."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.activities.quiz.questions import read_questions
from milepost.courses.kinds import ActivityFile, Kind
from milepost.journal.vocabulary import ANYTHING, COUNT, NUMBER, TEXT, Fields, closed, listed


class QuizKind(Kind):
    """How a quiz is written."""

    name = "quiz"
    label = gettext_lazy("Quiz")
    icon = "question-circle"
    is_assessment = True
    work: ClassVar[Fields] = {
        "attempt": COUNT,
        "answers": listed(closed({"question": TEXT, "response": ANYTHING, "fraction": NUMBER})),
    }

    def read(self, file: ActivityFile) -> dict[str, Any]:
        """`{"pass_mark" (%), "attempts" (None: no limit), "time_limit" (s or None), "shuffle", "intro", "questions"}`."""
        source = file.source
        minutes = source.number("time_limit", None, low=1, high=600)
        intro, questions = read_questions(file)
        if not questions:
            source.problem(source.body_line, _("The quiz has no question. A question begins with “## ”."))
        return {
            "pass_mark": source.number("pass_mark", 70, low=0, high=100),
            "attempts": source.number("attempts", None, low=1, high=100),
            "time_limit": minutes * 60 if minutes else None,
            "shuffle": source.flag("shuffle", default=True),
            "intro": file.markdown(intro, line=source.body_line),
            "questions": questions,
        }

    def minutes(self, definition: dict[str, Any]) -> int:
        return max(1, len(definition["questions"]))
