"""How long audiences of 10,000 people take to be looked at: all of them entering, a tenth moving, and nobody."""

from benchmark.rows import Row, timed
from milepost.audiences.evaluating import keep_current
from milepost.audiences.models import Audience
from milepost.audiences.saving import make_audience
from milepost.core import clock
from milepost.courses.models import Course
from milepost.people.models import Member, Organisation


def audiences() -> list[Row]:
    """Of the people of the bench: five audiences, one on another, each with several conditions."""
    organisation = Organisation.objects.get(slug="bench")
    sites = list(organisation.sites.values_list("pk", flat=True))
    course = {"condition": "completed", "value": {"course": _course(organisation), "days": None}}
    hired = {"condition": "hired", "value": {"when": "within", "days": 90}}
    everybody = _made(organisation, "Everybody", {"all": []})
    _made(organisation, "One site", {"all": [{"condition": "site", "value": sites[:1]}, {"not": hired}]})
    _made(organisation, "Not yet", {"not": course})
    _made(organisation, "Leading", {"any": [{"condition": "leads", "value": True}, {"condition": "job", "value": "a"}]})
    _made(
        organisation, "On another", {"all": [{"condition": "audience", "value": str(everybody.uid)}, {"not": course}]}
    )
    first = timed(lambda: keep_current(organisation))
    at_rest = timed(lambda: _again(organisation))
    moving = list(Member.objects.filter(organisation=organisation).order_by("pk").values_list("pk", flat=True)[:1_000])
    Member.objects.filter(pk__in=moving).update(site=sites[0], left_on=None)
    Member.objects.filter(pk__in=moving[:500]).update(left_on=clock.today())
    moved = timed(lambda: _again(organisation))
    people = sum(Audience.objects.filter(organisation=organisation).values_list("size", flat=True))
    Member.objects.filter(pk__in=moving[:500]).update(left_on=None)
    return [
        {"work": f"five audiences of 10,000: {people:,} enter", "median": first, "unit": "ms"},
        {"work": "five audiences of 10,000: 500 leave, 1,000 move", "median": moved, "unit": "ms"},
        {"work": "five audiences of 10,000: nobody moved", "median": at_rest, "unit": "ms"},
    ]


def _course(organisation: Organisation) -> str:
    return str(Course.objects.filter(organisation=organisation).earliest("pk").uid)


def _made(organisation: Organisation, name: str, rule: dict[str, object]) -> Audience:
    return make_audience(organisation=organisation, name=name, rule=rule, by=None)


def _again(organisation: Organisation) -> None:
    Audience.objects.filter(organisation=organisation).update(stale_at=clock.now())
    keep_current(organisation)
