from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP

from milepost.core import clock
from milepost.notices.kinds import kinds
from milepost.notices.models import Notice
from milepost.people import jobs, second_factor
from tests.worlds import make_member

pytestmark = pytest.mark.django_db


def said():
    """What was said of it, to whom, in words."""
    told = []
    for notice in Notice.objects.filter(kind="factor_reset").order_by("pk"):
        kind = kinds.get("factor_reset")
        told.append((notice.address, kind.context(notice, kind.find(notice))))
    return told


def test_who_lost_a_factor_is_told_when_it_is_asked_and_when_it_is_gone_where_they_sign_in(
    organisation, lead, monkeypatch
):
    ravi = make_member(organisation, "ravi", roles=["hr"])
    ravi.email = "desk@aldermoor.example"  # what HR wrote since
    ravi.save()
    TOTP.activate(ravi.user, "JBSWY3DPEHPK3PXP")
    second_factor.ask_reset(member=ravi, by=lead)
    second_factor.ask_reset(member=ravi, by=lead)
    [(address, words)] = said()
    assert (address, words["by"], words["is_done"]) == (ravi.user.email, "Claire Nygård", False)
    assert timedelta(hours=23) < words["time"] - clock.now() <= timedelta(hours=24)

    now = clock.now() + timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: now)
    jobs.reset_factors.call()
    _asked, (address, words) = said()
    assert (address, words["is_done"]) == (ravi.user.email, True)


def test_an_operator_s_reset_waits_and_is_told_as_well(organisation):
    ravi = make_member(organisation, "ravi", roles=["hr"])
    TOTP.activate(ravi.user, "JBSWY3DPEHPK3PXP")
    second_factor.ask_reset(member=ravi)
    [(address, words)] = said()
    assert (address, words["by"]) == (ravi.user.email, "whoever runs this installation")
    assert second_factor.has_one(ravi.user_id)
