"""Stories in which two people press at the same instant, each on a connection of their own. `test_races_of_people` runs them.

Run as a process on a database of its own: `main("two owners")`.
"""

import sys

from milepost.journal.models import Entry
from milepost.people.granting import grant, revoke
from milepost.people.inviting import accept, invite, invited, link_for
from milepost.people.models import Member, Organisation, RoleGrant, User
from milepost.people.organisations import create_organisation
from milepost.people.roles import Role
from tests.races import at_once

ROUNDS = 15


def house(number: int) -> tuple[Organisation, Member, Member]:
    """A new organisation with two members."""
    organisation = create_organisation(slug=f"house-{number}", name=f"House {number}")
    anna, bo = (
        Member.objects.create(
            organisation=organisation, given_name=name, family_name="Moe", email=f"{name}{number}@x.example"
        )
        for name in ("anna", "bo")
    )
    return organisation, anna, bo


def facts(organisation: Organisation, verb: str) -> int:
    return Entry.objects.filter(organisation_id=organisation.pk, verb=verb).count()


def two_owners(number: int) -> None:
    """Two owners withdraw the role from each other: one stays owner."""
    organisation, anna, bo = house(number)
    for owner in (anna, bo):
        grant(member=owner, role=Role.OWNER)
    theirs = _again(bo), _again(anna)
    assert anna.roles == bo.roles == {Role.OWNER}  # as a request has read them before it presses
    answers = at_once(
        [
            lambda: revoke(member=theirs[0], role=Role.OWNER, by=anna),
            lambda: revoke(member=theirs[1], role=Role.OWNER, by=bo),
        ]
    )
    assert sorted(answers) in (["LastOwner", "done"], ["MoreThanYouHold", "done"]), answers
    assert RoleGrant.objects.filter(member__organisation=organisation, role=Role.OWNER).count() == 1
    assert facts(organisation, "revoked") == 1


def an_owner_no_more(number: int) -> None:
    """Whoever has just lost a role gives and takes nothing by it any more, though their page was open."""
    organisation, anna, bo = house(number)
    for owner in (anna, bo):
        grant(member=owner, role=Role.OWNER)
    cai = Member.objects.create(organisation=organisation, given_name="Cai", family_name="Moe", employee_number="3")
    grant(member=cai, role=Role.OWNER)
    theirs = _again(bo), _again(anna)
    assert anna.roles == bo.roles == {Role.OWNER}
    answers = at_once(
        [
            lambda: revoke(member=theirs[0], role=Role.OWNER, by=anna),
            lambda: revoke(member=theirs[1], role=Role.OWNER, by=bo),
        ]
    )
    assert sorted(answers) == ["MoreThanYouHold", "done"], answers
    assert RoleGrant.objects.filter(member__organisation=organisation, role=Role.OWNER).count() == 2


def one_role_given_twice(number: int) -> None:
    """Two owners give the same role to the same person: it is held once, and one fact says so."""
    organisation, anna, bo = house(number)
    for owner in (anna, bo):
        grant(member=owner, role=Role.OWNER)
    cai = Member.objects.create(organisation=organisation, given_name="Cai", family_name="Moe", employee_number="3")
    before = facts(organisation, "granted")
    answers = at_once([lambda by=by: grant(member=_again(cai), role=Role.TRAINER, by=by) for by in (anna, bo)])
    assert answers == ["done", "done"]
    assert RoleGrant.objects.filter(member=cai, role=Role.TRAINER).count() == 1
    assert facts(organisation, "granted") == before + 1


def an_invitation_accepted_twice(number: int) -> None:
    """Somebody presses “Begin” twice: one account, one membership, one fact."""
    organisation, anna, bo = house(number)
    invite(members=[bo], by=anna)
    token = link_for(bo).rstrip("/").rpartition("/")[2]
    answers = at_once([lambda: accept(member=invited(token))] * 2)
    assert "done" in answers and set(answers) <= {"done", "InvitationRefused"}, answers
    assert list(User.objects.filter(email=bo.email)) == [_again(bo).user]
    assert facts(organisation, "joined") == 1


def _again(member: Member) -> Member:
    return Member.objects.select_related("organisation").get(pk=member.pk)


STORIES = {
    "two owners": two_owners,
    "an owner no more": an_owner_no_more,
    "one role given twice": one_role_given_twice,
    "an invitation accepted twice": an_invitation_accepted_twice,
}


def main(name: str) -> None:
    """Tell the story again and again: a race shows itself only now and then."""
    for number in range(ROUNDS):
        STORIES[name](number)
    sys.stdout.write(f"{ROUNDS} rounds\n")
