import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.attestations import attesting
from milepost.attestations.attesting import InvalidAttestation, Wish, attest
from milepost.attestations.contribution import AttestationsContribution
from milepost.attestations.counting import Question, count
from milepost.attestations.models import Attestation, State, Whom
from milepost.attestations.revoking import NotValid, revoke
from milepost.attestations.typesetting import page_of
from milepost.core import blobs, clock
from milepost.core.jobs import run_all
from milepost.core.tables import read_table
from milepost.credentials.issuing import issue_missing
from milepost.credentials.models import Certificate
from milepost.credentials.revoking import revoke as revoke_certificate
from milepost.documents.sealing import seal_pdf
from milepost.documents.typesetting import render
from milepost.evidence.erasing import erase_person
from milepost.journal.keys import current_key
from milepost.journal.models import Entry
from milepost.journal.proofs import inclusion_proof
from milepost.learning.enrolling import enrol, withdraw
from milepost.learning.models import Enrolment
from milepost.learning.progressing import complete_activity
from milepost.people.identity import proof_of_identity
from milepost.people.importing import HRFile, import_people
from milepost.people.models import Member, Site
from milepost.people.places import Place, rename_place
from milepost.people.settings import change as change_settings
from milepost.verify import Broken, main, verify
from tests.second_verifier import answers
from tests.worlds import activity, make_course, make_lead, make_organisation, once_of

pytestmark = pytest.mark.django_db
COURSE = {
    "course.md": "---\ntitle: Fire\nslug: fire\nsummary: Out.\nenrolment: open\ncompletion: required\n---\nHello.\n",
    "01-first/module.md": "---\ntitle: First\n---\n",
    "01-first/01-read.page.md": "---\ntitle: Read\n---\n\nThree exits.\n",
}
START = datetime(2026, 11, 1, 9, tzinfo=UTC)
SITES = ["", "Oslo", "Nice"]


def people_are(organisation, places, *, on=START):
    """Let the HR file say where each of them is; who is not in it has left."""
    rows = "\n".join(f"N{n},Given{n},Family{n},n{n}@a.example,{site}" for n, site in places.items())
    with clock.at(on):
        table = read_table(
            f"Employee number,First name,Last name,Email,Site\n{rows}\nN99,Ola,Last,n99@a.example,\n".encode()
        )
        import_people(organisation=organisation, file=HRFile(table, is_complete=True), leavers=100)


def member(organisation, number):
    return Member.objects.select_related("organisation").get(organisation=organisation, employee_number=f"N{number}")


def certify(organisation, course, number, *, on=START):
    with clock.at(on):
        enrolment = Enrolment.objects.filter(course=course, member=member(organisation, number)).first()
        enrolment = enrolment or enrol(member=member(organisation, number), course=course)
        enrolment = Enrolment.objects.select_related("member", "course", "organisation").get(pk=enrolment.pk)
        if not enrolment.completed_at:
            complete_activity(enrolment=enrolment, activity=activity(enrolment, "01-first/01-read"))
        issue_missing(course=course)


@pytest.fixture
def organisation(db):
    return make_organisation()


@pytest.fixture
def lead(organisation):
    return make_lead(organisation)


@pytest.fixture
def course(organisation, lead):
    with clock.at(START - timedelta(days=1)):
        return make_course(organisation, COURSE, by=lead)


@pytest.fixture
def made(organisation, lead, course):
    """Three at Oslo, one at Nice, one nowhere; two of Oslo certified; attested as of 5 November."""
    people_are(organisation, {0: "Oslo", 1: "Oslo", 2: "Oslo", 3: "Nice"})
    for number in (0, 1):
        certify(organisation, course, number)
    return attested(organisation, lead, Wish((course,), date(2026, 11, 5)))


def attested(organisation, lead, wish):
    with clock.at(datetime(2026, 12, 1, 9, tzinfo=UTC)):
        made = attest(organisation=organisation, wish=wish, by=lead)
        run_all(queues=["builds"])
    return Attestation.objects.select_related("organisation").get(pk=made.pk)


def asked(organisation, course, day, **scope):
    return count(organisation, Question((str(course.uid),), day, **({"whom": Whom.EMPLOYEES} | scope)))


def numbers(counted):
    return len(counted.people), counted.certified


def test_it_says_how_many_of_those_concerned_were_certified_on_the_day(made):
    said = made.content
    assert (said["concerned"], said["certified"], said["placed_by_register"]) == (5, 2, 0)
    assert said["sites"] == [
        {"name": "Nice", "concerned": 1, "certified": 0},
        {"name": "Oslo", "concerned": 3, "certified": 2},
        {"name": "", "concerned": 1, "certified": 0},
    ]


def test_who_left_moved_or_lost_a_certificate_later_counts_as_they_stood(organisation, course, lead, made):
    later = datetime(2026, 11, 20, 9, tzinfo=UTC)
    people_are(organisation, {0: "Nice", 2: "Oslo", 3: "Nice"}, on=later)  # 1 left, 0 moved
    with clock.at(later):
        for certificate in Certificate.objects.all():
            revoke_certificate(certificate=certificate, by=lead, reason="It was wrong.")
    assert numbers(asked(organisation, course, date(2026, 11, 5))) == (5, 2)
    assert numbers(asked(organisation, course, date(2026, 11, 20))) == (4, 0)
    assert numbers(asked(organisation, course, date(2026, 11, 5), site="Oslo")) == (3, 2)
    assert numbers(asked(organisation, course, date(2026, 11, 20), site="Oslo")) == (1, 0)
    assert numbers(asked(organisation, course, date(2026, 11, 5), whom=Whom.ENROLLED)) == (2, 2)
    assert numbers(asked(organisation, course, date(2026, 10, 31))) == (0, 0)


steps = st.lists(
    st.tuples(st.sampled_from(["move", "leave", "come", "enrol", "withdraw", "certify", "revoke"]), st.integers(0, 3), st.integers(0, 2)),
    max_size=10,
)  # fmt: skip


def test_a_site_that_was_renamed_bears_its_new_name_from_that_day_on(organisation, course, lead, made):
    with clock.at(datetime(2026, 11, 7, 9, tzinfo=UTC)):
        rename_place(place=Place("site", Site.objects.get(name="Oslo")), name="Kristiania", by=lead)
    names = [{row["name"] for row in asked(organisation, course, date(2026, 11, day)).sites} for day in (6, 7)]
    assert ["Oslo" in names[0], "Kristiania" in names[0]] == [True, False]
    assert ["Oslo" in names[1], "Kristiania" in names[1]] == [False, True]


@given(steps)
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_as_of_any_day_it_says_what_the_register_and_the_certificates_said_on_that_day(
    organisation, course, lead, steps
):
    with transaction.atomic():
        places = {0: "Oslo", 1: "", 2: "Nice"}
        snapshots = {}
        for number, (what, who, where) in enumerate([("come", 3, 1), *steps]):
            now = START + timedelta(days=number)
            happen(organisation, course, lead, places, what, who, SITES[where], now)
            with clock.at(now):
                snapshots[now.date()] = state_of(organisation, course)
        for day, (belonging, certified, enrolled) in snapshots.items():
            everybody = asked(organisation, course, day)
            assert {person.uid: person.site for person in everybody.people} == belonging
            assert {p.uid for p in everybody.people if everybody.is_certified(p)} == certified & belonging.keys()
            assert {
                p.uid for p in asked(organisation, course, day, whom=Whom.ENROLLED).people
            } == enrolled & belonging.keys()
        transaction.set_rollback(True)


def happen(organisation, course, lead, places, what, who, site, now):
    if what in ("come", "move"):
        people_are(organisation, places | {who: site}, on=now)
        places[who] = site
    elif what == "leave":
        places.pop(who, None)
        people_are(organisation, places, on=now)
    elif who in places:
        enrolment = Enrolment.objects.filter(course=course, member=member(organisation, who)).first()
        with clock.at(now):
            if what == "enrol" and not enrolment:
                enrol(member=member(organisation, who), course=course)
            elif what == "withdraw" and enrolment and not enrolment.completed_at:
                withdraw(enrolment=enrolment, by=lead)
            elif what == "revoke":
                for held in Certificate.objects.current().filter(enrolment__member=member(organisation, who)):
                    revoke_certificate(certificate=held, by=lead, reason="It was wrong.")
            elif what == "certify":
                certify(organisation, course, who, on=now)


def state_of(organisation, course):
    active = (
        Member.objects.filter(organisation=organisation, employee_number__isnull=False).active().select_related("site")
    )
    held = (
        Certificate.objects.current().filter(enrolment__course=course).values_list("enrolment__member__uid", flat=True)
    )
    enrolled = Enrolment.objects.filter(course=course).values_list("member__uid", flat=True)
    belonging = {str(one.uid): one.site.name if one.site else "" for one in active}
    return belonging, set(map(str, held)), set(map(str, enrolled))


# --- The files --------------------------------------------------------------------------------------------


@pytest.fixture
def files(made, tmp_path):
    paths = tmp_path / "attestation.pdf", tmp_path / "annex.csv"
    for path, digest in zip(paths, (made.pdf, made.annex), strict=True):
        path.write_bytes(blobs.read(made.organisation.uid, digest))
    return paths


def test_the_page_verifies_without_its_list_and_the_list_belongs_to_it(files):
    pdf, annex = files
    alone = verify(pdf)
    assert any("2 of 5 (employees) were certified in “Fire”" in line for line in alone.holds)
    assert any("The list is not here" in line for line in alone.notes)
    assert any("the one of this attestation: 5 people" in line for line in verify(pdf, annex=annex).holds)


def test_the_command_takes_the_list_and_says_what_is_attested(files, made):
    said = []
    key = verify(files[0]).key
    assert main([str(files[0]), "--annex", str(files[1]), "--key", key], say=said.append) == 0
    assert "holds: The list is the one of this attestation: 5 people, and the same numbers." in said
    assert main([str(files[0]), "--annex", str(files[0]), "--key", key], say=said.append) == 1


def test_another_list_and_a_list_that_was_changed_are_found(files, tmp_path, organisation, lead, course, made):
    pdf, annex = files
    changed = tmp_path / "changed.csv"
    changed.write_bytes(annex.read_bytes().replace(b",no,", b",yes,", 1))
    with pytest.raises(Broken, match="fingerprint is another"):
        verify(pdf, annex=changed)
    again = attested(organisation, lead, Wish((course,), date(2026, 11, 5)))
    changed.write_bytes(blobs.read(organisation.uid, again.annex))
    assert again.annex != made.annex  # of the same people: nobody can try out what a list says
    with pytest.raises(Broken, match="fingerprint is another"):
        verify(pdf, annex=changed)


def test_a_page_that_was_changed_does_not_hold_and_no_other_pdf_has_a_list(files, tmp_path, organisation, course):
    pdf, annex = files
    content = bytearray(pdf.read_bytes())
    content[len(content) // 3] ^= 1
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(content)
    with pytest.raises(Broken):
        verify(changed)
    run_all(queues=["files"])
    certificate = tmp_path / "certificate.pdf"
    certificate.write_bytes(blobs.read(organisation.uid, Certificate.objects.first().pdf))
    with pytest.raises(Broken, match="no list belongs to it"):
        verify(certificate, annex=annex)


def test_a_pdf_that_somebody_brought_with_such_numbers_in_it_is_no_attestation(files, tmp_path, organisation, made):
    page = render("attestation", page_of(made, made.content, made_at=clock.now()), time=clock.now())
    brought = tmp_path / "brought.pdf"
    brought.write_bytes(seal_pdf(page, key=current_key(organisation.pk), time=clock.now(), reason="Agreement"))
    with pytest.raises(Broken, match="was not sealed as one"):
        verify(brought)


def test_the_list_names_everybody_and_begins_with_a_random_number(files):
    rows = list(csv.reader(io.StringIO(files[1].read_text())))
    assert (rows[0][0], len(rows[0][2])) == ("milepost-attestation-annex/1", 64)
    assert [row[3] for row in rows[2:]].count("yes") == 2
    assert rows[2][0] == "Given0 Family0"


def test_what_was_attested_is_a_fact_with_the_fingerprints_of_both_files(made):
    said = Entry.objects.get(fact="attestation.issued").content
    assert (said["result"]["sha256"], said["result"]["annex_sha256"]) == (made.pdf, made.annex)
    assert (said["result"]["concerned"], said["context"]["whom"]) == (5, "employees")


def otherwise(monkeypatch, change):
    """Whoever holds the key has the product write something else."""
    true = attesting.content_of
    monkeypatch.setattr(attesting, "content_of", lambda *arguments: change(true(*arguments)))


def refused_by_both(made, organisation, tmp_path, words):
    path = tmp_path / "otherwise.pdf"
    path.write_bytes(blobs.read(organisation.uid, made.pdf))
    with pytest.raises(Broken, match=words):
        verify(path)
    return [status for status, _said in answers([[str(path)]])] == [1]


def test_its_organisation_is_who_the_newest_fact_says(files, organisation):
    report = verify(files[0])
    assert "The organisation is who its newest fact says: “Aldermoor”." in report.holds
    assert [status for status, _said in answers([[str(files[0])]])] == [3]


@pytest.mark.parametrize(
    "change", [{"name": "Somebody Else Ltd"}, {"registration_number": "84 69 00000 69"}, {"more": "x"}]
)
def test_another_organisation_than_the_newest_fact_tells_is_found(
    organisation, lead, course, made, tmp_path, monkeypatch, change
):
    otherwise(monkeypatch, lambda said: said | {"organisation": said["organisation"] | change})
    again = attested(organisation, lead, Wish((course,), date(2026, 11, 5)))
    assert refused_by_both(again, organisation, tmp_path, "says “.*” for “.*” of the organisation, and the newest fact")


def test_what_the_organisation_was_called_before_is_found(organisation, lead, course, made, tmp_path, monkeypatch):
    def as_it_was(locked, head):
        proof = proof_of_identity(locked, head)
        first = Entry.objects.filter(fact="identity.stated", organisation_id=locked.pk).earliest("id")
        return proof | {"fact": inclusion_proof(first, head), "leaves": proof["leaves"][:1]}

    change_settings(organisation=organisation, by=lead, values={"registration_number": "84 69 12345 69"})
    organisation.refresh_from_db()
    monkeypatch.setattr(attesting, "proof_of_identity", as_it_was)
    again = attested(organisation, lead, Wish((course,), date(2026, 11, 5)))
    assert again.content["organisation"]["registration_number"] == ""
    assert refused_by_both(again, organisation, tmp_path, "missing")


def test_who_it_is_under_another_head_than_was_counted_is_found(
    organisation, lead, course, made, tmp_path, monkeypatch
):
    otherwise(monkeypatch, lambda said: said | {"identity": made.content["identity"]})
    again = attested(organisation, lead, Wish((course,), date(2026, 11, 5)))
    assert refused_by_both(again, organisation, tmp_path, "under another head")


def test_one_of_the_format_before_holds_and_says_that_no_fact_tells_its_name(
    organisation, lead, course, made, tmp_path, monkeypatch
):
    def before(said):
        del said["identity"]
        return said | {"format": "milepost-attestation/1"}

    otherwise(monkeypatch, before)
    again = attested(organisation, lead, Wish((course,), date(2026, 11, 5)))
    path = tmp_path / "before.pdf"
    path.write_bytes(blobs.read(organisation.uid, again.pdf))
    assert any("its name, which no fact in the attestation tells" in note for note in verify(path).notes)
    assert [status for status, _said in answers([[str(path)]])] == [3]


# --- What becomes of it -----------------------------------------------------------------------------------


def test_one_that_is_wrong_is_revoked_for_a_reason_or_replaced(organisation, lead, course, made):
    new = attested(organisation, lead, Wish((course,), date(2026, 11, 6), replaces=made))
    made.refresh_from_db()
    assert (made.state, new.state) == (State.SUPERSEDED, State.VALID)
    assert Entry.objects.filter(fact="attestation.issued").latest("pk").content["context"]["replaces"] == str(made.uid)
    revoke(attestation=new, by=lead, reason="The day was wrong.")
    new.refresh_from_db()
    assert (new.state, new.revocation_reason) == (State.REVOKED, "The day was wrong.")
    with pytest.raises(NotValid):
        revoke(attestation=made, by=lead, reason="Again.")
    with pytest.raises(InvalidAttestation):
        attest(organisation=organisation, wish=Wish((course,), date(2026, 11, 6), replaces=made), by=lead)


def test_one_is_replaced_by_one_alone(organisation, lead, course, made):
    wish = Wish((course,), date(2026, 11, 6), replaces=made)
    attest(organisation=organisation, wish=wish, by=lead)
    with pytest.raises(InvalidAttestation):
        attest(organisation=organisation, wish=wish, by=lead)


def test_it_counts_up_to_the_head_that_it_names(organisation, lead, course, made, monkeypatch):
    """What comes between the seal and the count is not attested."""

    def count_late(*arguments, **more):
        people_are(organisation, {10: "Oslo", 11: "Oslo"})
        return count(*arguments, **more)

    monkeypatch.setattr(attesting, "count", count_late)
    again = attested(organisation, lead, Wish((course,), date(2026, 11, 5)))
    assert again.content["concerned"] == made.content["concerned"]


def test_who_is_erased_while_it_is_made_stands_in_no_list(organisation, lead, course, made, monkeypatch):
    asked = attest(organisation=organisation, wish=Wish((course,), date(2026, 11, 5)), by=lead)
    somebody = member(organisation, 0)

    def erased_meanwhile(*arguments, **more):
        counted = count(*arguments, **more)
        monkeypatch.setattr(attesting, "count", count)
        erase_person(member=somebody, by=lead)
        return counted

    monkeypatch.setattr(attesting, "count", erased_meanwhile)
    run_all(queues=["builds"])
    asked.refresh_from_db()
    assert not asked.annex or str(somebody.uid).encode() not in blobs.read(organisation.uid, asked.annex)


def test_no_day_to_come_is_attested(organisation, lead, course):
    with pytest.raises(InvalidAttestation):
        attest(organisation=organisation, wish=Wish((course,), date(2999, 1, 1)), by=lead)


def test_the_list_goes_with_somebody_in_it_who_is_erased_and_the_page_stays(organisation, made, files):
    AttestationsContribution().erase(member(organisation, 0))
    made.refresh_from_db()
    assert (made.annex, bool(made.pdf)) == ("", True)
    verify(files[0])


def test_the_pages_lead_from_nothing_to_a_sealed_attestation(organisation, lead, course, learner, visit):
    assert visit(learner).get("/aldermoor/actions/attestations/").status_code == 403
    people_are(organisation, {0: "Oslo", 1: "Oslo"})
    page = visit(lead)
    assert "Nothing was attested yet" in page.get("/aldermoor/actions/attestations/").text
    form = page.get("/aldermoor/actions/attestations/new/")
    fields = {"courses": [course.pk], "day": "2026-11-05", "whom": "employees", "site": "Oslo", "language": "fr"}
    address = page.post("/aldermoor/actions/attestations/new/", fields | once_of(form)).headers["Location"]
    assert "It is being counted" in page.get(address).text
    run_all(queues=["builds"])
    assert "0 % of those concerned were certified: 0 of 2" in page.get(address).text
    assert b"".join(page.get(f"{address}pdf/").streaming_content).startswith(b"%PDF")
    assert b"Given0" in b"".join(page.get(f"{address}annex/").streaming_content)
    assert Entry.objects.get(fact="attestation.exported").content["context"] == {"form": "annex"}
    assert page.get(f"/aldermoor/actions/attestations/new/?replaces={Attestation.objects.get().uid}").status_code == 200
    page.post(f"{address}revocation/", {"reason": "Wrong site."})
    assert "Wrong site." in page.get(address).text
    assert "revoked" in page.get("/aldermoor/actions/attestations/").text


def test_facts_of_earlier_releases_leave_the_place_to_the_register_and_that_is_said(organisation, course, lead):
    people_are(organisation, {0: "Oslo"})
    from milepost.journal.recording import record
    from milepost.people.facts import MEMBER_CREATED

    old = Member.objects.create(organisation=organisation, given_name="Old", family_name="Hand", email="old@a.example")
    with clock.at(START), transaction.atomic():
        record(MEMBER_CREATED, organisation=organisation, actor=lead.as_reference(), object=old.as_reference())
    counted = asked(organisation, course, date(2026, 11, 5))
    assert (len(counted.people), counted.by_register) == (3, 1)
