"""What the background does for requirements."""

from django.utils.translation import gettext_lazy

from milepost.core.jobs import job, named
from milepost.people.models import Organisation
from milepost.requirements import standing
from milepost.requirements.models import Requirement


@job(queue="facts", title=gettext_lazy("Look who meets which requirement"))
def keep_current(organisation_id: int) -> None:
    """Look at those that are due."""
    for organisation in Organisation.objects.filter(pk=organisation_id):
        standing.keep_current(organisation)


@job(queue="facts")
def find_due() -> None:
    """Have each organisation looked at whose midnight passed, or in which something was left undone."""
    due = Requirement.objects.due().order_by("organisation_id").values_list("organisation_id", flat=True).distinct()
    named("requirements.keep_current").enqueue_many((organisation,) for organisation in due)
