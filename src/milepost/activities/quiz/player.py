"""Playing a quiz: start, answer (saved as given), finish, see what was right. Right answers stay on the server
until the attempt is over.
"""

import random
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase, JsonResponse, QueryDict
from django.utils.translation import gettext as _

from milepost.activities.quiz.finishing import finish
from milepost.activities.quiz.grading import complaint, is_answered, is_settled, mark, right_response, type_of
from milepost.activities.quiz.types import Mark, Question, Response, Showing
from milepost.core import clock
from milepost.core.refusals import as_message
from milepost.learning.attempting import (
    AttemptOver,
    attempts_at,
    open_attempt,
    save_answers,
    start_attempt,
)
from milepost.learning.models import Attempt
from milepost.learning.players import Handler, Play, Player


class QuizPlayer(Player):
    """How a quiz is played."""

    kind = "quiz"
    template = "quiz/play.html"
    kept = frozenset({"answers"})

    def context(self, play: Play) -> dict[str, Any]:
        attempts = attempts_at(play.enrolment, play.activity)[::-1]
        running = next((attempt for attempt in attempts if not attempt.is_over), None)
        if running and (running.has_expired or running.digest != play.activity.digest):
            _finish(play, running)
            play.progress.refresh_from_db()
            running.refresh_from_db()
            if running.digest != play.activity.digest:  # else the page shows its result, and says so
                messages.info(play.request, _("That attempt is over. What you had answered was counted."))
            running = None
        over = [attempt for attempt in attempts if attempt.is_over and attempt.digest == play.activity.digest]
        limit = play.definition["attempts"]
        left = None if limit is None else max(0, limit - len(over))
        context: dict[str, Any] = {
            "running": running,
            "over": over,
            "left": left,
            "can_start": left != 0,
            "intro": play.html(play.definition["intro"]),
        }
        if running:
            context |= _questions_to_answer(play, running)
        elif over:
            is_final = over[-1].is_passed or left == 0
            context |= {"last": over[-1], "review": _review(play, over[-1], shows_answers=bool(is_final))}
        return context

    def resources(self) -> Mapping[str, Handler]:
        return {"attempt": _start, "answers": _answers, "submission": _submit, "completion": _go_on}


def _start(play: Play) -> HttpResponseBase:
    definition = play.definition
    with as_message(play.request):
        start_attempt(
            enrolment=play.enrolment,
            activity=play.activity,
            limit=definition["attempts"],
            seconds=definition["time_limit"],
        )
    return play.again()


def _answers(play: Play) -> HttpResponseBase:
    """Save what was answered so far; the answer says of each question what keeps it from being one, if anything does."""
    attempt = open_attempt(enrolment=play.enrolment, activity=play.activity)
    if attempt is None:
        return JsonResponse({"over": True}, status=409)
    questions = play.definition["questions"]
    responses = read_responses(questions, play.request.POST)
    try:
        save_answers(attempt=attempt, responses=responses)
    except AttemptOver:
        return JsonResponse({"over": True}, status=409)
    said = {question["key"]: complaint(question, responses.get(question["key"])) for question in questions}
    complaints = {key: words for key, words in said.items() if words}
    return JsonResponse({"saved": True} | ({"complaints": complaints} if complaints else {}))


def _submit(play: Play) -> HttpResponseBase:
    attempt = open_attempt(enrolment=play.enrolment, activity=play.activity)
    if attempt is None:
        return play.again()
    with suppress(AttemptOver):  # what was answered in time counts, and the page says so
        save_answers(attempt=attempt, responses=read_responses(play.definition["questions"], play.request.POST))
    _finish(play, attempt)
    return play.again()


def _go_on(play: Play) -> HttpResponseBase:
    return play.onwards()


def _finish(play: Play, attempt: Attempt) -> None:
    play.enrolment = finish(enrolment=play.enrolment, activity=play.activity, attempt=attempt)


def read_responses(questions: list[Question], data: QueryDict) -> dict[str, Response]:
    """The responses in a form: `question` names those that it speaks of; parts are named question.part."""
    spoken_of = set(data.getlist("question"))
    of_form = [question for question in questions if question["key"] in spoken_of]
    return {question["key"]: type_of(question).take(question, data) for question in of_form}


def _questions_to_answer(play: Play, attempt: Attempt) -> dict[str, Any]:
    """The questions as this attempt shows them: in its own order, with what was answered, without what is right."""
    saved = {answer.question: answer.response for answer in attempt.answers.all()}
    questions = list(play.definition["questions"])
    if play.definition["shuffle"]:
        random.Random(attempt.seed).shuffle(questions)  # noqa: S311 - an order, not a secret
    shown = [_shown(play, question, saved.get(question["key"]), attempt.seed) for question in questions]
    remaining = (attempt.expires_at - clock.now()).total_seconds() if attempt.expires_at else None
    return {"questions": shown, "remaining": None if remaining is None else max(0, int(remaining))}


def _shown(play: Play, question: Question, response: Response, seed: int) -> dict[str, Any]:
    """One question without its answers. What is picked here is all that the browser ever gets."""
    shuffler = random.Random(f"{seed}/{question['key']}")  # noqa: S311 - an order, not a secret
    shown: dict[str, Any] = {name: question[name] for name in ("key", "type", "title", "plain_title", "points")}
    shown |= {"body": play.html(question["body"]), "is_answered": is_settled(question, response)}
    shown["complaint"] = complaint(question, response)
    kind = type_of(question)
    showing = Showing(shuffler, is_shuffled=play.definition["shuffle"])
    return shown | {"template": kind.template} | kind.show(question, response, showing)


def _review(play: Play, attempt: Attempt, *, shows_answers: bool) -> list[dict[str, Any]]:
    """Each question with how it was answered; the right answers only when there is nothing left to try."""
    saved = {answer.question: answer.response for answer in attempt.answers.all()}
    rows = []
    for question in play.definition["questions"]:
        response = saved.get(question["key"])
        judged: Mark = mark(question, response)
        rows.append(
            {
                "title": question["title"],
                "is_right": judged.is_right,
                "is_partly": 0 < judged.fraction < 1,
                "is_answered": is_answered(response),
                "complaint": complaint(question, response),
                "feedback": [*judged.feedback, *([question["feedback"]] if question["feedback"] else [])],
                "given": _in_words(question, response),
                "right": _in_words(question, right_response(question)) if shows_answers and not judged.is_right else [],
            }
        )
    return rows


def _in_words(question: Question, response: Response) -> list[str]:
    return type_of(question).tell(question, response) if is_answered(response) else []
