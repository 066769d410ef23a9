"""How long a requirement of 10,000 people takes: set and everybody enrolled, looked at again, seen before, and as of a day."""

from benchmark.rows import Row, timed
from milepost.audiences.evaluating import keep_current
from milepost.audiences.models import Audience
from milepost.audiences.saving import make_audience
from milepost.core import clock
from milepost.courses.models import Course
from milepost.people.models import Member, Organisation
from milepost.requirements.as_of import stood
from milepost.requirements.models import Requirement
from milepost.requirements.previewing import preview
from milepost.requirements.queries import cells, compliance_of
from milepost.requirements.setting import Asked, set_requirement
from milepost.requirements.standing import stand


def requirements() -> list[Row]:
    """Of the people of the bench, all of whom one audience holds."""
    organisation = Organisation.objects.get(slug="bench")
    lead = Member.objects.filter(organisation=organisation).earliest("pk")
    audience = Audience.objects.filter(organisation=organisation, name="Everybody").first()
    if audience is None:
        audience = make_audience(organisation=organisation, name="Everybody", rule={"all": []}, by=None)
        keep_current(organisation)
    course = Course.objects.filter(organisation=organisation, published__isnull=False).earliest("pk")
    asked = Asked("All", audience, course, starts_on=clock.today(), days=30, every_months=12)
    seen = timed(lambda: preview(organisation=organisation, asked=asked))
    requirement = set_requirement(organisation=organisation, asked=asked, by=lead)
    first = timed(lambda: stand(requirement.pk))
    again = timed(lambda: stand(requirement.pk))
    page = list(Member.objects.filter(organisation=organisation).order_by("family_name", "given_name", "pk")[:50])
    columns = list(Requirement.objects.filter(organisation=organisation))
    matrix = timed(lambda: cells(page, columns))
    numbers = timed(lambda: compliance_of(organisation))
    day = timed(lambda: stood(requirement, clock.today()))
    return [
        {"work": "a requirement of 10,000 seen before it is set", "median": seen, "unit": "ms"},
        {"work": "a requirement of 10,000: everybody gets a place or a round", "median": first, "unit": "ms"},
        {"work": "a requirement of 10,000: nobody stands otherwise", "median": again, "unit": "ms"},
        {"work": "fifty people by requirements", "median": matrix, "unit": "ms"},
        {"work": "how 10,000 stand, counted", "median": numbers, "unit": "ms"},
        {"work": "how 10,000 stood on a day, from facts", "median": day, "unit": "ms"},
    ]
