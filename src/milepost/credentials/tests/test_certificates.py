import io
import json
import re
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.credentials import issuing, jobs
from milepost.credentials.issuing import issue_missing
from milepost.credentials.models import Certificate, new_code, normal_code
from milepost.credentials.revoking import revoke
from milepost.credentials.stating import months_after
from milepost.credentials.status_lists import give_places
from milepost.credentials.tests.conftest import complete
from milepost.credentials.typesetting import pdf_of, typeset
from milepost.documents.sealing import seal_pdf
from milepost.journal.models import Entry
from milepost.journal.sealing import seal
from milepost.journal.subscriptions import deliver_all, replay
from milepost.learning.enrolling import enrol_many
from milepost.learning.models import Enrolment
from milepost.people.models import Member
from milepost.verify.pdf_seals import seals_in
from tests.readers import text_in
from tests.worlds import SMALL_COURSE, make_course, make_member, make_people, verbs

pytestmark = pytest.mark.django_db


# --- Issuing ------------------------------------------------------------------------------------------------


def test_completing_the_course_earns_a_certificate(earned, learner, organisation):
    content = earned.content
    assert content["beneficiary"] == learner.full_name
    assert (content["title"], content["version"], content["score"]) == ("Ladders", 1, 90.0)
    assert "issued" in verbs(organisation)


def test_a_certificate_is_made_in_the_letters_of_its_holder(enrolment, learner, organisation):
    learner.given_name, learner.family_name = "王小明 😀", "สมชาย \ue000"
    learner.save()
    organisation.certifier_name = "Ελένη \x01Παπαδοπούλου"
    organisation.save()
    complete(enrolment)
    deliver_all()
    text = text_in(pdf_of(Certificate.objects.select_related("organisation").get()))
    for written in ("王小明", "😀", "\ufffd", "Ελένη Παπαδοπούλου"):
        assert written in text


def test_completing_it_once_more_earns_nothing_more(enrolment):
    complete(complete(enrolment))
    deliver_all()
    assert Certificate.objects.count() == 1


def test_completing_waits_for_no_certificate_and_none_is_lost_if_they_can_t_be_issued(enrolment, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("milepost.credentials.stating._certificate", dies)
        assert complete(enrolment).completed_at
        with pytest.raises(KeyboardInterrupt):
            deliver_all()
    assert not Certificate.objects.exists()
    deliver_all()
    assert Certificate.objects.get().enrolment == enrolment


def dies(*_args, **_kwargs):
    raise KeyboardInterrupt


def test_telling_all_completions_again_issues_nothing_twice_and_nothing_that_was_revoked(earned, lead, organisation):
    assert replay("certificates", organisation.pk) == 1
    assert Certificate.objects.get() == earned
    revoke(certificate=earned, reason="Somebody else sat the quiz.", by=lead)
    assert replay("certificates", organisation.pk) == 1
    assert Certificate.objects.get() == earned


def test_somebody_who_asks_before_it_is_there_is_told_that_it_comes(enrolment, learner, visit):
    complete(enrolment)
    page = visit(learner).get("/aldermoor/certificates/").text
    assert "Your certificate for “Ladders” is being made." in page
    deliver_all()
    page = visit(learner).get("/aldermoor/certificates/").text
    assert "is being made" not in page
    assert "You have earned 1 certificate." in page


def test_a_course_may_give_none(organisation, learner, lead):
    from milepost.learning.enrolling import enrol

    tree = SMALL_COURSE | {"course.md": SMALL_COURSE["course.md"].replace("slug:", "certificate: none\nslug:")}
    complete(enrol(member=learner, course=make_course(organisation, tree, by=lead), by=lead))
    deliver_all()
    assert Certificate.objects.count() == 0


def test_it_is_valid_for_as_many_months_as_the_course_says(organisation, learner, lead):
    from milepost.learning.enrolling import enrol

    tree = SMALL_COURSE | {"course.md": SMALL_COURSE["course.md"].replace("slug:", "certificate_months: 12\nslug:")}
    enrolment = enrol(member=learner, course=make_course(organisation, tree, by=lead), by=lead)
    with clock.at(clock.now().replace(year=2025, month=3, day=31, hour=12)):
        complete(enrolment)
    deliver_all()
    assert Certificate.objects.get().valid_until == date(2026, 3, 31)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 600))
def test_months_later_is_the_same_day_or_the_last_of_the_month(day, months):
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


def test_the_missing_ones_are_issued_at_once_and_only_once(organisation, course, lead, django_assert_max_num_queries):
    make_people(organisation, 300)
    enrol_many(members=Member.objects.filter(organisation=organisation, user=None), course=course, by=lead)
    now = clock.now()
    Enrolment.objects.filter(course=course).update(launched_at=now, completed_at=now, done=3)
    with django_assert_max_num_queries(26):
        assert issue_missing(course=course, by=lead) == 300
    assert issue_missing(course=course, by=lead) == 0


def test_many_are_issued_by_a_job_in_parts_and_the_page_tells_how_many_are_still_to_be(
    organisation, course, lead, visit, monkeypatch
):
    monkeypatch.setattr(issuing, "PART", 3)
    make_people(organisation, 7)
    enrol_many(members=Member.objects.filter(organisation=organisation, user=None), course=course, by=lead)
    now = clock.now()
    Enrolment.objects.filter(course=course).update(launched_at=now, completed_at=now, done=3)
    client, address = visit(lead), "/aldermoor/courses/ladders/certificates/"
    for _press in range(2):
        page = client.post(address, follow=True).text
        assert "7 certificates are still to be issued." in page
        assert "Issue 7 certificates" not in page
    with monkeypatch.context() as killed:
        killed.setattr(issuing, "_issue", dies_at_the_second(issuing._issue))
        with pytest.raises(KeyboardInterrupt):
            run_all(queues=["imports"])
    assert Certificate.objects.count() == 3
    assert "4 certificates are still to be issued." in client.get(address).text
    with clock.at(now + timedelta(minutes=2)):
        run_all(queues=["imports"])
    assert Certificate.objects.count() == Entry.objects.filter(verb="issued").count() == 7
    assert "still to be issued" not in client.get(address).text


def dies_at_the_second(verb):
    calls = []

    def dying(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return verb(*args, **kwargs)

    return dying


def test_an_enrolment_has_one_certificate_that_counts(earned):
    second = Certificate(organisation=earned.organisation, enrolment=earned.enrolment, content=earned.content)
    give_places(earned.organisation, [second])
    with pytest.raises(IntegrityError), transaction.atomic():
        second.save()


def test_files_are_made_in_the_background_and_recorded(earned, organisation):
    assert (run_all(jobs.typeset), run_all(jobs.typeset)) == (1, 0)
    earned.refresh_from_db()
    statement = Entry.objects.get(object_id=str(earned.uid), verb="sealed").content
    assert statement["result"] == {"sha256": earned.pdf}


def test_the_file_says_that_it_was_sealed_when_it_was_sealed(earned):
    """Not when the certificate was issued, which is what it speaks of: the authority was away, or the worker."""
    later = (earned.issued_at + timedelta(hours=3)).replace(microsecond=0)
    with clock.at(later):
        typeset([earned])
    [made] = seals_in(pdf_of(earned))
    assert made.made == later


def test_a_worker_killed_in_the_middle_leaves_none_out_and_none_twice(organisation, course, lead, monkeypatch):
    make_people(organisation, 60)
    enrol_many(members=Member.objects.filter(organisation=organisation, user=None), course=course, by=lead)
    now = clock.now()
    Enrolment.objects.filter(course=course).update(launched_at=now, completed_at=now, done=3)
    issue_missing(course=course)
    calls = []

    def dies(*args, **kwargs):
        calls.append(1)
        if len(calls) == 40:
            raise KeyboardInterrupt
        return seal_pdf(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr("milepost.documents.sealing.seal_pdf", dies)
        with pytest.raises(KeyboardInterrupt):
            run_all(queues=["files"])
    assert 0 < Certificate.objects.untypeset().count() < 60
    for minutes in (2, 3):  # first its lease ends, then the pause after the attempt
        with clock.at(clock.now() + timedelta(minutes=minutes)):
            run_all(queues=["files"])
    assert Certificate.objects.untypeset().count() == 0
    assert len(set(Certificate.objects.values_list("pdf", flat=True))) == 60
    assert Entry.objects.filter(verb="sealed").count() == 60


def test_one_that_can_t_be_made_holds_up_no_other(earned, organisation, course, lead):
    from milepost.people.organisations import create_organisation

    other = create_organisation(slug="other", name="Other")
    other.logo, other.logo_type = "0" * 64, "image/png"
    other.save()
    broken = Certificate(organisation=other, enrolment=_another(earned), content=earned.content)
    give_places(other, [broken])
    broken.save()
    assert run_all(jobs.typeset, queues=["files"]) == 1
    assert list(Certificate.objects.untypeset()) == [broken]


def _another(earned):
    enrolment = Enrolment.objects.get(pk=earned.enrolment_id)
    enrolment.pk = None
    enrolment.member = make_member(earned.organisation, "otto")
    enrolment.save()
    return enrolment


def test_of_two_workers_at_the_same_certificate_the_first_one_counts(earned):
    other = Certificate.objects.select_related("organisation").get(pk=earned.pk)
    assert (typeset([earned]), typeset([other])) == (1, 0)
    assert pdf_of(earned) == pdf_of(other)
    assert Entry.objects.filter(verb="sealed").count() == 1


# --- Codes --------------------------------------------------------------------------------------------------


def test_codes_are_long_and_never_the_same():
    codes = {new_code() for _ in range(2_000)}
    assert len(codes) == 2_000
    assert {len(code) for code in codes} == {26}


@given(st.builds(new_code))
def test_a_code_is_found_however_people_type_it(code):
    typed = " ".join(re.findall(".{1,4}", code)).lower().replace("0", "o").replace("1", "l")
    assert normal_code(typed) == code


# --- Pages --------------------------------------------------------------------------------------------------


def test_the_holder_downloads_the_certificate_and_the_badge(earned, visit, learner):
    client = visit(learner)
    assert "Ladders" in client.get("/aldermoor/certificates/").text
    base = f"/aldermoor/certificates/{earned.uid}/"
    assert earned.shown_code in client.get(base).text
    assert client.get(base + "pdf/").content.startswith(b"%PDF")
    assert b"openbadges:credential" in client.get(base + "badge/").content
    assert client.get(base + "badge/json/").json()["proof"]["cryptosuite"] == "eddsa-rdfc-2022"


def test_a_colleague_does_not_see_it(earned, visit, organisation):
    other = make_member(organisation, "otto")
    for page in ("", "pdf/", "badge/", "badge/json/"):
        assert visit(other).get(f"/aldermoor/certificates/{earned.uid}/{page}").status_code == 404
    assert visit(other).post(f"/aldermoor/certificates/{earned.uid}/revocation/").status_code == 403


def test_the_lead_issues_what_is_missing_and_revokes(enrolment, course, visit, lead):
    now = clock.now()
    Enrolment.objects.filter(pk=enrolment.pk).update(launched_at=now, completed_at=now, done=3)
    client = visit(lead)
    address = "/aldermoor/courses/ladders/certificates/"
    assert "Issue 1 certificate" in client.get(address).text
    assert "0 of 1 files are made" in client.post(address, follow=True).text
    run_all(queues=["files"])
    assert "files are made" not in client.get(address).text
    certificate = Certificate.objects.get()
    page = client.post(f"/aldermoor/certificates/{certificate.uid}/revocation/", {"reason": "Mistake"}, follow=True)
    assert "Revoked on" in page.text
    page = client.post(f"/aldermoor/certificates/{certificate.uid}/replacement/", follow=True)
    assert "did not count any more" in page.text


def test_a_stranger_checks_a_file_and_a_code(file, earned, client):
    page = client.post("/verify/", {"file": io.BytesIO(file)})
    assert "It is genuine." in page.text
    page = client.post("/verify/", {"code": earned.shown_code.lower()}, follow=True)
    assert page.redirect_chain[0][0] == f"/verify/{earned.code}/"
    assert "Jonas Nygård" in page.text
    assert client.get("/verify/" + "0" * 26 + "/").status_code == 404
    assert "26 letters and digits" in client.post("/verify/", {"code": "7F3K"}).text
    assert client.post("/verify/", {}).status_code == 400


def test_the_page_says_no_more_than_the_file(earned, client, learner):
    text = client.get(f"/verify/{earned.code}/").text
    for hidden in (learner.email, str(learner.uid), "/people/"):
        assert hidden not in text


def test_checks_are_limited(client):
    with clock.at(clock.now()):  # one minute
        codes = [client.get(f"/verify/{new_code()}/").status_code for _ in range(32)]
    assert (codes[0], codes[-1]) == (404, 429)


def test_the_proof_ties_the_file_to_the_sealed_journal(file, earned, client, organisation):
    address = f"/verify/{earned.code}/proof/"
    assert client.get(address).status_code == 503
    seal(organisation.pk)
    proof = client.get(address).json()
    assert json.loads(proof["entry"]["statement"])["result"]["sha256"] == earned.pdf
    assert proof["type"] == "milepost-inclusion-proof/1"
