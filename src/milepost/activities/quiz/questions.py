"""Questions as Markdown: what all types of questions have in common, and how their source is read.

A question begins with a heading of level 2. How its answers are written says of which type it is (see `types`):

    - [ ] / - [x]      one x: single choice; several: multiple choice
    = true             true or false
    = 3.14 ± 0.01      a number with a tolerance
    = carbon dioxide   a short text (alternatives separated by |)
    1. 2. 3.           ordering, written in the right order
    - left :: right    matching
    [[word|other]]     gaps in a text

A line of `> …` under an answer is feedback for it; under the question, feedback for all. `!= value > …` gives
feedback for one wrong value.
"""

from django.utils.translation import gettext as _

from milepost.activities.quiz.notation import Draft, sort_lines
from milepost.activities.quiz.types import Question, QuestionType, Written, notations, question_types
from milepost.courses.kinds import ActivityFile
from milepost.courses.markdown import plain_text, render_inline


def read_questions(file: ActivityFile) -> tuple[str, list[Question]]:
    """The text before the first question as Markdown, and the questions' definitions."""
    intro, drafts = sort_lines(file.source.body, first=file.source.body_line, notations=notations())
    return intro, [_question(file, draft, number) for number, draft in enumerate(drafts, 1)]


def _question(file: ActivityFile, draft: Draft, number: int) -> Question:
    written = Written(draft, number, file.source.problem)
    kind = _type_of(written)
    title = render_inline(draft.title)
    question: Question = {
        "key": f"q{number}",
        "type": kind.name if kind else "none",
        "title": title,
        "plain_title": plain_text(title),
        "points": _points(written),
        "feedback": render_inline(" ".join(draft.feedback)) if draft.feedback else "",
    }
    own = kind.read(written) if kind else {}
    if "body" not in own:
        question["body"] = file.markdown("\n".join(draft.body), line=draft.body_line)
    return question | own


def _type_of(written: Written) -> QuestionType | None:
    """The first type that the answers fit; None, and a problem, where they fit none or several notations are mixed."""
    draft = written.draft
    used = [notation for notation in notations() if notation.is_used_in(draft)]
    if len(used) > 1:
        written.problem(draft.line, _("The question mixes several types of answers. Keep to one."))
        return None
    of_notation = (kind for kind in question_types.all() if kind.notation in used)
    kind = next((kind for kind in of_notation if kind.fits(draft)), None)
    if kind is None:
        message = _(
            "The question has no answers. Write them as “- [ ] answer”, “= answer”, “1. first”, “- this :: that” "
            "or [[gap]]."
        )
        written.problem(draft.line, message)
    return kind


def _points(written: Written) -> int:
    line, attributes = written.draft.line + 1, written.draft.attributes
    for name in attributes:
        if name not in {"type", "points"}:
            message = _("“%(name)s” is not known here. Use {type: multiple} or {points: 2}.")
            written.problem(line, message % {"name": name})
    points = attributes.get("points", "1")
    if not points.isdigit() or not 1 <= int(points) <= 100:
        written.problem(line, _("“points” must be a whole number from 1 to 100."))
        return 1
    return int(points)
