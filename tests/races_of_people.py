"""Races about people: roles, invitations, the HR file, choices, and the keys of their organisation."""

from itertools import count

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP

from milepost.core.tables import read_table
from milepost.journal.keys import current_key
from milepost.journal.models import Entry, SigningKey
from milepost.notices.kinds import kinds
from milepost.notices.models import Notice, Preferences
from milepost.notices.preferences import switch_off
from milepost.people import import_drafts, second_factor
from milepost.people.granting import grant, revoke
from milepost.people.importing import HRFile, import_people
from milepost.people.inviting import accept, invite, invited, link_for
from milepost.people.joining import decline, join, join_first
from milepost.people.models import Member, Organisation, RoleGrant, User
from milepost.people.organisations import create_organisation
from milepost.people.roles import Role
from milepost.people.sessions import ENTERED, SessionStore, enter
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


def _third(organisation: Organisation, number: str = "3") -> Member:
    return Member.objects.create(organisation=organisation, given_name="Cai", family_name="Moe", employee_number=number)


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
    file = HRFile(read_table(FILE))
    seen = [file.plan(organisation, by=by).fingerprint for by in (anna, bo)]

    def count_up(answers: list[str]) -> None:
        assert sorted(answers) == ["ImportRefused", "done"], answers
        assert Member.objects.filter(organisation=organisation, family_name="Moe").count() == 4
        assert _facts(organisation, "imported") == 1

    return [
        lambda one=one: import_people(organisation=organisation, file=file, by=anna, seen=one) for one in seen
    ], count_up


def _finish_one_import_twice(world: None) -> Pair:
    """“Import” pressed twice."""
    organisation, anna, _bo = _house(world)
    draft = import_drafts.upload(content=FILE, name="hr.csv", by=anna)
    pages = [type(draft).objects.select_related("organisation").get(pk=draft.pk) for _ in range(2)]
    seen = import_drafts.plan_of(draft, by=anna).fingerprint

    def count_up(answers: list[str]) -> None:
        assert sorted(answers) == ["UploadOver", "done"], answers
        assert _facts(organisation, "imported") == 1

    return [lambda page=page: import_drafts.finish(draft=page, seen=seen, by=anna) for page in pages], count_up


def _choose_and_upload_anew(world: None) -> Pair:
    """An upload takes away the one before, whose page is open in another tab."""
    _organisation, anna, _bo = _house(world)
    draft = import_drafts.upload(content=FILE, name="hr.csv", by=anna)

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert answers[0] == "done" and answers[1] in ("done", "UploadOver"), answers

    return [
        lambda: import_drafts.upload(content=FILE, name="hr.csv", by=anna),
        lambda: import_drafts.choose(draft=draft, columns={0: "email"}, is_complete=False),
    ], count_up


def _leave_and_revoke(world: None) -> Pair:
    """The HR file says that one owner has left, while the other lays the role down: one stays."""
    organisation, anna, bo = _house(world)
    RoleGrant.objects.filter(member=anna).delete()
    file = HRFile(read_table(f"First name,Last name,Email,Leaving date\nBo,Moe,{bo.email},2020-01-31\n".encode()))
    grant(member=anna, role=Role.OWNER)
    plan = file.plan(organisation)
    assert plan.is_possible and plan.changed

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        assert _owners(organisation) >= 1, answers

    return [
        lambda: import_people(organisation=organisation, file=file, seen=plan.fingerprint),
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


def _give_and_move(world: None) -> Pair:
    """An owner gives somebody a role while HR moves their address: it was moved before they held it, or not at all."""
    organisation, anna, _bo = _house(world)
    cai, hr = _third(organisation), _third(organisation, "hr")
    grant(member=hr, role=Role.HR)
    file = HRFile(read_table(b"Employee number,First name,Last name,Email\n3,Cai,Moe,another@x.example\n"))

    def count_up(answers: list[str]) -> None:
        assert answers in (["done", "done"], ["done", "ImportRefused"]), answers
        told = Entry.objects.filter(organisation_id=organisation.pk, object_id=str(cai.uid)).order_by("pk")
        verbs = list(told.filter(verb__in=["granted", "updated"]).values_list("verb", flat=True))
        assert verbs == (["updated", "granted"] if answers[1] == "done" else ["granted"]), verbs

    return [
        lambda: grant(member=_again(cai), role=Role.TRAINER, by=anna),
        lambda: import_people(organisation=organisation, file=file, by=hr),
    ], count_up


def _known_elsewhere(world: None) -> tuple[Organisation, Member, User]:
    """Somebody who has an account and belongs nowhere yet, and whom a new organisation knows."""
    organisation, _anna, bo = _house(world)
    user = account_for(bo.email or "")
    assert user is not None
    EmailAddress.objects.filter(user=user).update(verified=True)
    return organisation, bo, user


def _sign_in_twice(world: None) -> Pair:
    """Somebody signs in for the first time on two devices at once: they join once."""
    organisation, bo, user = _known_elsewhere(world)

    def count_up(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert (_again(bo).user, _facts(organisation, "joined")) == (user, 1)

    return [lambda: join_first(user=user)] * 2, count_up


def _join_the_first_of_two(world: None) -> Pair:
    """Two organisations are said yes to on two devices while the account belongs nowhere: both are joined, each once."""
    (one, bo, user), (two, there, _user) = _known_elsewhere(world), _known_elsewhere(world)
    Member.objects.filter(pk=there.pk).update(email=bo.email)

    def count_up(answers: list[str]) -> None:
        assert set(answers) == {"done"}, answers
        assert _again(bo).user == _again(there).user == user
        assert _facts(one, "joined") == _facts(two, "joined") == 1

    return [lambda member=member: join(user=user, member=member) for member in (bo, there)] * 2, count_up


def _yes_and_no(world: None) -> Pair:
    """“Yes” on one device, “No” on another: one of them holds, and the journal says the same."""
    organisation, bo, user = _known_elsewhere(world)

    def count_up(answers: list[str]) -> None:
        assert "done" in answers and set(answers) <= {"done", "NotAsked"}, answers
        has_joined = _again(bo).user is not None
        assert has_joined is (_again(bo).declined_at is None) is (_facts(organisation, "joined") == 1)

    return [lambda: join(user=user, member=bo), lambda: decline(user=user, member=bo)], count_up


def _yes_twice(world: None) -> Pair:
    """“Yes” pressed twice: one membership, one fact."""
    organisation, bo, user = _known_elsewhere(world)

    def count_up(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert _facts(organisation, "joined") == 1 and _again(bo).user == user

    return [lambda: join(user=user, member=_again(bo))] * 2, count_up


def _yes_and_moved(world: None) -> Pair:
    """HR moves somebody's address while they say yes: whoever has joined is told, and nobody joins at an address that is not theirs."""
    organisation, bo, user = _known_elsewhere(world)
    Member.objects.filter(pk=bo.pk).update(employee_number="7")
    RoleGrant.objects.filter(member=bo).delete()
    hr = _third(organisation, "hr")
    grant(member=hr, role=Role.OWNER)
    file = HRFile(read_table(b"Employee number,First name,Last name,Email\n7,Bo,Moe,%d@x.example\n" % bo.pk))

    def count_up(answers: list[str]) -> None:
        no_fault(answers)
        has_joined, is_moved = _again(bo).user_id is not None, _again(bo).email != bo.email
        told = Notice.objects.filter(kind="address_changed", organisation=organisation).count()
        assert (answers[0] == "done", answers[1] == "done") == (has_joined, is_moved), answers
        assert has_joined or is_moved, answers
        assert told == (1 if is_moved and has_joined else 0), (answers, told)

    return [
        lambda: join(user=user, member=_again(bo)),
        lambda: import_people(organisation=organisation, file=file, by=hr),
    ], count_up


def _factor_of_one(world: None) -> tuple[Organisation, Member, Member]:
    """An owner, and somebody who has joined and has a second factor."""
    organisation, bo, user = _known_elsewhere(world)
    join(user=user, member=bo)
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    anna = Member.objects.get(organisation=organisation, given_name="anna")
    return organisation, anna, _again(bo)


def _reset_and_use(world: None) -> Pair:
    """A reset is due while its person uses the factor: it is kept or gone, told once, and the journal says which."""
    organisation, anna, bo = _factor_of_one(world)
    reset = second_factor.ask_reset(member=bo, by=anna)

    def count_up(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        has_gone, is_kept = _facts(organisation, "reset-factor"), _facts(organisation, "kept-factor")
        assert (has_gone, is_kept) in {(1, 0), (0, 1)}
        assert second_factor.has_one(bo.user_id) is bool(is_kept)

    return [lambda: second_factor.finish_reset(reset), lambda: second_factor.keep(user=reset.user)], count_up


def _ask_for_a_reset_twice(world: None) -> Pair:
    """Two presses ask for one reset."""
    organisation, anna, bo = _factor_of_one(world)

    def count_up(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert _facts(organisation, "asked-for-factor-reset") == 1

    return [lambda: second_factor.ask_reset(member=_again(bo), by=_again(anna))] * 2, count_up


def _enter_twice(world: None) -> Pair:
    """A page and a part of it come in at the same moment: one fact tells that the session entered."""
    organisation, anna, _bo = _house(world)
    kept = SessionStore()
    kept.create()
    sessions = SessionStore(kept.session_key), SessionStore(kept.session_key)
    for session in sessions:
        assert ENTERED not in session

    def count_up(answers: list[str]) -> None:
        assert answers == ["done", "done"], answers
        assert _facts(organisation, "signed-in") == 1
        assert SessionStore(kept.session_key)[ENTERED] == [anna.pk]

    return [lambda session=session: enter(session, anna) for session in sessions], count_up


RACES = {
    "two owners": Race(nothing, _two_owners),
    "an owner no more": Race(nothing, _an_owner_no_more),
    "giving a role": Race(nothing, _one_role_given_twice),
    "giving a role and moving an address": Race(nothing, _give_and_move),
    "accepting an invitation": Race(nothing, _accept_twice),
    "asking for a first code": Race(nothing, _ask_for_two_codes),
    "signing in for the first time": Race(nothing, _sign_in_twice),
    "joining two organisations": Race(nothing, _join_the_first_of_two),
    "saying yes and no to an organisation": Race(nothing, _yes_and_no),
    "saying yes twice to an organisation": Race(nothing, _yes_twice),
    "saying yes while an address is moved": Race(nothing, _yes_and_moved),
    "resetting a factor that is used": Race(nothing, _reset_and_use),
    "asking for a reset": Race(nothing, _ask_for_a_reset_twice),
    "entering an organisation": Race(nothing, _enter_twice),
    "importing people": Race(nothing, _import_twice),
    "finishing an import": Race(nothing, _finish_one_import_twice),
    "choosing columns and uploading anew": Race(nothing, _choose_and_upload_anew),
    "the last two owners leaving": Race(nothing, _leave_and_revoke),
    "switching two kinds off": Race(nothing, _switch_off_two),
    "making the first key": Race(nothing, _two_first_keys),
}
