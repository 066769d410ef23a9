"""Races about people: roles, invitations, the HR file, choices, and the keys of their organisation."""

from itertools import count

from milepost.core.tables import read_table
from milepost.journal.keys import current_key
from milepost.journal.models import Entry, SigningKey
from milepost.notices.kinds import kinds
from milepost.notices.models import Preferences
from milepost.notices.preferences import switch_off
from milepost.people import import_drafts
from milepost.people.granting import grant, revoke
from milepost.people.import_plan import plan_import
from milepost.people.importing import apply_import
from milepost.people.inviting import accept, invite, invited, link_for
from milepost.people.models import Member, Organisation, RoleGrant, User
from milepost.people.organisations import create_organisation
from milepost.people.roles import Role
from milepost.people.signing_in import account_for
from tests.racing import Pair, Race, no_fault

NUMBERS = count(1)
FILE = (
    b"Employee number,First name,Last name,Email,Site\n1,Ida,Moe,ida@x.example,Bergen\n2,Leo,Moe,leo@x.example,Bergen\n"
)


def _house(_world: None) -> tuple[Organisation, Member, Member]:
    """A new organisation with two owners."""
    number = next(NUMBERS)
    organisation = create_organisation(slug=f"small-house-{number}", name=f"House {number}")
    anna, bo = (
        Member.objects.create(
            organisation=organisation, given_name=name, family_name="Moe", email=f"{name}{number}@x.example"
        )
        for name in ("anna", "bo")
    )
    for owner in (anna, bo):
        grant(member=owner, role=Role.OWNER)
    return organisation, anna, bo


def _facts(organisation: Organisation, verb: str) -> int:
    return Entry.objects.filter(organisation_id=organisation.pk, verb=verb).count()


def _again(member: Member) -> Member:
    return Member.objects.select_related("organisation").get(pk=member.pk)


def _third(organisation: Organisation) -> Member:
    return Member.objects.create(organisation=organisation, given_name="Cai", family_name="Moe", employee_number="3")


def _owners(organisation: Organisation) -> int:
    return RoleGrant.objects.filter(member__organisation=organisation, role=Role.OWNER, member__left_on=None).count()


def _two_owners(world: None) -> Pair:
    """Two owners withdraw the role from each other: one stays owner."""
    organisation, anna, bo = _house(world)
    theirs = _again(bo), _again(anna)
    assert anna.roles == bo.roles == {Role.OWNER}  # as a request has read them before it presses

    def count_up(answers: list[str]) -> None:
        assert sorted(answers) in (["LastOwner", "done"], ["MoreThanYouHold", "done"]), answers
        assert _owners(organisation) == _facts(organisation, "revoked") == 1

    return [
        lambda: revoke(member=theirs[0], role=Role.OWNER, by=anna),
        lambda: revoke(member=theirs[1], role=Role.OWNER, by=bo),
    ], count_up


def _an_owner_no_more(world: None) -> Pair:
    """Whoever has just lost a role gives and takes nothing by it any more, though their page was open."""
    organisation, anna, bo = _house(world)
    grant(member=_third(organisation), role=Role.OWNER)
    theirs = _again(bo), _again(anna)
    assert anna.roles == bo.roles == {Role.OWNER}

    def count_up(answers: list[str]) -> None:
        assert sorted(answers) == ["MoreThanYouHold", "done"], answers
        assert _owners(organisation) == 2

    return [
        lambda: revoke(member=theirs[0], role=Role.OWNER, by=anna),
        lambda: revoke(member=theirs[1], role=Role.OWNER, by=bo),
    ], count_up


def _one_role_given_twice(world: None) -> Pair:
    """Two owners give the same role to the same person: it is held once, and one fact says so."""
    organisation, anna, bo = _house(world)
    cai = _third(organisation)
    before = _facts(organisation, "granted")

    def count_up(answers: list[str]) -> None:
        assert answers == ["done", "done"]
        assert RoleGrant.objects.filter(member=cai, role=Role.TRAINER).count() == 1
        assert _facts(organisation, "granted") == before + 1

    return [lambda by=by: grant(member=_again(cai), role=Role.TRAINER, by=by) for by in (anna, bo)], count_up


def _accept_twice(world: None) -> Pair:
    """Somebody presses “Begin” twice: one account, one membership, one fact."""
    organisation, anna, bo = _house(world)
    invite(members=[bo], by=anna)
    token = link_for(bo).rstrip("/").rpartition("/")[2]

    def count_up(answers: list[str]) -> None:
        assert "done" in answers and set(answers) <= {"done", "InvitationRefused"}, answers
        assert list(User.objects.filter(email=bo.email)) == [_again(bo).user]
        assert _facts(organisation, "joined") == 1

    return [lambda: accept(member=invited(token))] * 2, count_up


def _ask_for_two_codes(world: None) -> Pair:
    """The first code that somebody asks for makes their account: once."""
    _organisation, anna, _bo = _house(world)

    def count_up(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert User.objects.filter(email=anna.email).count() == 1

    return [lambda: account_for(anna.email or "")] * 2, count_up


def _import_twice(world: None) -> Pair:
    """Two in the office import the same file, each with their own upload of it, looked at before."""
    organisation, anna, bo = _house(world)
    plans = [plan_import(organisation=organisation, table=read_table(FILE), by=by) for by in (anna, bo)]

    def count_up(answers: list[str]) -> None:
        assert sorted(answers) == ["ImportRefused", "done"], answers
        assert Member.objects.filter(organisation=organisation, family_name="Moe").count() == 4
        assert _facts(organisation, "imported") == 1

    return [lambda plan=plan: apply_import(plan=plan, by=anna) for plan in plans], count_up


def _finish_one_import_twice(world: None) -> Pair:
    """“Import” pressed twice."""
    organisation, anna, _bo = _house(world)
    draft = import_drafts.upload(content=FILE, name="hr.csv", by=anna)
    pages = [type(draft).objects.select_related("organisation").get(pk=draft.pk) for _ in range(2)]
    plans = [import_drafts.plan_of(page, by=anna) for page in pages]

    def count_up(answers: list[str]) -> None:
        assert sorted(answers) == ["UploadOver", "done"], answers
        assert _facts(organisation, "imported") == 1

    return [
        lambda page=page, plan=plan: import_drafts.finish(draft=page, plan=plan, by=anna)
        for page, plan in zip(pages, plans, strict=True)
    ], count_up


def _choose_and_upload_anew(world: None) -> Pair:
    """An upload takes away the one before, whose page is open in another tab."""
    _organisation, anna, _bo = _house(world)
    draft = import_drafts.upload(content=FILE, name="hr.csv", by=anna)

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert answers[0] == "done" and answers[1] in ("done", "UploadOver"), answers

    return [
        lambda: import_drafts.upload(content=FILE, name="hr.csv", by=anna),
        lambda: import_drafts.choose_columns(draft=draft, columns={0: "email"}, is_complete=False),
    ], count_up


def _leave_and_revoke(world: None) -> Pair:
    """The HR file says that one owner has left, while the other lays the role down: one stays."""
    organisation, anna, bo = _house(world)
    RoleGrant.objects.filter(member=anna).delete()
    table = read_table(f"First name,Last name,Email,Leaving date\nBo,Moe,{bo.email},2020-01-31\n".encode())
    grant(member=anna, role=Role.OWNER)
    plan = plan_import(organisation=organisation, table=table)
    assert plan.is_possible and plan.changed

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert _owners(organisation) >= 1, answers

    return [
        lambda: apply_import(plan=plan),
        lambda: revoke(member=_again(anna), role=Role.OWNER, by=_again(anna)),
    ], count_up


def _switch_off_two(world: None) -> Pair:
    """Two links “no more of these” in two mails: both hold."""
    two = [name for name, kind in kinds.items() if not kind.why_always][:2]
    _organisation, anna, _bo = _house(world)

    def count_up(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert len(Preferences.objects.get(member=anna).off) == 2

    return [lambda kind=kind: switch_off(anna, kind) for kind in two], count_up


def _two_first_keys(world: None) -> Pair:
    organisation, _anna, _bo = _house(world)
    signs_with: list[str] = []

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        [key] = SigningKey.objects.filter(organisation_id=organisation.pk)
        assert signs_with == [key.fingerprint] * 2

    return [lambda: signs_with.append(current_key(organisation.pk).fingerprint)] * 2, count_up


def nothing() -> None:
    """Each pair has an organisation of its own."""


RACES = {
    "two owners": Race(nothing, _two_owners),
    "an owner no more": Race(nothing, _an_owner_no_more),
    "giving a role": Race(nothing, _one_role_given_twice),
    "accepting an invitation": Race(nothing, _accept_twice),
    "asking for a first code": Race(nothing, _ask_for_two_codes),
    "importing people": Race(nothing, _import_twice),
    "finishing an import": Race(nothing, _finish_one_import_twice),
    "choosing columns and uploading anew": Race(nothing, _choose_and_upload_anew),
    "the last two owners leaving": Race(nothing, _leave_and_revoke),
    "switching two kinds off": Race(nothing, _switch_off_two),
    "making the first key": Race(nothing, _two_first_keys),
}
