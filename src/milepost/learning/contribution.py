"""What learning holds of training actions and people: enrolments, and what was done in them."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from milepost.courses.facts import COURSE_PUBLISHED
from milepost.journal.models import Entry
from milepost.journal.queries import of_people
from milepost.learning import facts
from milepost.learning.models import Enrolment, Equivalence
from milepost.learning.readiness import SOURCES
from milepost.learning.telling import FACTS, Telling
from milepost.people.contributions import Contribution, DossierWriter, Scope
from milepost.people.models import Member

# What every course that somebody was ever in has of them.
ENTERED = (facts.COURSE_REGISTERED, facts.COURSE_LAUNCHED, facts.COURSE_COMPLETED)


class LearningContribution(Contribution):
    """What people did in the action's course."""

    sources: ClassVar = SOURCES
    records: ClassVar = {
        "learning.Enrolment": gettext_lazy("Enrolments"),
        "learning.Progress": gettext_lazy("Activities begun"),
        "learning.Attempt": gettext_lazy("Attempts"),
        "learning.Answer": gettext_lazy("Answers"),
        "learning.Equivalence": gettext_lazy("Recognised from elsewhere"),
    }

    def facts(self, scope: Scope) -> Iterator[Q]:
        if scope.course_uid is None:
            return
        yield Q(about=str(scope.course_uid), fact=COURSE_PUBLISHED.name)
        for people in scope.people_in_batches():
            yield of_people(people) & Q(about=str(scope.course_uid))

    def participants(self, scope: Scope) -> "QuerySet[Any, Any] | None":
        if scope.course_id is None:
            return None
        return Enrolment.objects.filter(course=scope.course_id).values("member_id")

    def write(self, scope: Scope, dossier: DossierWriter) -> None:
        """Who completed the course, and who did what in it when, as tables."""
        if scope.course_uid is None:
            return
        telling = Telling(str(scope.course_uid), dossier.facts(FACTS))
        people = dossier.people
        dossier.table("records/completions.csv", telling.completions(people))
        dossier.table("records/progress.csv", telling.progress(people))

    def learnt(self, member: Member) -> Iterator[str]:
        theirs = Entry.objects.filter(of_people([str(member.uid)]), organisation_id=member.organisation_id)
        begun = theirs.filter(fact__in=[fact_type.name for fact_type in ENTERED]).order_by("about")
        yield from begun.values_list("about", flat=True).distinct()

    def erase(self, member: Member) -> None:
        Equivalence.objects.filter(member=member).delete()
        Enrolment.objects.filter(member=member).delete()
