"""Races of learning: joining, beginning, answering, finishing, leaving, publishing."""

from datetime import timedelta
from typing import Any

from milepost.activities.video.watching import Beat, take_beat
from milepost.core import clock
from milepost.courses.drafts import import_draft
from milepost.courses.models import Course, Version
from milepost.courses.outline import content_of
from milepost.courses.publishing import publish
from milepost.credentials.issuing import issue_missing, reissue
from milepost.credentials.models import Certificate, StatusList
from milepost.credentials.revoking import revoke
from milepost.journal.models import Entry
from milepost.learning.attempting import finish_attempt, save_answers, start_attempt
from milepost.learning.enrolling import enrol, enrol_many, reschedule, withdraw
from milepost.learning.models import Answer, Attempt, Enrolment, Progress
from milepost.learning.progressing import complete_activity, open_activity
from milepost.people.models import Member
from tests.racing import PAIRS, Act, Pair, Race, facts, house, no_fault
from tests.worlds import SMALL_COURSE, files, make_course

QUIZ, PAGE = "01-first/02-check", "01-first/01-read"


FILM = "01-first/05-film"
_FILM = (
    "---\ntitle: Film\nsource: https://films.example/film.mp4\nduration: 100\ncaptions: {en: ../media/film.vtt}\n---\n"
)
_CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:30.000\nHello\n"


def world_of_learning() -> Any:
    return *house(), iter(range(PAIRS))


def _tree(number: int, more: dict[str, str] = {}) -> dict[str, str]:  # noqa: B006
    return SMALL_COURSE | {"course.md": SMALL_COURSE["course.md"].replace("slug: ladders", f"slug: l-{number}")} | more


def _course(world: Any) -> Course:
    organisation, lead, _members, numbers = world
    return make_course(organisation, _tree(next(numbers)), by=lead)


def _enrolment(world: Any) -> Enrolment:
    return enrol(member=world[2][0], course=_course(world), by=world[1])


def again(enrolment: Enrolment) -> Enrolment:
    """As a page has read it before anybody presses."""
    return Enrolment.objects.select_related("member", "course", "organisation").get(pk=enrolment.pk)


def _judge(_question: str, _response: object) -> float:
    return 1.0


def _enrol_at_once(world: Any) -> Pair:
    """Somebody joins by themselves while everybody is enrolled."""
    course, [_organisation, lead, members, _numbers] = _course(world), world

    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert Enrolment.objects.filter(course=course).count() == len(members)
        assert facts("registered", course.uid) == len(members)

    people = Member.objects.filter(pk__in=[member.pk for member in members])
    acts: list[Act] = [lambda: enrol_many(members=people, course=course, by=lead)]
    return acts + [lambda one=one: enrol(member=one, course=course) for one in members[:3]], count


def _enrol_and_publish(world: Any) -> Pair:
    """Whoever joins in the moment in which a version appears learns from that version."""
    organisation, lead, members, numbers = world
    number = next(numbers)
    course = make_course(organisation, _tree(number), by=lead)
    import_draft(organisation=organisation, files=files(_tree(number, {PAGE + ".page.md": "---\ntitle: New\n---\nX"})))
    pages = [Course.objects.select_related("published", "organisation").get(pk=course.pk) for _ in range(3)]

    def count(answers: list[str]) -> None:
        no_fault(answers)
        newest = Course.objects.get(pk=course.pk).published_id
        assert set(Enrolment.objects.filter(course=course).values_list("version_id", flat=True)) == {newest}, answers

    return [
        lambda: publish(course=pages[0], by=lead),
        lambda: enrol(member=members[0], course=pages[1], by=lead),
        lambda: enrol_many(members=Member.objects.filter(pk=members[1].pk), course=pages[2], by=lead),
    ], count


def _publish_twice(world: Any) -> Pair:
    organisation, lead, _members, numbers = world
    course = make_course(organisation, _tree(next(numbers)), by=lead, publish=False)
    pages = [Course.objects.select_related("published", "organisation").get(pk=course.pk) for _ in range(2)]

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["NothingToPublish", "done"], answers
        assert facts("published", course.uid) == Version.objects.filter(course=course).count() == 1

    return [lambda page=page: publish(course=page, by=lead) for page in pages], count


def _publish_and_import(world: Any) -> Pair:
    """What is frozen is one draft, never the activities of one with the files of another."""
    organisation, lead, _members, numbers = world
    number = next(numbers)
    course = make_course(organisation, _tree(number), by=lead, publish=False)
    newer = files(_tree(number, {PAGE + ".page.md": "---\ntitle: New\n---\nX"}))

    def count(answers: list[str]) -> None:
        no_fault(answers)
        for version in Version.objects.filter(course=course):
            titles = [one["title"] for module in version.outline["modules"] for one in module["activities"]]
            is_newer = version.files == Course.objects.get(pk=course.pk).draft
            assert ("New" in titles) == is_newer, (titles, answers)

    return [
        lambda: publish(course=course, by=lead),
        lambda: import_draft(organisation=organisation, files=newer, by=lead),
    ], count


def _import_one_course_twice(world: Any) -> Pair:
    organisation, lead, _members, numbers = world
    number = next(numbers)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert Course.objects.filter(organisation=organisation, slug=f"l-{number}").count() == 1

    return [lambda: import_draft(organisation=organisation, files=files(_tree(number)), by=lead)] * 2, count


def _withdraw_twice(world: Any) -> Pair:
    enrolment = _enrolment(world)
    first, second, lead = again(enrolment), again(enrolment), world[1]

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["NotEnrolled", "done"], answers
        assert facts("withdrew", enrolment.course.uid) == 1

    return [lambda: withdraw(enrolment=first, by=lead), lambda: withdraw(enrolment=second, by=lead)], count


def _reschedule_twice(world: Any) -> Pair:
    from datetime import date

    enrolment = _enrolment(world)
    first, second, lead, day = again(enrolment), again(enrolment), world[1], date(2030, 1, 1)

    def count(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert facts("rescheduled", enrolment.course.uid) == 1

    return [lambda one=one: reschedule(enrolment=one, due=day, by=lead) for one in (first, second)], count


def _begin_twice(world: Any) -> Pair:
    """A course is launched once, whatever is opened first, and on however many screens."""
    enrolment = _enrolment(world)
    first, second = again(enrolment), again(enrolment)
    page, quiz = (enrolment.outline.by_key[key] for key in (PAGE, QUIZ))

    def count(answers: list[str]) -> None:
        assert answers == ["done"] * 2, answers
        assert facts("launched", enrolment.course.uid) == 1
        opened = Entry.objects.filter(verb="initialized", about=str(enrolment.course.uid))
        assert sorted(opened.values_list("object_id", flat=True)) == sorted([page.key, quiz.key])

    return [
        lambda: open_activity(enrolment=first, activity=page, progress=None),
        lambda: open_activity(enrolment=second, activity=quiz, progress=None),
    ], count


def _begin_and_complete(world: Any) -> Pair:
    enrolment = _enrolment(world)
    first, second = again(enrolment), again(enrolment)
    page, quiz = (enrolment.outline.by_key[key] for key in (PAGE, QUIZ))

    def count(answers: list[str]) -> None:
        assert answers == ["done"] * 2, answers
        assert facts("launched", enrolment.course.uid) == 1

    return [
        lambda: open_activity(enrolment=first, activity=quiz, progress=None),
        lambda: complete_activity(enrolment=second, activity=page),
    ], count


def _complete_twice(world: Any) -> Pair:
    enrolment = _enrolment(world)
    first, second = again(enrolment), again(enrolment)
    page = enrolment.outline.by_key[PAGE]

    def count(answers: list[str]) -> None:
        assert answers == ["done"] * 2, answers
        assert Enrolment.objects.get(pk=enrolment.pk).done == 1

    return [lambda one=one: complete_activity(enrolment=one, activity=page) for one in (first, second)], count


def _two_beats(world: Any) -> Pair:
    """Two windows tell at once that they played different parts: there was time for one of them."""
    organisation, lead, members, numbers = world
    course = make_course(
        organisation, _tree(next(numbers), {FILM + ".video.md": _FILM, "media/film.vtt": _CAPTIONS}), by=lead
    )
    enrolment = enrol(member=members[0], course=course, by=lead)
    film = enrolment.outline.by_key[FILM]
    with clock.at(clock.now() - timedelta(seconds=10)):
        open_activity(enrolment=enrolment, activity=film, progress=None)
    definition = content_of(organisation.pk, film.digest).definition

    def count(answers: list[str]) -> None:
        assert answers == ["done"] * 2, answers
        watched = Progress.objects.get(enrolment=enrolment).state["watched"]
        assert watched in ([[0, 35]], [[60, 95]]), watched

    return [
        lambda one=one, beat=beat: take_beat(enrolment=one, activity=film, definition=definition, beat=beat)
        for one, beat in (
            (again(enrolment), Beat(35, [(0, 35)])),
            (again(enrolment), Beat(95, [(60, 95)])),
        )
    ], count


def _learn_and_withdraw(world: Any) -> Pair:
    """Whoever is taken out in the middle of a step is told so."""
    enrolment = _enrolment(world)
    pages, lead = [again(enrolment) for _ in range(4)], world[1]
    page, quiz = (enrolment.outline.by_key[key] for key in (PAGE, QUIZ))
    attempt = start_attempt(enrolment=pages[3], activity=quiz, limit=None, seconds=None)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert answers[0] == "done", answers
        assert not Enrolment.objects.filter(pk=enrolment.pk).exists()

    return [
        lambda: withdraw(enrolment=pages[0], by=lead),
        lambda: open_activity(enrolment=pages[1], activity=page, progress=None),
        lambda: complete_activity(enrolment=pages[2], activity=page),
        lambda: _finish(attempt, pages[3]),
    ], count


def _start_twice(world: Any) -> Pair:
    enrolment = _enrolment(world)
    first, second, quiz = again(enrolment), again(enrolment), enrolment.outline.by_key[QUIZ]
    started: list[int] = []

    def count(answers: list[str]) -> None:
        assert answers == ["done"] * 2, answers
        assert {Attempt.objects.get(enrolment=enrolment).pk} == set(started)

    def start(one: Enrolment) -> None:
        started.append(start_attempt(enrolment=one, activity=quiz, limit=1, seconds=None).pk)

    return [lambda: start(first), lambda: start(second)], count


def _start_and_finish(world: Any) -> Pair:
    """The other tab finishes the attempt that this one was about to go on with."""
    enrolment = _enrolment(world)
    first, second, quiz = again(enrolment), again(enrolment), enrolment.outline.by_key[QUIZ]
    attempt = start_attempt(enrolment=enrolment, activity=quiz, limit=1, seconds=None)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        assert Attempt.objects.filter(enrolment=enrolment).count() == 1, answers

    return [
        lambda: start_attempt(enrolment=first, activity=quiz, limit=1, seconds=None),
        lambda: _finish(attempt, second),
    ], count


def _finish_twice(world: Any) -> Pair:
    enrolment = _enrolment(world)
    quiz = enrolment.outline.by_key[QUIZ]
    attempt = start_attempt(enrolment=enrolment, activity=quiz, limit=None, seconds=None)
    save_answers(attempt=attempt, responses={"q": "2"})
    first, second = again(enrolment), again(enrolment)

    def count(answers: list[str]) -> None:
        assert answers == ["done"] * 2, answers
        assert facts("passed", quiz.as_reference().id) + facts("failed", quiz.as_reference().id) == before + 1

    before = facts("passed", quiz.as_reference().id) + facts("failed", quiz.as_reference().id)
    return [lambda: _finish(attempt, first), lambda: _finish(attempt, second)], count


def _finish(attempt: Attempt, enrolment: Enrolment) -> None:
    quiz = enrolment.outline.by_key[QUIZ]
    finish_attempt(attempt=attempt, enrolment=enrolment, activity=quiz, weights={"q": 1}, pass_mark=50, marker=_judge)


def _answer_and_finish(world: Any) -> Pair:
    """An answer that was taken is judged: none comes in between."""
    enrolment = _enrolment(world)
    quiz = enrolment.outline.by_key[QUIZ]
    attempt = start_attempt(enrolment=enrolment, activity=quiz, limit=None, seconds=None)
    read_by_page = Attempt.objects.get(pk=attempt.pk)

    def count(answers: list[str]) -> None:
        no_fault(answers)
        unjudged = Answer.objects.filter(attempt=attempt, fraction=None).count()
        assert unjudged == 0, (unjudged, answers)

    return [
        lambda: _finish(attempt, enrolment),
        lambda: save_answers(attempt=read_by_page, responses={"q": "2"}),
    ], count


def completed(world: Any) -> Enrolment:
    enrolment = _enrolment(world)
    for key in enrolment.outline.counted:
        complete_activity(enrolment=enrolment, activity=enrolment.outline.by_key[key], score=100, is_passed=True)
    return enrolment


def _issue_twice(world: Any) -> Pair:
    enrolment, lead = completed(world), world[1]

    def count(answers: list[str]) -> None:
        assert answers == ["done"] * 2, answers
        [certificate] = Certificate.objects.filter(enrolment=enrolment)
        assert facts("issued", certificate.uid) == 1

    return [lambda: issue_missing(course=enrolment.course, by=lead)] * 2, count


def _reissue_and_revoke(world: Any) -> Pair:
    """One ends the certificate; the others hear that it had ended."""
    enrolment, lead = completed(world), world[1]
    issue_missing(course=enrolment.course, by=lead)
    old = Certificate.objects.get(enrolment=enrolment)
    pages = [Certificate.objects.get(pk=old.pk) for _ in range(4)]

    def count(answers: list[str]) -> None:
        assert sorted(answers) == ["NotCurrent"] * 3 + ["done"], answers
        assert facts("revoked", old.uid) + Certificate.objects.filter(replaces=old).count() == 1

    return [
        lambda: reissue(certificate=pages[0], by=lead),
        lambda: reissue(certificate=pages[1], by=lead),
        lambda: revoke(certificate=pages[2], reason="Wrong", by=lead),
        lambda: revoke(certificate=pages[3], reason="Wrong", by=lead),
    ], count


def _issue_in_two_courses(_world: Any) -> Pair:
    """Each badge has a place of its own, also in the first list of an organisation."""
    fresh = (*house(1), iter(range(2)))
    first, second = completed(fresh), completed(fresh)

    def count(answers: list[str]) -> None:
        assert answers == ["done"] * 2, answers
        certificates = Certificate.objects.filter(organisation=fresh[0])
        assert len({(one.status_list_id, one.status_index) for one in certificates}) == 2
        assert _bits(StatusList.objects.get(organisation=fresh[0]).taken) == 2

    return [lambda course=one.course: issue_missing(course=course, by=fresh[1]) for one in (first, second)], count


def _revoke_two(_world: Any) -> Pair:
    """Neither bit is lost."""
    fresh = (*house(1), iter(range(2)))
    for enrolment in (completed(fresh), completed(fresh)):
        issue_missing(course=enrolment.course, by=fresh[1])
    certificates = list(Certificate.objects.filter(organisation=fresh[0]))

    def count(answers: list[str]) -> None:
        assert answers == ["done"] * 2, answers
        assert _bits(StatusList.objects.get(organisation=fresh[0]).revoked) == 2

    return [lambda one=one: revoke(certificate=one, reason="Wrong", by=fresh[1]) for one in certificates], count


def _bits(content: bytes | memoryview) -> int:
    return int.from_bytes(bytes(content)).bit_count()


RACES = {
    "enrolling": Race(world_of_learning, _enrol_at_once),
    "enrolling while a version appears": Race(world_of_learning, _enrol_and_publish, min(10, PAIRS)),
    "publishing": Race(world_of_learning, _publish_twice),
    "publishing while a draft comes in": Race(world_of_learning, _publish_and_import),
    "importing a course": Race(world_of_learning, _import_one_course_twice),
    "taking somebody out of a course": Race(world_of_learning, _withdraw_twice),
    "giving another day": Race(world_of_learning, _reschedule_twice),
    "launching a course": Race(world_of_learning, _begin_twice),
    "launching by completing": Race(world_of_learning, _begin_and_complete),
    "completing an activity": Race(world_of_learning, _complete_twice),
    "telling what was watched": Race(world_of_learning, _two_beats),
    "learning and being taken out": Race(world_of_learning, _learn_and_withdraw),
    "starting an attempt": Race(world_of_learning, _start_twice),
    "starting and finishing an attempt": Race(world_of_learning, _start_and_finish),
    "finishing an attempt": Race(world_of_learning, _finish_twice),
    "answering and finishing": Race(world_of_learning, _answer_and_finish),
    "issuing a certificate": Race(world_of_learning, _issue_twice),
    "reissuing and revoking a certificate": Race(world_of_learning, _reissue_and_revoke),
    "issuing in two courses": Race(world_of_learning, _issue_in_two_courses, min(10, PAIRS)),
    "revoking two certificates": Race(world_of_learning, _revoke_two, min(10, PAIRS)),
}
