"""Playing a quiz: start, answer (saved as given), finish, see what was right. Right answers stay on the server
until the attempt is over.
"""

import random
from collections.abc import Mapping
from html import escape
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase, JsonResponse, QueryDict
from django.utils.translation import gettext as _

from milepost.activities.quiz.finishing import finish
from milepost.activities.quiz.grading import Mark, Question, Response, is_answered, mark, right_response
from milepost.core import clock
from milepost.core.refusals import as_message
from milepost.learning.attempting import (
    AttemptOver,
    open_attempt,
    save_answers,
    start_attempt,
)
from milepost.learning.models import Attempt
from milepost.learning.players import Handler, Play, Player

MAX_TEXT = 500


class QuizPlayer(Player):
    """How a quiz is played."""

    kind = "quiz"
    template = "quiz/play.html"

    def context(self, play: Play) -> dict[str, Any]:
        attempts = list(
            Attempt.objects.filter(enrolment=play.enrolment, activity_key=play.activity.key).order_by("number")
        )
        running = next((attempt for attempt in attempts if not attempt.is_over), None)
        if running and (running.has_expired or running.digest != play.activity.digest):
            _finish(play, running)
            play.progress.refresh_from_db()
            running.refresh_from_db()
            messages.info(play.request, _("That attempt is over. What you had answered was counted."))
            running = None
        over = [attempt for attempt in attempts if attempt.is_over and attempt.digest == play.activity.digest]
        limit = play.definition["attempts"]
        left = None if limit is None else max(0, limit - len(over))
        context: dict[str, Any] = {
            "running": running, "over": over, "left": left, "can_start": left != 0,
            "intro": play.html(play.definition["intro"]),
        }  # fmt: skip
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
    """Save what was answered so far; the answer says until when there is time."""
    attempt = open_attempt(enrolment=play.enrolment, activity=play.activity)
    if attempt is None:
        return JsonResponse({"over": True}, status=409)
    try:
        save_answers(attempt=attempt, responses=read_responses(play.definition["questions"], play.request.POST))
    except AttemptOver:
        return JsonResponse({"over": True}, status=409)
    return JsonResponse({"saved": True})


def _submit(play: Play) -> HttpResponseBase:
    attempt = open_attempt(enrolment=play.enrolment, activity=play.activity)
    if attempt is None:
        return play.again()
    try:
        save_answers(attempt=attempt, responses=read_responses(play.definition["questions"], play.request.POST))
    except AttemptOver as refused:
        messages.info(play.request, str(refused))
    _finish(play, attempt)
    return play.again()


def _go_on(play: Play) -> HttpResponseBase:
    return play.onwards()


def _finish(play: Play, attempt: Attempt) -> None:
    play.enrolment = finish(enrolment=play.enrolment, activity=play.activity, attempt=attempt)


def read_responses(questions: list[Question], data: QueryDict) -> dict[str, Response]:
    """The responses in a form: `question` names those that it speaks of; parts are named question.part."""
    spoken_of = set(data.getlist("question"))
    return {question["key"]: _response(question, data) for question in questions if question["key"] in spoken_of}


def _response(question: Question, data: QueryDict) -> Response:
    key = question["key"]
    if question["type"] == "multiple":
        return [value[:40] for value in data.getlist(key)[:100]]
    if question["type"] == "ordering":
        return [value[:40] for value in data.getlist(key)[:100]]
    if question["type"] == "matching":
        return {pair["key"]: data.get(f"{key}.{pair['key']}", "")[:40] for pair in question["pairs"]}
    if question["type"] == "gaps":
        parts = (part["key"] for part in question["parts"] if "key" in part)
        return {part: data.get(f"{key}.{part}", "")[:MAX_TEXT] for part in parts}
    return data.get(key, "")[:MAX_TEXT]


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
    shown |= {"body": play.html(question["body"]), "is_answered": is_answered(response)}
    if question["type"] in {"single", "multiple", "truefalse"}:
        chosen = set(response) if isinstance(response, list) else {response}
        options = [
            {"key": option["key"], "html": option["html"], "is_chosen": option["key"] in chosen}
            for option in question["options"]
        ]
        if play.definition["shuffle"] and question["type"] != "truefalse":
            shuffler.shuffle(options)
        shown["options"] = options
    elif question["type"] == "ordering":
        items = {item["key"]: item for item in question["items"]}
        order = (
            response
            if isinstance(response, list) and sorted(response) == sorted(items)
            else _mixed(list(items), shuffler)
        )
        shown["items"] = [items[key] for key in order]
    elif question["type"] == "matching":
        given = response if isinstance(response, dict) else {}
        rights = [{"key": pair["right_key"], "html": pair["right"]} for pair in question["pairs"]]
        shuffler.shuffle(rights)
        shown["rights"] = rights
        shown["lefts"] = [
            {"key": pair["key"], "html": pair["left"], "chosen": given.get(pair["key"], "")}
            for pair in question["pairs"]
        ]
    elif question["type"] == "gaps":
        given = response if isinstance(response, dict) else {}
        shown["parts"] = [
            {"key": part["key"], "value": given.get(part["key"], "")}
            if "key" in part else part
            for part in question["parts"]
        ]  # fmt: skip
    else:
        shown |= {"value": response or "", "unit": question.get("unit", "")}
    return shown


def _mixed(keys: list[str], shuffler: random.Random) -> list[str]:
    """An order that is not the right one."""
    right = list(keys)
    while keys == right:
        shuffler.shuffle(keys)
    return keys


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
                "feedback": [*judged.feedback, *([question["feedback"]] if question["feedback"] else [])],
                "given": _told(question, response),
                "right": _told(question, right_response(question)) if shows_answers and not judged.is_right else [],
            }
        )
    return rows


def _told(question: Question, response: Response) -> list[str]:
    """A response in words, as HTML lines."""
    if not is_answered(response):
        return []
    match question["type"]:
        case "truefalse":
            return [_("True") if response == "true" else _("False")]
        case "single" | "multiple":
            chosen = set(response) if isinstance(response, list) else {response}
            return [option["html"] for option in question["options"] if option["key"] in chosen]
        case "ordering":
            items = {item["key"]: item["html"] for item in question["items"]}
            return [f"{number}. {items.get(key, '')}" for number, key in enumerate(response, 1)]
        case "matching":
            rights = {pair["right_key"]: pair["right"] for pair in question["pairs"]}
            return [f"{pair['left']} → {rights.get(response.get(pair['key']), '…')}" for pair in question["pairs"]]
        case "gaps":
            return [escape(", ".join(str(value) or "…" for value in response.values()))]
        case "number":
            return [escape(f"{response} {question['unit']}".strip())]
        case _:
            return [escape(str(response))]
