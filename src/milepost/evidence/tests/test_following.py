"""The number on the page of all actions follows the stream of facts: computed when something happened, and no oftener."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from milepost.classroom.closing import close_slot
from milepost.classroom.correcting import Change, change_attendance
from milepost.classroom.models import Attendance, Participant, Slot
from milepost.classroom.registering import leave, register_many
from milepost.classroom.signing import sign
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.core.models import Job
from milepost.core.refusals import Refused
from milepost.credentials.issuing import reissue
from milepost.credentials.models import Certificate
from milepost.credentials.revoking import revoke
from milepost.documents.declining import decline
from milepost.documents.models import Signatory
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.documents.signing import Act
from milepost.documents.signing import sign as sign_document
from milepost.evidence import jobs
from milepost.evidence.actions import ActionPlan, add_piece, open_action, write_document
from milepost.evidence.contributions import actions_about, scope_of, things
from milepost.evidence.models import TrainingAction
from milepost.evidence.readiness import due_by_calendar, readiness_of
from milepost.evidence.tests.conftest import DAY, DRAWN, SIGNING
from milepost.journal.models import Entry
from milepost.journal.subscriptions import deliver_all
from milepost.learning.enrolling import enrol, enrol_many, withdraw
from milepost.learning.models import Enrolment
from milepost.people.models import Member
from tests.visits.models import visit_at_work
from tests.worlds import make_people

pytestmark = pytest.mark.django_db
AFTER = datetime(2026, 11, 27, 9, tzinfo=UTC)


def follow():
    """Let the background do what follows from facts; return how many times it looked at an action."""
    deliver_all()
    return run_all(jobs.refresh_readiness)


def settle():
    """Let the background do all that is left to do, files and the facts about them too."""
    run_all(queues=["files"])
    while follow():
        pass


def shown():
    return dict(TrainingAction.objects.values_list("pk", "readiness"))


def computed():
    actions = TrainingAction.objects.select_related("organisation", "course")
    return {action.pk: readiness_of(action).percent for action in actions}


# --- What is shown is what is so ----------------------------------------------------------------------------


class History:
    """What people may do about an action, one thing after another by chance; what is refused does not happen."""

    def __init__(self, seed, action, lead):
        self.chance, self.action, self.lead = Random(seed), action, lead
        self.acts = [
            (self.sign, Attendance.objects.select_related("slot__session", "participant__member")),
            (self.note, Attendance.objects.select_related("slot__session", "participant__member")),
            (self.close, Slot.objects.select_related("session__organisation")),
            (self.leave, Participant.objects.select_related("session", "member")),
            (self.come_back, Participant.objects.select_related("session__organisation", "member")),
            (self.write, TrainingAction.objects.select_related("organisation", "course")),
            (self.sign_document, Signatory.objects.select_related("request__document__organisation", "member")),
            (self.decline, Signatory.objects.select_related("request__document__organisation", "member")),
            (self.add_file, TrainingAction.objects.select_related("organisation")),
            (self.revoke, Certificate.objects.current().select_related("enrolment__member", "enrolment__course")),
            (self.reissue, Certificate.objects.current().select_related("enrolment__member", "enrolment__course")),
            (self.withdraw, Enrolment.objects.select_related("member", "course", "organisation")),
            (self.enrol, Member.objects.filter(user=None).select_related("organisation")),
        ]

    def go_on(self):
        act, rows = self.chance.choice(self.acts)
        if rows := list(rows.order_by("pk")):
            with suppress(Refused), clock.at(AFTER):
                act(self.chance.choice(rows))
        return act.__name__

    def sign(self, attendance):
        with clock.at(attendance.slot.starts_at + timedelta(minutes=5)):
            sign(attendance=attendance, signing=SIGNING)

    def note(self, attendance):
        change = Change(state=self.chance.choice(["absent", "present", "missing"]))
        change_attendance(attendance=attendance, change=change, by=self.lead.as_reference(), why="Seen")

    def close(self, slot):
        close_slot(slot=slot, trainer=slot.session.trainers.get(), signing=SIGNING)

    def leave(self, seat):
        leave(participant=seat, by=self.lead)

    def come_back(self, seat):
        register_many(session=seat.session, members=[seat.member], by=self.lead)

    def write(self, action):
        kind = self.chance.choice(["agreement", "programme", "convocation"])
        document = write_document(action=action, kind=kind, by=self.lead)
        if kind == "agreement":
            parties = [Party("Łucja", "lucja@norrviken.example", "for the client")]
            request_signatures(document=document, parties=parties, terms=Terms(), by=self.lead)

    def sign_document(self, signatory):
        sign_document(signatory=signatory, act=Act(DRAWN, {}, "10.0.0.8", "Desk"))

    def decline(self, signatory):
        decline(signatory=signatory, reason="No")

    def add_file(self, action):
        add_piece(action=action, key="hot-evaluation", name="e.csv", content=b"5;5\n", by=self.lead)

    def revoke(self, certificate):
        revoke(certificate=certificate, reason="A mistake", by=self.lead)

    def reissue(self, certificate):
        reissue(certificate=certificate, by=self.lead)

    def withdraw(self, enrolment):
        withdraw(enrolment=enrolment, by=self.lead)

    def enrol(self, member):
        enrol(member=member, course=self.action.course, by=self.lead)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_the_page_shows_what_a_fresh_look_finds(complete, session, organisation, lead, seed):
    common = {"profile": "internal", "starts_on": DAY, "ends_on": DAY, "minutes": 60}
    alone = ActionPlan(**common, title="Alone", sessions=[session])
    open_action(organisation=organisation, plan=alone, by=lead)
    of_course = ActionPlan(**common, title="Course", course=complete.course, takes_course=True)
    open_action(organisation=organisation, plan=of_course, by=lead)
    history, seen = History(seed, complete, lead), set()
    for _step in range(20):
        act = history.go_on()
        with clock.at(AFTER):
            follow()
            assert shown() == computed(), act
        seen.add(tuple(shown().values()))
    assert len(seen) > 2


def test_every_thing_of_an_action_leads_back_to_it(complete, people, organisation, lead):
    visit_at_work(member=people[0], about=complete.about, place="Quay 4", report=b"Well done.", by=lead)
    uids = set(things(scope_of(complete)))
    assert len(uids) >= 5
    for uid in uids:
        assert actions_about(organisation, [Entry(fact="visit.reported", about=uid, actor_id="x")]) == {complete.pk}, (
            uid
        )


# --- And no oftener -----------------------------------------------------------------------------------------


def test_nothing_is_looked_at_while_nothing_happens(complete):
    with clock.at(AFTER):
        settle()
    with clock.at(AFTER + timedelta(hours=8)):
        assert follow() == 0
        run_all(jobs.find_new_days)
        assert Job.objects.filter(task=jobs.refresh_readiness.module_path).count() == 0


def test_what_happens_elsewhere_in_the_organisation_has_no_action_looked_at(complete, learner, lead):
    settle()
    enrol(member=learner, course=complete.course, by=lead)  # in the course, not in the action
    assert follow() == 0
    of_action = Certificate.objects.current().filter(enrolment__member__in=complete.members.all())
    reissue(certificate=of_action.select_related("enrolment__member", "enrolment__course").first(), by=lead)
    assert follow() == 1


def test_an_import_of_many_has_an_action_looked_at_a_few_times(complete, organisation, course, lead):
    make_people(organisation, 1_200)
    newcomers = Member.objects.filter(organisation=organisation, user=None)
    complete.members.add(*newcomers)
    settle()
    enrol_many(members=newcomers, course=course, by=lead)
    assert 1 <= follow() <= 3


def test_an_auditor_who_only_reads_changes_nothing(complete, lead, client, mailoutbox):
    from milepost.evidence.auditing import Invitation, invite_auditor, link_of

    with clock.at(datetime(2026, 11, 26, 12, tzinfo=UTC)):
        settle()
        invitation = Invitation("Ada", "ada@body.example", DAY, DAY, actions=(complete,))
        audit = invite_auditor(organisation=complete.organisation, invitation=invitation, by=lead)
        path = link_of(audit).partition("//")[2].partition("/")[2]
        client.post(f"/{path}", {"code": audit.new_code()})
        assert client.get(f"/{path}actions/{complete.uid}/").status_code == 200
        assert Entry.objects.filter(fact="auditor.viewed").exists()
        assert follow() == 0


def test_the_calendar_has_an_action_looked_at_once_a_day_until_the_day_after_its_last(complete):
    TrainingAction.objects.update(starts_on=date(2027, 3, 10), ends_on=date(2027, 3, 11))
    start = datetime(2027, 3, 7, 23, tzinfo=UTC)
    with clock.at(start):
        settle()
    looked_at = []
    for quarter in range(4 * 7):
        with clock.at(start + timedelta(hours=6 * quarter)):
            run_all(jobs.find_new_days)
            if not TrainingAction.objects.filter(checked_at__lt=clock.now()).exists():
                looked_at.append(clock.now())
    # From its first day to the one after its last, each at midnight in Paris.
    assert looked_at[1:] == [datetime(2027, 3, day, 23, tzinfo=UTC) for day in (9, 10, 11)]
    assert list(due_by_calendar()) == []
