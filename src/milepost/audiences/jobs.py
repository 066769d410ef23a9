"""What the background does for audiences."""

from django.utils.translation import gettext_lazy

from milepost.audiences import evaluating
from milepost.audiences.models import Audience
from milepost.core.jobs import job, named
from milepost.people.models import Organisation


@job(queue="facts", title=gettext_lazy("Look who is in which audience"))
def keep_current(organisation_id: int) -> None:
    """Look at those that are due."""
    for organisation in Organisation.objects.filter(pk=organisation_id):
        evaluating.keep_current(organisation)


@job(queue="facts")
def find_due() -> None:
    """Have each organisation looked at whose midnight passed, or in which something was left undone."""
    due = Audience.objects.due().order_by("organisation_id").values_list("organisation_id", flat=True).distinct()
    named("audiences.keep_current").enqueue_many((organisation,) for organisation in due)


@job(queue="facts")
def forget_left() -> None:
    """Delete who left so long ago that nobody looks."""
    evaluating.forgettable().delete()
