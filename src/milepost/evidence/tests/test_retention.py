from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.storage import default_storage

from milepost.classroom.models import Attendance, LiveSession
from milepost.core import blobs, clock
from milepost.core.jobs import run_all
from milepost.courses.models import Course, Version
from milepost.credentials.models import Certificate
from milepost.documents.jobs import date_file
from milepost.documents.models import Document
from milepost.evidence import jobs
from milepost.evidence.dossiers import ask_for
from milepost.evidence.forgetting import forget_files
from milepost.evidence.models import TrainingAction
from milepost.evidence.retention import StillKept, kept_until, let_go, preview, timetable
from milepost.journal.models import Entry
from milepost.journal.sealing import seal
from milepost.journal.verification import verify
from milepost.people.settings import change

pytestmark = pytest.mark.django_db
LATER = datetime(2030, 1, 2, 9, tzinfo=UTC)  # three years after the end of the year are over


def test_evidence_is_kept_as_long_as_its_profile_says(action):
    """The French one counts from the end of the year of the last payment, others from the end of the action."""
    assert kept_until(action) == date(2029, 12, 31)
    action.last_paid_on = date(2027, 2, 1)
    assert kept_until(action) == date(2030, 12, 31)
    action.profile, action.ends_on = "internal", date(2028, 2, 29)
    assert kept_until(action) == date(2031, 2, 28)


def test_before_its_time_nothing_can_be_let_go(complete, lead):
    with (
        clock.at(datetime(2029, 12, 31, 12, tzinfo=UTC)),
        pytest.raises(StillKept, match="is kept until 31 December 2029"),
    ):
        let_go(action=complete, by=lead)
    assert Document.objects.count() == 3


def test_the_preview_counts_what_goes_and_touches_nothing(complete):
    counts = dict(preview(complete).counts)
    facts = counts.pop("Facts")
    assert facts > 10
    assert counts == {
        "People": 4,
        "Documents": 3,
        "Live sessions": 1,
        "Signatures": 8,
        "Attendance sheets": 1,
        "Files": 5,
    }
    assert Document.objects.count() == 3


def test_letting_go_takes_evidence_away_and_leaves_the_proofs_and_the_certificates(complete, lead, organisation):
    ask_for(action=complete, by=lead)
    run_all(queues=["builds"])
    digests = [complete.dossiers.get().digest, Document.objects.first().pdf]
    seal(organisation.pk)
    going = preview(complete)
    with clock.at(LATER):
        assert let_go(action=complete, by=lead) == dict(going.counts)["Facts"]
        assert let_go_again(complete, lead) == 0
        run_all(jobs.remove_files)
    assert not Document.objects.exists()
    assert not LiveSession.objects.exists()
    assert not Attendance.objects.exists()
    assert not Entry.objects.filter(verb__in=["signed", "closed"]).exclude(statement="").exists()
    assert Certificate.objects.count() == 4
    for digest in digests:
        with pytest.raises(FileNotFoundError):
            blobs.read(organisation.uid, digest)
    kept = TrainingAction.objects.get()
    assert (kept.title, kept.members.count(), kept.let_go_at) == ("Evacuation", 0, LATER)
    seal(organisation.pk)
    assert verify(organisation.pk).finding is None


def test_no_file_stays_behind_that_nothing_speaks_of_any_more(complete, lead, organisation, settings, authority):
    """Not even what a document was before each signature, or a sheet before the authority dated it."""
    settings.TIMESTAMP_URL = authority[0]
    assert run_all(date_file, queues=["outside"]) == 8
    with clock.at(LATER):
        let_go(action=complete, by=lead)
        run_all(jobs.remove_files)
    kept = {fact for fact in Entry.objects.values_list("statement", flat=True) if fact}
    kept.update(str(files) for files in Version.objects.values_list("files", flat=True))
    kept.update(str(files) for files in Course.objects.values_list("draft", flat=True))
    folder = f"blobs/{organisation.uid}"
    shelves = default_storage.listdir(folder)[0]
    left = [shelf + name for shelf in shelves for name in default_storage.listdir(f"{folder}/{shelf}")[1]]
    assert left
    assert all(any(digest in files for files in kept) for digest in left)


def remove_files_in_two_hours():
    with clock.at(clock.now() + timedelta(hours=2)):
        run_all(jobs.remove_files)


def test_a_file_that_is_stored_again_while_it_is_let_go_stays(organisation, course):
    """What one transaction lets go of, another may be about to name: it has stored it, and not committed its row."""
    digest = blobs.store(organisation.uid, b"a report")
    forget_files(organisation, [digest])
    assert blobs.store(organisation.uid, b"a report") == digest
    run_all(jobs.remove_files)
    assert blobs.read(organisation.uid, digest) == b"a report"
    Course.objects.filter(pk=course.pk).update(draft={"files": {"report.pdf": digest}})
    remove_files_in_two_hours()
    assert blobs.read(organisation.uid, digest) == b"a report"


def test_a_file_that_nobody_named_in_the_end_goes(organisation):
    digest = blobs.store(organisation.uid, b"a report")
    forget_files(organisation, [digest])
    run_all(jobs.remove_files)
    assert blobs.is_there(organisation.uid, digest)
    remove_files_in_two_hours()
    assert not blobs.is_there(organisation.uid, digest)


def test_a_file_that_a_course_still_names_stays(organisation, course):
    kept, gone = (blobs.store(organisation.uid, content) for content in (b"kept", b"gone"))
    Course.objects.filter(pk=course.pk).update(draft={"files": {"ladder.png": kept}})
    forget_files(organisation, [kept, gone, "", organisation.logo])
    remove_files_in_two_hours()
    assert [blobs.is_there(organisation.uid, digest) for digest in (kept, gone)] == [True, False]


def let_go_again(action, lead):
    """As a second tap or a second worker would, with what it had read before."""
    return let_go(action=action, by=lead)


def test_a_session_that_another_action_still_needs_stays(complete, session, organisation, lead, course):
    from milepost.evidence.actions import ActionPlan, open_action

    open_action(
        organisation=organisation,
        plan=ActionPlan(
            title="Evacuation",
            profile="internal",
            starts_on=date(2028, 1, 1),
            ends_on=date(2028, 1, 1),
            minutes=60,
            sessions=[session],
        ),
        by=lead,
    )
    with clock.at(LATER):
        let_go(action=complete, by=lead)
    assert LiveSession.objects.get() == session
    assert Attendance.objects.filter(signed_at__isnull=False).count() == 8


def test_a_file_that_a_course_uses_too_stays(complete, lead, organisation, course):
    piece = complete.pieces.get()
    course.draft["media/a.csv"] = [piece.digest, 6]
    course.save()
    with clock.at(LATER):
        let_go(action=complete, by=lead)
        run_all(jobs.remove_files)
    assert blobs.read(organisation.uid, piece.digest) == b"5;5;4\n"


def test_the_page_says_what_is_kept_until_when_and_lets_go_what_is_due(visit, lead, complete):
    client = visit(lead)
    page = client.get("/aldermoor/actions/retention/").text
    assert "Nothing has to go today." in page
    assert "31 December 2029" in page
    TrainingAction.objects.update(starts_on=date(2020, 1, 7), ends_on=date(2020, 1, 7))
    assert "1 action has served its time." in client.get("/aldermoor/actions/retention/").text
    done = client.post(f"/aldermoor/actions/{complete.uid}/letting-go/", follow=True).text
    assert "It is being taken away" in done
    assert LiveSession.objects.exists()
    assert (run_all(jobs.let_go), run_all(jobs.let_go)) == (1, 0)
    assert Entry.objects.get(verb="erased").actor_id == str(lead.uid)
    assert "No training action yet." in client.get("/aldermoor/actions/").text
    assert timetable(complete.organisation) == []


def test_an_organisation_that_keeps_attendance_longer_keeps_its_evidence_as_long(action):
    change(organisation=action.organisation, values={"kept_years": 5})
    assert kept_until(action) == date(2031, 12, 31)
    change(organisation=action.organisation, values={"kept_years": 1})
    assert kept_until(action) == date(2029, 12, 31)
