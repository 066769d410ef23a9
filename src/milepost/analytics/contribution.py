"""What analytics adds to a dossier: who did what when in the action's course, as a table."""

from milepost.analytics.reports.progress import people_rows
from milepost.courses.models import Course
from milepost.people.contributions import Contribution, DossierWriter, Scope


class AnalyticsContribution(Contribution):
    """The table of progress."""

    def write(self, scope: Scope, dossier: DossierWriter) -> None:
        if scope.course_id is None:
            return
        courses = Course.objects.filter(pk=scope.course_id, published__isnull=False)
        if course := courses.select_related("organisation", "published").first():
            dossier.table("records/progress.csv", people_rows(course, scope.members.order_by()))
