from datetime import timedelta

import pytest

from milepost.core import clock
from milepost.documents.contribution import DocumentsContribution
from milepost.documents.declining import decline
from milepost.documents.ending import withdraw
from milepost.documents.models import Signatory
from milepost.documents.reminding import notify_due, remind_now
from milepost.documents.requesting import Party, Terms, request_signatures
from milepost.documents.signing import sign
from milepost.documents.tests.agreements import TWO, act
from milepost.notices.models import Notice
from tests.meanwhile import meanwhile

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(agreement, lead, learner):
    """Jonas, a member, is to sign with two who are none; all were asked two days ago."""
    parties = [Party(learner.full_name, learner.email, member=learner), *TWO]
    made = request_signatures(document=agreement, parties=parties, terms=Terms(), by=lead)
    with clock.at(clock.now() - timedelta(days=2)):
        notify_due()
    Notice.objects.all().delete()
    return made


def signs(who):
    sign(signatory=who, act=act())


def declines(who):
    decline(signatory=who, reason="I know nobody there.")


def is_taken_back(who):
    withdraw(request=who.request, reason="Not needed.", by=who.request.created_by)


def leaves_the_organisation(who):
    who.member.left_on = clock.today() - timedelta(days=1)
    who.member.save()


def is_erased(who):
    DocumentsContribution().erase(who.member)


@pytest.mark.parametrize("deed", [signs, declines, is_taken_back, leaves_the_organisation, is_erased])
def test_whoever_is_done_in_the_meantime_is_not_reminded(asked, learner, deed):
    who = Signatory.objects.select_related("request__document__organisation", "member").get(member=learner)
    with meanwhile(Signatory, lambda: deed(who)):
        remind_now(asked)
    recipients = Notice.objects.filter(kind="signature_reminder").values_list("recipient", flat=True)
    assert not {str(learner.uid), learner.email, "erased@invalid.invalid"} & set(recipients)
    assert not Signatory.objects.filter(pk=who.pk, reminded_at__isnull=False).exists()
