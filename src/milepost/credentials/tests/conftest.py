"""A certificate that was earned, and its file."""

import pytest

from milepost.credentials.models import Certificate
from milepost.credentials.typesetting import pdf_of
from milepost.journal.subscriptions import deliver_all
from milepost.learning.progressing import complete_activity
from tests.worlds import activity


def complete(enrolment):
    for key in ("01-first/01-read", "02-second/02-sign"):
        complete_activity(enrolment=enrolment, activity=activity(enrolment, key))
    return complete_activity(
        enrolment=enrolment, activity=activity(enrolment, "01-first/02-check"), score=90.0, is_passed=True
    )


@pytest.fixture
def earned(enrolment):
    complete(enrolment)
    deliver_all()
    return Certificate.objects.select_related("organisation").get()


@pytest.fixture
def file(earned):
    return pdf_of(earned)
