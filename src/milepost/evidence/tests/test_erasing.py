"""A person's rights: a copy of everything, and erasure that breaks no proof and that the law may still forbid."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from milepost.classroom.models import Attendance, Participant
from milepost.core import blobs, clock
from milepost.core.jobs import run_all
from milepost.credentials.models import Certificate
from milepost.documents.models import Signatory
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.documents.signing import Act, sign
from milepost.evidence import export
from milepost.evidence.actions import write_document
from milepost.evidence.contributions import named
from milepost.evidence.erasing import ErasureRefused, erase_person, holds_on
from milepost.evidence.export import export_person, rows_of
from milepost.evidence.jobs import remove_files
from milepost.evidence.retention import let_go
from milepost.evidence.tests.conftest import DRAWN
from milepost.journal.models import Entry
from milepost.journal.sealing import seal
from milepost.journal.sparse import without_uid
from milepost.journal.subscriptions import deliver_all
from milepost.journal.verification import verify
from milepost.learning.enrolling import enrol
from milepost.learning.models import Answer, Attempt, Enrolment
from milepost.learning.progressing import complete_activity
from milepost.notices.models import Notice
from milepost.notices.sending import send_due
from milepost.people.models import Member, User, WasErased
from tests.worlds import SMALL_COURSE, activity, make_course, make_member

pytestmark = pytest.mark.django_db
NOWHERE = {"host": "127.0.0.1", "port": 9}
LATER = datetime(2030, 1, 2, 9, tzinfo=UTC)  # three years after the end of the year are over


def exported(member, by):
    file = io.BytesIO()
    export_person(member=member, file=file, by=by)
    archive = zipfile.ZipFile(file)
    return archive, json.loads(archive.read("data.json"))


@pytest.fixture
def graduate(organisation, lead, learner):
    """Somebody who completed the small course, certificate and all, and is in no action."""
    enrolment = enrol(member=learner, course=make_course(organisation, SMALL_COURSE, by=lead), by=lead)
    for key in ("01-first/01-read", "02-second/02-sign"):
        complete_activity(enrolment=enrolment, activity=activity(enrolment, key))
    complete_activity(
        enrolment=enrolment, activity=activity(enrolment, "01-first/02-check"), score=90.0, is_passed=True
    )
    deliver_all()
    run_all(queues=["files"])
    return learner


def test_the_copy_holds_what_is_known_to_read_and_for_machines(complete, people, lead):
    archive, data = exported(people[0], lead)
    assert data["person"]["family_name"] == people[0].family_name
    assert len(data["records"]["classroom.Attendance"]) == 2
    assert data["records"]["classroom.Attendance"][0]["signature"]["strokes"]
    assert data["records"]["learning.Enrolment"][0]["course"] == "Evacuation"
    assert {fact["verb"] for fact in data["journal"]} >= {"registered", "signed", "completed", "issued"}
    assert any(name.startswith("files/certificate-") for name in archive.namelist())
    page = archive.read("read-me.html").decode()
    assert people[0].full_name in page
    assert "Signed for “Evacuation" in page
    assert Entry.objects.filter(verb="exported", object_id=str(people[0].uid)).count() == 1


def test_the_copy_holds_nothing_of_anybody_else(complete, people, lead):
    _archive, data = exported(people[0], lead)
    text = json.dumps(data["records"])
    assert not any(other.family_name in text or str(other.uid) in text for other in people[1:])


def test_every_kind_of_row_that_belongs_to_a_person_is_in_the_copy(learner):
    """Read off the models: a model that is added later is here by itself, or this says that it is not."""
    assert set(rows_of(learner)) == set(named("records"))


def test_whoever_asks_for_their_own_gets_it_and_nobody_gets_another_s(visit, learner, lead, organisation):
    client = visit(learner)
    assert "yours to have" in client.get("/aldermoor/my-data/").text
    served = client.post(f"/aldermoor/people/{learner.uid}/data/")
    assert b"".join(served.streaming_content).startswith(b"PK")
    assert client.post(f"/aldermoor/people/{lead.uid}/data/").status_code == 404
    assert client.get(f"/aldermoor/people/{learner.uid}/erasure/").status_code == 403
    assert (
        visit(make_member(organisation, "hr", roles=["hr"])).post(f"/aldermoor/people/{learner.uid}/data/").status_code
        == 200
    )


def test_whoever_was_erased_at_that_moment_is_neither_copied_nor_erased_again_and_a_sentence_says_why(graduate, lead):
    erase_person(member=Member.objects.get(pk=graduate.pk), by=lead)
    with pytest.raises(WasErased, match="data were erased"):
        exported(graduate, lead)
    with pytest.raises(WasErased):
        erase_person(member=graduate, by=lead)
    assert Entry.objects.filter(verb="erased").count() == 1


def test_a_copy_that_somebody_is_erased_under_is_handed_to_nobody(graduate, lead, monkeypatch):
    def erased_first(member):
        about = list(files_about(member))
        erase_person(member=Member.objects.get(pk=member.pk), by=lead)
        run_all()
        return about

    files_about = export.files_about
    monkeypatch.setattr(export, "files_about", erased_first)
    with pytest.raises(WasErased):
        exported(graduate, lead)


def test_erasing_takes_everything_of_the_person_and_breaks_no_proof(graduate, lead, organisation):
    certificate = Certificate.objects.get()
    seal(organisation.pk)
    count = erase_person(member=graduate, by=lead)
    assert count > 5
    assert not Member.objects.filter(pk=graduate.pk).exists()
    assert not User.objects.filter(pk=graduate.user_id).exists()
    assert not Enrolment.objects.exists()
    assert not Attempt.objects.exists()
    assert not Answer.objects.exists()
    assert not Certificate.objects.exists()
    assert not Entry.objects.filter(statement__contains=graduate.full_name).exists()
    seal(organisation.pk)
    assert verify(organisation.pk).finding is None
    erased = Entry.objects.get(verb="erased").content
    assert (erased["object"]["id"], graduate.full_name in str(erased)) == (without_uid(str(graduate.uid)), False)
    assert certificate.pdf


def test_the_files_of_the_person_go_when_the_erasure_is_certain(graduate, lead, organisation):
    digest = Certificate.objects.get().pdf
    erase_person(member=graduate, by=lead)
    assert blobs.is_there(organisation.uid, digest)
    with clock.at(clock.now() + timedelta(hours=2)):
        run_all(remove_files)
    with pytest.raises(FileNotFoundError):
        blobs.read(organisation.uid, digest)


def test_what_somebody_did_in_an_office_stays_a_fact_of_the_organisation(organisation, lead, course):
    author = make_member(organisation, "avery")
    make_course(
        organisation,
        SMALL_COURSE | {"course.md": SMALL_COURSE["course.md"].replace("slug: ladders", "slug: other")},
        by=author,
    )
    erase_person(member=author, by=lead)
    published = list(Entry.objects.filter(actor_id=str(author.uid), verb="published"))
    assert published
    assert all(not entry.is_erased for entry in published)


def test_an_action_that_is_still_kept_refuses_the_erasure_with_its_day(complete, people, lead):
    with pytest.raises(ErasureRefused) as refused:
        erase_person(member=people[0], by=lead)
    assert "A-2026-001 “Evacuation” is kept until 31 December 2029" in str(refused.value)
    assert Member.objects.filter(pk=people[0].pk).exists()
    assert not Entry.objects.filter(statement="").exists()


def test_once_its_time_is_over_and_it_was_let_go_the_erasure_goes_through(complete, people, lead, organisation):
    with clock.at(LATER):
        assert "Let it go first" in holds_on(people[0])[0].reason
        let_go(action=complete, by=lead)
        erase_person(member=people[0], by=lead)
        seal(organisation.pk)
    assert not Participant.objects.exists()
    assert not Attendance.objects.exists()
    assert verify(organisation.pk).finding is None


def test_a_document_signed_with_others_refuses_the_erasure(organisation, lead, learner, action):
    document = write_document(action=action, kind="programme", by=lead)
    type(document).objects.filter(pk=document.pk).update(about="")
    document.refresh_from_db()
    run_all(queues=["files"])
    request = request_signatures(
        document=document,
        by=lead,
        terms=Terms(),
        parties=[Party("Jonas", "jonas@aldermoor.example", "", learner), Party("Maud", "maud@one.example")],
    )
    for who in Signatory.objects.filter(request=request).select_related("request__document__organisation", "member"):
        sign(signatory=who, act=Act(DRAWN, {}, "10.0.0.8", "Desk"))
    assert "was signed together with others" in holds_on(learner)[0].reason


def test_whoever_holds_an_office_lays_it_down_first(lead):
    assert "Withdraw it first" in holds_on(lead)[0].reason


def test_the_page_says_what_goes_and_asks_for_the_name(visit, lead, graduate):
    client, path = visit(lead), f"/aldermoor/people/{graduate.uid}/erasure/"
    assert "What would go" in client.get(path).text
    refused = client.post(path, {"name": "Somebody else"})
    assert (refused.status_code, "Nothing was erased" in refused.text) == (400, True)
    assert (
        "Every proof of anybody else still holds." in client.post(path, {"name": graduate.full_name}, follow=True).text
    )
    assert client.get(path).status_code == 404


def test_the_person_is_told_by_a_last_mail_in_their_language(visit, lead, graduate, mailoutbox):
    Member.objects.filter(pk=graduate.pk).update(language="fr")
    visit(lead).post(f"/aldermoor/people/{graduate.uid}/erasure/", {"name": graduate.full_name})
    assert send_due() == 1
    (message,) = mailoutbox
    assert message.to == [graduate.email]
    assert message.subject == "Aldermoor a effacé vos données"
    assert graduate.full_name in message.body
    assert lead.email in message.body


def test_when_no_mail_can_tell_them_the_page_asks_to_do_it(visit, lead, graduate):
    Member.objects.filter(pk=graduate.pk).update(email=None, employee_number="N1")
    page = visit(lead).post(f"/aldermoor/people/{graduate.uid}/erasure/", {"name": graduate.full_name}, follow=True)
    assert "Tell them yourself that it is done." in page.text
    assert not Member.objects.filter(pk=graduate.pk).exists()


def test_the_last_mail_waits_for_a_server_that_is_away_and_leaves_nothing_behind(lead, graduate, settings, mailoutbox):
    address, working = graduate.email, settings.MAILERS
    backend = "milepost.notices.channels.email.smtp.EmailBackend"
    settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": NOWHERE}}
    erase_person(member=graduate, by=lead)
    assert send_due() == 0
    assert Notice.objects.filter(address=address).count() == 1
    settings.MAILERS = working
    with clock.at(clock.now() + timedelta(minutes=1)):
        send_due()
    assert address in [message.to[0] for message in mailoutbox]
    assert not Notice.objects.filter(recipient=address).exists()


def test_the_page_shows_what_stands_against_it_and_a_post_changes_nothing(visit, lead, complete, people):
    client, path = visit(lead), f"/aldermoor/people/{people[0].uid}/erasure/"
    page = client.post(path, {"name": people[0].full_name})
    assert "can’t be erased yet" in page.text
    assert Member.objects.filter(pk=people[0].pk).exists()


def test_no_key_of_the_database_is_in_the_name_of_a_file_that_a_person_takes_away(complete, lead):
    last = Certificate.objects.order_by("pk").last()
    assert last.pk > 1
    archive, _data = exported(last.enrolment.member, lead)
    (name,) = [name for name in archive.namelist() if name.startswith("files/certificate-")]
    assert name.startswith("files/certificate-1-")
