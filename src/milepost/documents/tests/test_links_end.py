"""The link of a signatory ends, two months after they were last written to; a reminder or a tap of whoever sent it renews it."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from milepost.core import clock
from milepost.documents.ending import withdraw
from milepost.documents.links import link_of
from milepost.documents.models import LINK_LIVES, Signatory
from milepost.documents.renewing import renew_link
from milepost.documents.requesting import RequestRefused, Terms, request_signatures
from milepost.documents.tests.agreements import TWO, mail_due
from milepost.journal.models import Entry
from milepost.notices.models import Notice

pytestmark = pytest.mark.django_db
LATER = LINK_LIVES + timedelta(hours=1)


@pytest.fixture
def ask(agreement, lead):
    """Ask for the signatures, so long ago; nobody is reminded by itself."""

    def ask(ago=timedelta(0), **terms):
        with clock.at(clock.now() - ago):
            made = request_signatures(document=agreement, parties=TWO, terms=Terms(remind_days=0, **terms), by=lead)
            mail_due()
        Notice.objects.all().delete()
        return made

    return ask


def path_of(who):
    return urlsplit(link_of(who)).path


def first_of(request):
    return Signatory.objects.select_related("request__document__organisation").filter(request=request).earliest("pk")


def status(client, who):
    return client.get(path_of(who)).status_code


def test_a_link_without_a_last_day_ends_and_shows_nothing_from_then_on(ask, client):
    who = first_of(ask(LATER))
    path = path_of(who)
    page = client.get(path)
    assert page.status_code == 410
    assert "Ask whoever sent it to renew it" in page.text
    assert who.name not in page.text and "Ladders" not in page.text
    assert {client.get(path + more).status_code for more in ("file/", "pages/0/", "annexes/0/")} == {410}
    assert {client.post(path + more).status_code for more in ("", "code/", "refusal/", "delegation/")} == {410}


def test_the_mail_and_the_page_say_until_when_it_works(ask, client, mailoutbox):
    with clock.at(clock.now().replace(year=2027, month=1, day=1, hour=9)):
        who = first_of(ask())
        assert "works until 2 March 2027" in mailoutbox[0].body
        page = client.get(path_of(who))
    assert "Your link to this page works until 2 March 2027." in page.text


def test_a_last_day_is_kept_however_late_it_is(ask, client):
    asked = ask(LATER, expires_on=clock.today() + timedelta(days=30))
    assert status(client, first_of(asked)) == 200


def test_a_reminder_renews_it(ask, lead, visit, client):
    asked = ask(LATER)
    who = first_of(asked)
    visit(lead).post(f"/aldermoor/documents/{asked.document.uid}/reminders/")
    assert status(client, who) == 200


def test_whoever_sent_it_renews_it_with_one_tap_and_the_person_is_sent_it(ask, lead, visit, client, mailoutbox):
    asked = ask(LATER)
    who, page = first_of(asked), f"/aldermoor/documents/{asked.document.uid}/"
    sender = visit(lead)
    assert sender.get(page).text.count("Renew the link") == 2
    mailoutbox.clear()
    for _twice in range(2):
        answer = sender.post(f"{page}links/{who.uid}/", follow=True)
        assert f"The link works again, and is on its way to {who.name}." in answer.text
    assert status(client, who) == 200
    assert answer.text.count("Renew the link") == 1
    mail_due()
    [mail] = mailoutbox
    assert mail.to == [who.email]
    assert link_of(who) in mail.body
    assert Entry.objects.filter(verb="renewed", object_id=str(asked.document.uid)).count() == 1


def test_a_link_that_works_still_is_left_as_it_is(ask, lead):
    who = first_of(ask())
    renew_link(signatory=who, by=lead)
    assert not Entry.objects.filter(verb="renewed").exists()


def test_what_is_over_is_read_for_two_months_more_and_then_with_a_renewed_link(ask, client, lead):
    asked = ask(LATER)
    withdraw(request=asked, reason="Not needed.", by=lead)
    who = first_of(asked)
    assert status(client, who) == 200, "it was over today"
    with clock.at(clock.now() + LATER):
        assert status(client, who) == 410
        renew_link(signatory=who, by=lead)
        assert status(client, who) == 200


def test_nobody_gets_a_link_before_it_is_their_turn(ask, lead):
    asked = ask(LATER, is_ordered=True)
    second = Signatory.objects.filter(request=asked).latest("pk")
    with pytest.raises(RequestRefused, match="not their turn"):
        renew_link(signatory=second, by=lead)


def test_only_whoever_manages_documents_renews_a_link(ask, learner, visit, client):
    asked = ask(LATER)
    who = first_of(asked)
    assert visit(learner).post(f"/aldermoor/documents/{asked.document.uid}/links/{who.uid}/").status_code == 403
    assert status(client, who) == 410
