"""What an organisation may use of an installation: what is beyond is refused in words or waits, and nothing is lost."""

import errno

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from milepost.config import environment
from milepost.config.variables import Misconfigured
from milepost.core import blobs, clamd
from milepost.core.models import Job
from milepost.core.quotas import QuotaReached, has_room, stored_by, take, take_bytes, usage_of
from milepost.core.tables import read_table
from milepost.people import import_drafts
from milepost.people.importing import HRFile, import_people
from milepost.people.jobs import measure_storage
from milepost.people.members import add_member
from milepost.people.models import Member
from milepost.people.organisations import create_organisation
from milepost.security.models import SecurityEvent
from tests.worlds import make_member


@pytest.fixture
def bound(settings):
    def bound(**limits):
        settings.QUOTAS = {("", name): limit for name, limit in limits.items()}

    return bound


def hr_file(count):
    rows = "\n".join(f"N{n},Given{n},Family{n},n{n}@aldermoor.example" for n in range(count))
    return HRFile(table=read_table(f"Employee number,First name,Last name,Email\n{rows}\n".encode()))


def test_nobody_is_added_beyond_the_number_of_people_and_who_is_there_stays(organisation, lead, bound):
    bound(people=3)
    add_member(organisation=organisation, email="a@b.example", given_name="A", family_name="B", by=lead)
    with pytest.raises(QuotaReached, match="has 2 people and may have 3 here"):
        import_people(organisation=organisation, file=hr_file(2), by=lead)
    assert Member.objects.filter(organisation=organisation).count() == 2
    import_people(organisation=organisation, file=hr_file(1), by=lead)
    with pytest.raises(QuotaReached):
        add_member(organisation=organisation, email="c@d.example", given_name="C", family_name="D", by=lead)
    assert Member.objects.filter(organisation=organisation).count() == 3


def test_one_organisation_has_its_own_number_and_uses_none_of_another_s(organisation, settings):
    other = create_organisation(slug="briar", name="Briar")
    settings.QUOTAS = {("", "exports"): 1, ("briar", "exports"): 2}
    take(organisation, "exports")
    assert not has_room(organisation, "exports")
    assert [has_room(other, "exports") for _each in range(3)] == [True, True, False]


def test_what_was_refused_does_not_count(organisation, bound):
    bound(uploads=5)
    with pytest.raises(QuotaReached, match="Go on tomorrow"):
        take(organisation, "uploads", 6)
    take(organisation, "uploads", 5)


def test_a_file_beyond_the_space_is_refused_before_any_view_and_changes_nothing(visit, lead, organisation, bound):
    bound(storage=10_000)
    logo = {"page": "look", "brand_colour": "#0f5c4d", "corner_radius": "14"}
    answer = visit(lead).post(
        "/aldermoor/settings/",
        logo | {"logo": SimpleUploadedFile("logo.png", b"x" * 10_001)},
        headers={"accept": "text/html"},
    )
    assert answer.status_code == 429
    assert "fill the 9.8\xa0KB that" in answer.text
    assert stored_by(organisation.pk) == 0
    assert visit(lead).post("/aldermoor/settings/", logo).status_code == 302


def test_a_file_that_is_refused_for_the_space_is_none_of_today_s(visit, lead, organisation, bound):
    bound(storage=10_000, uploads=5)
    refused = visit(lead).post("/aldermoor/people/imports/new/", {"file": SimpleUploadedFile("a.csv", b"x" * 10_001)})
    assert refused.status_code == 429
    assert {usage.name: usage.used for usage in usage_of(organisation)} == {"storage": 0, "uploads": 0}


@pytest.mark.parametrize("trouble", ["scanner", "disk", "permission"])
def test_what_was_not_kept_takes_no_space(visit, lead, learner, organisation, bound, settings, monkeypatch, trouble):
    bound(storage=10_000, uploads=5)
    who = learner if trouble == "permission" else lead
    if trouble == "scanner":
        settings.CLAMD = "/nowhere/clamd"
        monkeypatch.setattr(clamd, "CONNECTING", 0.1)
    if trouble == "disk":
        monkeypatch.setattr(import_drafts, "upload", full)
    browser = visit(who)
    browser.raise_request_exception = False
    answer = browser.post("/aldermoor/people/imports/new/", {"file": SimpleUploadedFile("a.csv", b"x" * 6_000)})
    assert answer.status_code >= 400
    sent = 1 if trouble == "permission" else 0
    assert {usage.name: usage.used for usage in usage_of(organisation)} == {"storage": 0, "uploads": sent}


def full(**_upload):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_files_are_counted_as_they_come_and_measured_now_and_then(organisation, bound):
    bound(storage=10_000)
    take_bytes(organisation, 6_000)
    with pytest.raises(QuotaReached):
        take_bytes(organisation, 6_000)
    blobs.store(organisation.uid, b"x" * 2_500)
    measure_storage.call() if hasattr(measure_storage, "call") else measure_storage.func()
    (usage,) = usage_of(organisation)
    assert (usage.used, usage.percent, usage.is_nearly_full) == (2_500, 25, False)
    take_bytes(organisation, 6_000)
    assert usage_of(organisation)[0].is_nearly_full


def test_exports_are_bounded_and_one_s_own_data_is_not(visit, lead, learner, organisation, bound):
    bound(exports=1)
    owner = visit(lead)
    assert owner.get("/aldermoor/security/events.csv").status_code == 200
    refused = owner.get("/aldermoor/security/events.csv")
    assert refused.status_code == 429
    assert "used up its exports of a day (1)" in refused.text
    assert 'href="/aldermoor/security/usage/"' in refused.text
    assert [event.kind for event in SecurityEvent.objects.filter(detail="security_table")] == ["quota-reached"]
    assert visit(learner).post(f"/aldermoor/people/{learner.uid}/data/").status_code == 200


def test_work_that_waits_refuses_further_files(visit, lead, organisation, bound):
    bound(jobs=0)
    answer = visit(lead).post("/aldermoor/people/imports/new/", {"file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n")})
    assert answer.status_code == 429
    assert not Job.objects.filter(organisation_id=organisation.pk, task__contains="import").exists()


def test_who_sends_a_file_is_warned_before_it_is_full(visit, lead, bound):
    bound(uploads=2)
    page = visit(lead).post(
        "/aldermoor/people/imports/new/", {"file": SimpleUploadedFile("a.csv", b"Email,First name\n")}, follow=True
    )
    assert "uses 50 %" not in page.text
    page = visit(lead).post(
        "/aldermoor/people/imports/new/", {"file": SimpleUploadedFile("a.csv", b"Email,First name\n")}, follow=True
    )
    assert "uses 100 % of what it has here" in page.text


def test_the_owner_sees_how_much_is_used(visit, lead, organisation, bound):
    assert "Nothing is bounded." in visit(lead).get("/aldermoor/security/usage/").text
    bound(people=1, storage=10**9)
    page = visit(lead).get("/aldermoor/security/usage/").text
    assert "1 of 1" in page
    assert "100 %" in page
    assert 'href="/aldermoor/security/usage/"' in page
    assert visit(make_member(organisation, "jim")).get("/aldermoor/security/usage/").status_code == 403


@pytest.mark.parametrize("words", ["people", "people=x", "horses=3", "Briar/people=3", "people=-1"])
def test_what_can_not_be_meant_is_refused_at_the_start(tmp_path, words):
    with pytest.raises(Misconfigured, match="MILEPOST_QUOTAS"):
        environment.read({"MILEPOST_DATA": str(tmp_path), "MILEPOST_QUOTAS": words})


def test_quotas_are_read_by_organisation_and_storage_in_gigabytes(tmp_path):
    given = {"MILEPOST_DATA": str(tmp_path), "MILEPOST_QUOTAS": "people=500, storage=2, briar/people=7"}
    assert environment.read(given).quotas == {("", "people"): 500, ("", "storage"): 2 * 1024**3, ("briar", "people"): 7}
