"""Somebody who completed a course at Aldermoor, with a certificate, and comes to Norrviken with the receipt of it."""

import io

import pytest

from milepost.core.jobs import run_all
from milepost.credentials.tests.conftest import complete
from milepost.journal.subscriptions import deliver_all
from milepost.people.organisations import create_organisation
from milepost.receipts.making import take_receipt
from tests.worlds import SMALL_COURSE, make_course, make_member


@pytest.fixture
def earned(enrolment):
    complete(enrolment)
    deliver_all()
    run_all(queues=["files"])
    return enrolment.certificates.get()


@pytest.fixture
def receipt(earned, learner):
    return receipt_of(learner)


@pytest.fixture
def norrviken(db):
    return create_organisation(slug="norrviken", name="Norrviken", time_zone="Europe/Stockholm")


@pytest.fixture
def hr(norrviken):
    return make_member(norrviken, "hanna", roles=["hr"])


@pytest.fixture
def comer(norrviken):
    return make_member(norrviken, "otto")


@pytest.fixture
def ladders(norrviken, hr):
    tree = SMALL_COURSE | {
        "course.md": SMALL_COURSE["course.md"].replace("Ladders", "Heights").replace("ladders", "heights")
    }
    return make_course(norrviken, tree, by=hr)


def receipt_of(member, **more):
    file = io.BytesIO()
    take_receipt(member=member, file=file, by=member, **more)
    return file.getvalue()
