"""Opening actions, and what is added to them."""

from datetime import date

import pytest

from milepost.evidence.actions import ActionPlan, InvalidAction, add_piece, open_action

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
