from datetime import timedelta

import pytest

from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.credentials.issuing import issue_missing, reissue
from milepost.credentials.models import Certificate
from milepost.credentials.typesetting import pdf_of
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment
from milepost.notices.preferences import switch_off
from milepost.notices.sending import send_due
from milepost.people.models import Member
from tests.worlds import make_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(organisation, course, lead):
    """Three people with certificates whose files are made."""
    make_people(organisation, 3)
    enrol_many(members=Member.objects.filter(organisation=organisation, user=None), course=course, by=lead)
    now = clock.now()
    Enrolment.objects.filter(course=course).update(launched_at=now, completed_at=now, done=3)
    issue_missing(course=course)
    run_all(queues=["files"])
    return list(Certificate.objects.select_related("organisation").order_by("pk"))


def addresses(mailoutbox):
    return sorted(message.to[0] for message in mailoutbox)


def test_a_certificate_comes_by_mail_once_with_its_file(three, mailoutbox):
    assert send_due() == 3
    assert send_due() == 0
    assert addresses(mailoutbox) == [f"n{n}@aldermoor.example" for n in range(3)]
    name, content, kind = mailoutbox[0].attachments[0]
    assert (name, kind) == (f"{three[0].file_name}.pdf", "application/pdf")
    assert content == pdf_of(three[0])
    assert mailoutbox[0].subject == "Your certificate: Ladders"
    assert f"/aldermoor/certificates/{three[0].uid}/" in mailoutbox[0].body
    assert f"/verify/{three[0].code}/" in mailoutbox[0].body


def test_it_waits_for_the_file(three, lead, mailoutbox):
    assert send_due() == 3
    reissue(certificate=three[0], by=lead)
    assert send_due() == 0
    run_all(queues=["files"])
    assert send_due() == 1


def test_a_file_that_is_missing_holds_up_no_other_certificate(three, mailoutbox):
    Certificate.objects.filter(pk=three[0].pk).update(pdf="0" * 64)
    assert send_due() == 2
    assert addresses(mailoutbox) == [f"n{n}@aldermoor.example" for n in (1, 2)]


def test_it_speaks_the_language_of_the_holder_even_to_hostile_names(organisation, course, lead, mailoutbox):
    make_people(organisation, 1)
    person = Member.objects.get(organisation=organisation, user=None)
    Member.objects.filter(pk=person.pk).update(language="fr", given_name="<b>O’Neil & Söhne</b>")
    enrol_many(members=Member.objects.filter(pk=person.pk), course=course, by=lead)
    now = clock.now()
    Enrolment.objects.update(launched_at=now, completed_at=now, done=3)
    issue_missing(course=course)
    run_all(queues=["files"])
    send_due()
    assert mailoutbox[0].subject == "Votre certificat\N{NO-BREAK SPACE}: Ladders"
    assert mailoutbox[0].body.startswith("Bonjour <b>O’Neil & Söhne</b>,")


def test_who_left_who_has_no_address_and_what_is_old_get_no_mail(three, mailoutbox):
    left, unknown, old = three
    Member.objects.filter(pk=left.enrolment.member_id).update(left_on=clock.today())
    Member.objects.filter(pk=unknown.enrolment.member_id).update(email=None)
    Certificate.objects.filter(pk=old.pk).update(issued_at=clock.now() - timedelta(days=8))
    assert send_due() == 0


def test_a_new_one_in_place_of_the_old_is_mailed_as_such(three, lead, mailoutbox):
    send_due()
    reissue(certificate=three[0], by=lead)
    run_all(queues=["files"])
    assert send_due() == 1
    assert "It replaces the one that you had." in mailoutbox[-1].body


def test_who_wants_no_certificates_by_mail_gets_none(three, mailoutbox):
    switch_off(three[0].enrolment.member, "certificate")
    assert send_due() == 2
