"""An organisation attaches nobody: a further membership takes the person's yes, and what they do elsewhere stays theirs."""

import io
import json
import re
import zipfile

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.core.tables import read_table
from milepost.journal.models import Entry
from milepost.people.importing import HRFile, import_people
from milepost.people.inviting import InvitationRefused, accept, invite, link_for
from milepost.people.joining import NotAsked, decline, join
from milepost.people.models import Member, User
from milepost.people.organisations import create_organisation
from tests.worlds import make_member, make_people


@pytest.fixture
def harbour(db):
    """Another organisation, which imports whom it likes."""
    return create_organisation(slug="harbour", name="Harbour")


@pytest.fixture
def eve(harbour):
    return make_member(harbour, "eve", roles=["owner", "hr"])


@pytest.fixture
def there(harbour, eve, learner):
    """What Harbour wrote down of Jonas, who belongs to Aldermoor."""
    rows = f"Employee number,First name,Last name,Email\n1,Jonas,Nygård,{learner.email}\n"
    import_people(organisation=harbour, file=HRFile(read_table(rows.encode())), by=eve)
    return Member.objects.select_related("organisation").get(organisation=harbour, employee_number="1")


def sign_in(email, **more):
    """By a code that comes by mail, as most people do."""
    client = Client()
    client.post("/accounts/login/code/", {"email": email, **more})
    code = re.search(r"\n\n([A-Z0-9-]{6,9})\n", mail.outbox[-1].body)[1]
    return client, client.post("/accounts/login/code/confirm/", {"code": code}, follow=True)


def answer(client, member, what):
    return client.post(f"/accounts/organisations/{member.uid}/", {what: "1"})


def facts(organisation, *verbs):
    return list(Entry.objects.filter(organisation_id=organisation.pk, verb__in=verbs).values_list("verb", flat=True))


def test_an_imported_address_of_somebody_s_account_makes_nobody_a_member(there, harbour, learner):
    client, page = sign_in(learner.email)
    assert "Harbour asks you to join." in page.text
    there.refresh_from_db()
    assert there.user is None
    assert facts(harbour, "joined", "signed-in") == []
    assert client.get("/harbour/people/").url == "/"
    assert client.get("/aldermoor/").status_code == 200


def test_a_yes_makes_them_a_member_and_both_are_a_tap_away(there, harbour, learner, visit):
    client = visit(learner)
    assert answer(client, there, "join").url == "/harbour/"
    assert client.get("/harbour/").status_code == client.get("/aldermoor/").status_code == 200
    page = client.get("/").text
    assert 'href="/harbour/"' in page and 'href="/aldermoor/"' in page
    assert facts(harbour, "joined", "signed-in") == ["joined", "signed-in"]
    assert answer(client, there, "join").status_code == 302
    assert facts(harbour, "joined") == ["joined"]


def test_a_no_is_kept_told_and_asked_about_no_more_until_they_change_their_mind(there, harbour, eve, learner, visit):
    client = visit(learner)
    answer(client, there, "decline")
    answer(client, there, "decline")
    assert facts(harbour, "declined", "joined") == ["declined"]
    assert client.get("/").url == "/aldermoor/"
    assert "said no to joining" in visit(eve).get(f"/harbour/people/{there.uid}/").text
    there.refresh_from_db()
    assert invite(members=[there], by=eve) == 0
    import_people(
        organisation=harbour, file=HRFile(read_table(f"Email,First name,Last name\n{learner.email},J,N\n".encode()))
    )
    assert "asks you to join" not in client.get("/accounts/organisations/").text
    assert client.get("/harbour/").url == "/"
    answer(client, there, "join")
    assert client.get("/harbour/").status_code == 200


def test_whoever_invited_somebody_hears_of_their_no_once(there, eve, learner):
    invite(members=[there], by=eve)
    for _press in range(2):
        decline(user=learner.user, member=there)
    run_all()
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["eve@harbour.example"], "Jonas Nygård said no to joining")
    ]


def test_an_invitation_that_waits_is_not_sent_to_whoever_said_no(there, eve, learner):
    invite(members=[there], by=eve)
    decline(user=learner.user, member=there)
    run_all()
    assert [message for message in mail.outbox if message.to == [learner.email]] == []


def test_an_address_that_was_another_person_s_is_asked_anew(there, harbour, learner):
    decline(user=learner.user, member=there)
    other = "1,Jonas,Nygård,jonas@harbour.example"
    import_people(
        organisation=harbour, file=HRFile(read_table(f"Employee number,First name,Last name,Email\n{other}\n".encode()))
    )
    there.refresh_from_db()
    assert there.declined_at is None


def test_each_organisation_hears_of_those_who_enter_it_and_once_a_session(there, harbour, organisation, learner):
    join(user=learner.user, member=there)
    client, _page = sign_in(learner.email)
    assert facts(organisation, "signed-in") == facts(harbour, "signed-in") == []
    client.get("/aldermoor/")
    client.get("/aldermoor/courses/")
    assert (facts(organisation, "signed-in"), facts(harbour, "signed-in")) == (["signed-in"], [])
    client.get("/harbour/")
    assert facts(harbour, "signed-in") == ["signed-in"]


def exported(client, member):
    response = client.post(f"/{member.organisation.slug}/people/{member.uid}/data/")
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        return json.loads(archive.read("data.json")), archive.read("read-me.html").decode()


def test_what_others_export_of_a_person_holds_nothing_of_the_account(there, harbour, eve, learner, visit):
    private = "jonas.private@home.example"
    EmailAddress.objects.create(user=learner.user, email=private, verified=True)
    User.objects.filter(pk=learner.user_id).update(email=private)
    join(user=learner.user, member=there)
    sign_in(learner.email)
    data, page = exported(visit(eve), Member.objects.get(pk=there.pk))
    assert data["account"] is None and "user" not in data["person"]
    for secret in (private, "127.0.0.1"):
        assert secret not in json.dumps(data) and secret not in page
    own, _page = exported(visit(learner), learner)
    assert own["account"]["devices"] and own["account"]["email"] == private


def test_an_invitation_signs_nobody_in_to_an_account_that_is_in_use(there, harbour, eve, learner, visit):
    invite(members=[there], by=eve)
    there.refresh_from_db()
    link = link_for(there).replace("http://localhost:8000", "")
    link = link[link.index("/invitations/") :]
    stranger = Client()
    for asked in (stranger.get(link), stranger.post(link)):
        assert (asked.status_code, asked.url) == (302, "/accounts/login/?next=/accounts/organisations/")
    assert "Harbour asks you to join." in stranger.get("/accounts/login/").text
    assert "_auth_user_id" not in stranger.session
    with pytest.raises(InvitationRefused):
        accept(member=there)
    assert visit(learner).get(link, follow=True).context["waiting"] == [there]
    assert "signed in with another address" in visit(eve).get(link, follow=True).text


def test_whoever_never_had_an_account_and_is_known_to_several_is_asked_by_each(harbour, organisation):
    for house in (harbour, organisation):
        make_people(house, 1)
    Member.objects.filter(employee_number="N000000").update(email="new@x.example")
    client, page = sign_in("new@x.example")
    assert "2 organisations ask you to join." in page.text
    assert not Member.objects.filter(email="new@x.example").exclude(user=None).exists()
    first = Member.objects.get(organisation=harbour, email="new@x.example")
    assert answer(client, first, "join").url == "/harbour/"


def test_the_first_organisation_is_joined_by_signing_in(organisation):
    make_people(organisation, 1)
    client, _page = sign_in("n0@aldermoor.example")
    assert client.get("/aldermoor/").status_code == 200


def test_who_was_asked_at_an_address_they_have_not_proven_answers_nothing(there, harbour, organisation, visit):
    other = make_member(organisation, "bo")
    assert answer(visit(other), there, "join").status_code == 410
    for verb in (join, decline):
        with pytest.raises(NotAsked):
            verb(user=other.user, member=there)
    assert visit(other).get("/harbour/").status_code == 404


def test_who_has_left_an_organisation_is_asked_by_it_no_more(there, learner, visit):
    Member.objects.filter(pk=there.pk).update(left_on=clock.today())
    assert answer(visit(learner), there, "join").status_code == 410
    assert visit(learner).get("/").url == "/aldermoor/"


def test_a_second_proven_address_leads_to_the_account_that_is_there(organisation, learner):
    make_people(organisation, 1)
    EmailAddress.objects.create(user=learner.user, email="n0@aldermoor.example", verified=True)
    sign_in("n0@aldermoor.example")
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("following", "sender"),
    [("", "Milepost"), ("/harbour/people/", "Harbour"), ("/aldermoor/", "Aldermoor"), ("/elsewhere/", "Milepost")],
)
def test_a_sign_in_mail_speaks_for_the_organisation_of_the_page_or_for_none(there, learner, following, sender):
    """Another one stood in it: the first that had the address."""
    join(user=learner.user, member=there)
    sign_in(learner.email, next=following)
    assert mail.outbox[-1].from_email.startswith(f'"{sender}"') or mail.outbox[-1].from_email.startswith(f"{sender} <")


def test_an_organisation_that_only_asks_speaks_for_nobody_s_account(there, learner):
    sign_in(learner.email, next="/harbour/")
    assert "Harbour" not in mail.outbox[-1].from_email + mail.outbox[-1].body
    assert mail.outbox[-1].from_email.startswith("Aldermoor")
