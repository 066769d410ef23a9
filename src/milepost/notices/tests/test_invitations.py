"""What an invitation promises: to sign in whoever is new, and a question that waits to whoever has an account."""

from django.core import mail

from milepost.core.tables import read_table
from milepost.notices.sending import send_due
from milepost.people.importing import HRFile, import_people
from milepost.people.inviting import invite
from milepost.people.models import Member
from milepost.people.organisations import create_organisation
from tests.worlds import make_member


def test_the_mail_to_somebody_with_an_account_promises_no_sign_in_but_a_question_that_waits(visit, learner):
    harbour = create_organisation(slug="harbour", name="Harbour")
    eve = make_member(harbour, "eve", roles=["owner", "hr"])
    rows = f"Employee number,First name,Last name,Email\n1,Jonas,Nygård,{learner.email}\n2,Nia,Nygård,nia@new.example\n"
    import_people(organisation=harbour, file=HRFile(read_table(rows.encode())), by=eve)
    invite(members=list(Member.objects.filter(organisation=harbour, user=None)), by=eve)
    send_due()
    words = {message.to[0]: message.body for message in mail.outbox}
    assert "You have an account already" in words[learner.email] and "signs you in" not in words[learner.email]
    assert "the question waits in your account" in words[learner.email]
    assert "One tap on this link signs you in" in words["nia@new.example"]
    assert "the question stays here until you answer" in visit(learner).get("/accounts/organisations/").text
