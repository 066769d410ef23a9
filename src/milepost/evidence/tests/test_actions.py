"""Opening actions, and what is added to them."""

from datetime import date

import pytest

from milepost.core.jobs import run_all
from milepost.evidence import actions, registering
from milepost.evidence.actions import ActionPlan, InvalidAction, add_piece, open_action
from milepost.evidence.registering import register_people
from milepost.journal.models import Entry
from milepost.people.models import Member
from tests.worlds import make_people

DAY = date(2026, 11, 26)
pytestmark = pytest.mark.django_db


def opened(organisation, lead, reference=""):
    plan = ActionPlan(title="T", profile="fr", starts_on=DAY, ends_on=DAY, minutes=60, reference=reference)
    return open_action(organisation=organisation, plan=plan, by=lead).reference


def test_numbers_go_on_beside_those_that_were_given_by_hand(organisation, lead):
    assert opened(organisation, lead, "A-2026-002") == "A-2026-002"
    assert [opened(organisation, lead) for _ in range(2)] == ["A-2026-003", "A-2026-004"]
    with pytest.raises(InvalidAction, match="A-2026-003"):
        opened(organisation, lead, "A-2026-003")


def test_a_file_that_is_there_is_not_added_again(organisation, lead, action):
    for _press in range(2):
        add_piece(action=action, key="hot-evaluation", name="e.pdf", content=b"fine", by=lead)
    assert action.pieces.count() == 1
    add_piece(action=action, key="hot-evaluation", name="e.pdf", content=b"better", by=lead)
    assert action.pieces.count() == 2


def test_who_takes_part_is_recorded_of_many_in_the_background_and_after_a_kill_of_the_rest(
    organisation, lead, monkeypatch
):
    monkeypatch.setattr(registering, "AT_ONCE", 3)
    monkeypatch.setattr(actions, "AT_ONCE", 3)
    monkeypatch.setattr(registering, "BATCH", 2)
    make_people(organisation, 7)
    people = Member.objects.filter(organisation=organisation, user=None)
    plan = ActionPlan(title="All", profile="internal", starts_on=DAY, ends_on=DAY, minutes=60, members=people)
    action = open_action(organisation=organisation, plan=plan, by=lead)
    told = Entry.objects.filter(fact="action.registered", about=str(action.uid))
    assert (action.members.count(), told.count()) == (7, 0)
    registering._next_part(action.pk)
    assert told.count() == 2
    run_all(queues=["builds"])
    register_people(action)
    recorded = list(told.values_list("actor_id", flat=True))
    assert sorted(recorded) == sorted(str(uid) for uid in people.values_list("uid", flat=True))


def test_an_action_of_two_thousand_is_opened_in_a_moment(organisation, lead, django_assert_max_num_queries):
    make_people(organisation, 2_000)
    plan = ActionPlan(
        title="All",
        profile="internal",
        starts_on=DAY,
        ends_on=DAY,
        minutes=60,
        members=Member.objects.filter(organisation=organisation, user=None),
    )
    with django_assert_max_num_queries(40):
        open_action(organisation=organisation, plan=plan, by=lead)
