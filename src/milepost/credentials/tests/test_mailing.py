import smtplib
from datetime import timedelta

import pytest
from django.core.mail.backends.locmem import EmailBackend

from milepost.core import clock
from milepost.credentials.issuing import issue_missing, reissue
from milepost.credentials.mailing import mail_pending
from milepost.credentials.models import Certificate
from milepost.credentials.typesetting import pdf_of, typeset_pending
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment
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
    typeset_pending()
    return list(Certificate.objects.select_related("organisation").order_by("pk"))


def addresses(mailoutbox):
    return sorted(message.to[0] for message in mailoutbox)


def test_a_certificate_comes_by_mail_once_with_its_file(three, mailoutbox):
    assert mail_pending() == 3
    assert mail_pending() == 0
    assert addresses(mailoutbox) == [f"n{n}@aldermoor.example" for n in range(3)]
    name, content, kind = mailoutbox[0].attachments[0]
    assert (name, kind) == (f"{three[0].file_name}.pdf", "application/pdf")
    assert content == pdf_of(three[0])
    assert mailoutbox[0].subject == "Your certificate: Ladders"
    assert f"/aldermoor/certificates/{three[0].uid}/" in mailoutbox[0].body
    assert f"/verify/{three[0].code}/" in mailoutbox[0].body


def test_it_waits_for_the_file(three, mailoutbox):
    Certificate.objects.filter(pk=three[0].pk).update(pdf="")
    assert mail_pending() == 2
    typeset_pending()
    assert mail_pending() == 1


def test_it_speaks_the_language_of_the_holder_even_to_hostile_names(organisation, course, lead, mailoutbox):
    make_people(organisation, 1)
    person = Member.objects.get(organisation=organisation, user=None)
    Member.objects.filter(pk=person.pk).update(language="fr", given_name="<b>O’Neil & Söhne</b>")
    enrol_many(members=Member.objects.filter(pk=person.pk), course=course, by=lead)
    now = clock.now()
    Enrolment.objects.update(launched_at=now, completed_at=now, done=3)
    issue_missing(course=course)
    typeset_pending()
    mail_pending()
    assert mailoutbox[0].subject == "Votre certificat : Ladders"
    assert mailoutbox[0].body.startswith("Bonjour <b>O’Neil & Söhne</b>,")


def test_who_left_who_has_no_address_and_what_is_old_get_no_mail(three, mailoutbox):
    left, unknown, old = three
    Member.objects.filter(pk=left.enrolment.member_id).update(left_on=clock.today())
    Member.objects.filter(pk=unknown.enrolment.member_id).update(email=None)
    Certificate.objects.filter(pk=old.pk).update(issued_at=clock.now() - timedelta(days=8))
    assert mail_pending() == 0


def test_a_new_one_in_place_of_the_old_is_mailed_as_such(three, lead, mailoutbox):
    mail_pending()
    reissue(certificate=three[0], by=lead)
    typeset_pending()
    assert mail_pending() == 1
    assert "It replaces the one that you had." in mailoutbox[-1].body


def test_a_mail_server_that_goes_away_in_the_middle_costs_nobody_their_mail(three, mailoutbox, monkeypatch):
    send = EmailBackend.send_messages

    def gone(self, messages):
        if mailoutbox:
            raise ConnectionRefusedError
        return send(self, messages)

    with monkeypatch.context() as patched:
        patched.setattr(EmailBackend, "send_messages", gone)
        with pytest.raises(ConnectionRefusedError):
            mail_pending()
    assert len(mailoutbox) == 1
    assert mail_pending() == 2
    assert addresses(mailoutbox) == [f"n{n}@aldermoor.example" for n in range(3)]


def test_an_address_that_the_server_refuses_holds_up_no_other(three, mailoutbox, monkeypatch):
    send = EmailBackend.send_messages

    def picky(self, messages):
        if messages[0].to == ["n1@aldermoor.example"]:
            raise smtplib.SMTPRecipientsRefused({})
        return send(self, messages)

    monkeypatch.setattr(EmailBackend, "send_messages", picky)
    mail_pending()
    assert mail_pending() == 0
    assert addresses(mailoutbox) == ["n0@aldermoor.example", "n2@aldermoor.example"]
