from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from milepost.classroom.models import Attendance, Slot
from milepost.core import clock
from milepost.credentials.models import Certificate
from milepost.evidence.actions import ActionPlan, InvalidAction, add_piece, open_action, write_document
from milepost.evidence.models import Piece
from milepost.evidence.profiles import InvalidProfile, profiles, read_profile
from milepost.evidence.readiness import readiness_of, refresh
from milepost.evidence.tests.conftest import DAY, sign_agreement
from milepost.people.settings import change

pytestmark = pytest.mark.django_db
AFTER = datetime(2026, 12, 1, 9, tzinfo=UTC)


def states(action):
    return {finding.key: (str(finding.state), finding.words) for finding in readiness_of(action).findings}


def test_a_complete_action_is_ready(complete):
    with clock.at(AFTER):
        readiness = readiness_of(complete)
    assert [(finding.key, finding.words) for finding in readiness.open] == []
    assert readiness.percent == 100


def test_what_is_missing_is_named_with_who_must_act(action):
    with clock.at(datetime(2026, 11, 5, tzinfo=UTC)):
        findings = {finding.key: (str(finding.state), str(finding.actor)) for finding in readiness_of(action).findings}
    assert findings["agreement"] == ("missing", "lead")
    assert findings["attendance"] == ("missing", "trainer")
    assert findings["certificate"] == ("missing", "learner")
    with clock.at(AFTER):
        assert states(action)["agreement"][0] == "late"
        assert states(action)["attendance"] == ("unsigned", "2 half-days are not closed.")


def test_an_agreement_that_was_signed_after_the_start_is_late(action, lead):
    sign_agreement(action, lead, on=AFTER)
    assert states(action)["agreement"][0] == "late"
    assert "the action began on" in states(action)["agreement"][1]


def test_an_unsigned_attendance_and_hours_that_differ_are_told(complete):
    row = Attendance.objects.filter(slot__session__actions=complete).first()
    Attendance.objects.filter(pk=row.pk).update(signed_at=None, signature=None, way="")
    with clock.at(AFTER):
        findings = states(complete)
    assert findings["attendance"] == ("unsigned", "1 signature is missing, without a reason.")
    assert findings["hours"][0] == "inconsistent"
    assert row.participant.member.full_name in findings["hours"][1]


def test_another_title_and_another_version_are_told(complete):
    certificate = Certificate.objects.first()
    certificate.content["version"] = 99
    certificate.save()
    complete.title = "Evacuating"
    findings = states(complete)
    assert findings["published"][0] == findings["titles"][0] == "inconsistent"
    assert "a document says “Evacuation”" in findings["titles"][1]


def test_a_half_day_on_a_holiday_or_too_long_is_told(complete):
    slot = Slot.objects.filter(session__actions=complete).first()
    Slot.objects.filter(pk=slot.pk).update(
        starts_at=datetime(2026, 11, 11, 8, tzinfo=UTC), ends_at=datetime(2026, 11, 11, 15, tzinfo=UTC)
    )
    findings = states(complete)
    assert findings["holidays"][0] == findings["one-signature-a-half-day"][0] == "inconsistent"


def test_holidays_are_those_of_the_organisation_s_country(complete, organisation):
    slot = Slot.objects.filter(session__actions=complete).first()
    constitution = datetime(2026, 12, 8, 8, tzinfo=UTC)
    Slot.objects.filter(pk=slot.pk).update(starts_at=constitution, ends_at=constitution + timedelta(hours=3))
    assert states(complete)["holidays"][0] == "ready"
    change(organisation=organisation, values={"country": "ES"})
    complete.refresh_from_db()
    assert states(complete)["holidays"][0] == "inconsistent"


def test_readiness_costs_the_same_for_four_and_for_forty(complete, organisation, django_assert_max_num_queries):
    from milepost.people.models import Member
    from tests.worlds import make_people

    make_people(organisation, 40)
    complete.members.add(*Member.objects.filter(organisation=organisation, user=None))
    with django_assert_max_num_queries(
        35
    ):  # one of them reads the course’s versions, the first time a process meets them
        refresh(complete)


def test_removing_the_last_thing_never_shows_100(complete):
    Piece.objects.all().delete()
    with clock.at(AFTER):
        assert readiness_of(complete).percent < 100


def test_three_profiles_come_with_milepost():
    assert set(profiles()) >= {"internal", "fr", "iso-29993"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("pieces: [", "is not YAML"),
        ("title: X\nkept_years: 3\n", "'pieces' is missing"),
        ("title: X\nkept_years: 3\npieces: [{key: a, label: A, from: sky}]\n", "piece 1: “from: sky” is none of"),
        ("title: X\nkept_years: 3\npieces: [{key: a, label: A, from: file, per: moon}]\n", "“per: moon”"),
        ("title: X\nkept_years: 3\npieces: []\nchecks: [stars]\n", "no check “stars”"),
        ("title: X\nkept_years: soon\npieces: []\n", "of the wrong kind"),
    ],
)
def test_a_profile_that_can_not_be_read_is_told_with_the_place(tmp_path, text, complaint):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(InvalidProfile, match=complaint):
        read_profile(path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"profile": "x"}, "no profile"),
        ({"ends_on": DAY.replace(day=1)}, "before the first"),
        ({"reference": "A-2026-001"}, "already"),
    ],
)
def test_an_action_that_can_not_be_is_refused(action, organisation, lead, change, complaint):
    plan = ActionPlan(title="T", profile="fr", starts_on=DAY, ends_on=DAY, minutes=60)
    with pytest.raises(InvalidAction, match=complaint):
        open_action(organisation=organisation, plan=replace(plan, **change), by=lead)


def test_a_file_that_no_profile_asks_for_is_refused(action, lead):
    with pytest.raises(InvalidAction):
        add_piece(action=action, key="poem", name="x", content=b"x", by=lead)


def test_one_person_s_signatures_that_differ_widely_are_a_reason_to_look(complete, people):
    assert "Each person’s signatures look alike" not in {finding.label for finding in readiness_of(complete).open}
    row = Attendance.objects.filter(participant__member=people[1]).last()
    row.signature = {
        "strokes": [[20, 20, 20, 140, 150, 140, 150, 20, 20, 20, 80, 80, 140, 30]],
        "width": 300,
        "height": 160,
    }
    row.save()
    finding = next(finding for finding in readiness_of(complete).open if finding.key == "signatures")
    assert f"1 person signed in very different ways: {people[1].full_name}." in finding.words


def test_what_each_person_needs_is_asked_of_each(complete, people, lead, settings):
    folder = settings.ENVIRONMENT.data / "profiles"
    folder.mkdir(exist_ok=True)
    path = folder / "each.yaml"
    path.write_text(
        "title: {en: Each}\nkept_years: 1\npieces:\n"
        "  - {key: rules, label: {en: House rules}, from: document, kind: non-disclosure, per: person}\n"
        "  - {key: needs, label: {en: Needs}, from: file, per: person}\n"
    )
    profiles.cache_clear()
    try:
        complete.profile = "each"
        assert [finding.ready for finding in readiness_of(complete).findings] == [0, 0]
        write_document(action=complete, kind="non-disclosure", by=lead, member=people[0])
        add_piece(action=complete, key="needs", name="needs.pdf", content=b"x", by=lead, member=people[0])
        assert [finding.ready for finding in readiness_of(complete).findings] == [1, 1]
        assert readiness_of(complete, people[0]).percent == 100
        assert [(f.remedy, f.target) for f in readiness_of(complete, people[1]).open] == [
            ("write", "non-disclosure"),
            ("file", "needs"),
        ]
    finally:
        path.unlink()
        profiles.cache_clear()
