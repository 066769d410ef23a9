from datetime import timedelta

import pytest

from milepost.classroom import reminding
from milepost.classroom.contribution import ClassroomContribution
from milepost.classroom.jobs import remind_missing as remind_missing_job
from milepost.classroom.models import Attendance, Way
from milepost.classroom.presence import trainer_token
from milepost.classroom.registering import leave
from milepost.classroom.reminding import remind_due, remind_missing
from milepost.classroom.signing import Circumstances, Signing, sign
from milepost.classroom.tests.conftest import DRAWN
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.documents.signatures import Signature
from milepost.notices import reminding as notices_reminding
from milepost.notices.models import Notice
from milepost.people.models import Member
from tests.meanwhile import meanwhile

pytestmark = pytest.mark.django_db


def told(kind):
    return set(Notice.objects.filter(kind=kind).values_list("recipient", flat=True))


def signs(row):
    sign(attendance=row, signing=Signing(Signature.read(DRAWN), Way.LINK, "I was there.", Circumstances()))


def gives_up_the_seat(row):
    leave(participant=row.participant, by=Member.objects.get(given_name="Claire"))


def leaves_the_organisation(row):
    row.participant.member.left_on = row.slot.starts_at.date() - timedelta(days=1)
    row.participant.member.save()


def is_erased(row):
    ClassroomContribution().erase(row.participant.member)


MEANWHILE = [signs, gives_up_the_seat, leaves_the_organisation, is_erased]


@pytest.mark.parametrize("act", MEANWHILE)
def test_whoever_is_done_in_the_meantime_is_not_reminded(session, slots, people, row_of, act):
    with clock.at(slots[0].ends_at + timedelta(minutes=31)):
        row = row_of(people[3])
        with meanwhile(Attendance, lambda: act(row)):
            remind_missing(slots[0])
    assert told("signature_missing") == {str(person.uid) for person in people if person != people[3]}
    assert not Attendance.objects.filter(pk=row.pk, reminded_at__isnull=False).exists()


def test_whoever_has_left_before_is_not_counted_among_the_reminded(session, slots, people, row_of):
    with clock.at(slots[0].ends_at + timedelta(minutes=31)):
        leaves_the_organisation(row_of(people[0]))
        assert remind_missing(slots[0]) == len(people) - 1
        assert remind_missing(slots[0]) == 0
        remind_due()
    assert len(told("signature_missing")) == len(people) - 1


def test_many_are_asked_by_a_job_and_the_live_page_tells_how_many_are_still_to_be(
    session, slots, people, trainer, client, monkeypatch
):
    monkeypatch.setattr(reminding, "AT_ONCE", 2)
    monkeypatch.setattr(notices_reminding, "BATCH", 3)
    page = f"/room/{trainer_token(trainer)}/{slots[0].code}/"
    with clock.at(slots[0].starts_at + timedelta(minutes=10)):
        shown = client.post(page + "reminders/", follow=True).text
        assert "A mail goes out to 8 people." in shown
        assert "8 people are still to be asked by mail." in shown
        assert "Remind the 8" not in shown
        assert told("signature_missing") == set()
    with clock.at(slots[0].starts_at + timedelta(minutes=12)), monkeypatch.context() as killed:
        killed.setattr(notices_reminding, "notify_many", dies_at_the_second(notices_reminding.notify_many))
        with pytest.raises(KeyboardInterrupt):
            run_all(queues=["mail"])
        assert len(told("signature_missing")) == 3
        assert "5 people are still to be asked by mail." in client.get(page).text
    with clock.at(slots[0].starts_at + timedelta(minutes=50)):  # far later: whoever was asked is not asked again
        run_all(remind_missing_job)
        assert "still to be asked" not in client.get(page).text
    assert Notice.objects.filter(kind="signature_missing").count() == 8


def dies_at_the_second(verb):
    calls = []

    def dying(kind, said):
        calls.append(kind)
        if calls.count("signature_missing") == 2:
            raise KeyboardInterrupt
        return verb(kind, said)

    return dying
