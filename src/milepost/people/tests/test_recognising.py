"""What somebody is recognised by moves no role: e-mail, number and last day of whoever holds one."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile

import milepost
from milepost.core import clock
from milepost.core.jobs import run_all
from milepost.core.tables import read_table
from milepost.people.granting import grant
from milepost.people.import_plan import ImportRefused
from milepost.people.import_planning import plan_import
from milepost.people.importing import HRFile, import_people
from milepost.people.models import Member
from milepost.people.roles import Role
from tests.worlds import make_member

HEADING = "Employee number,First name,Last name,Email,Leaving date\n"


@pytest.fixture
def hr(organisation, lead):
    return make_member(organisation, "ravi", roles=["hr"])


@pytest.fixture
def tess(organisation):
    """A trainer who has not joined yet, known by her number and her address."""
    member = make_member(organisation, "tess", employee_number="7", roles=["trainer"])
    Member.objects.filter(pk=member.pk).update(user=None)
    return member


def file(row):
    return HRFile(read_table((HEADING + row + "\n").encode()))


def run(organisation, row, by):
    return import_people(organisation=organisation, file=file(row), by=by, leavers=1)


@pytest.mark.parametrize(
    "row",
    [
        "7,Tess,Nygård,ravi2@x.example,",
        "7,Tess,Nygård,tess@aldermoor.example,2020-01-31",
        "7,Tess,Nygård,tess@aldermoor.example,2090-01-31",
        "7,Tess,Nygård,[empty],",
    ],
)
def test_who_may_not_give_a_role_changes_nothing_that_its_holder_is_recognised_by(organisation, hr, lead, tess, row):
    Member.objects.filter(pk=tess.pk).update(employee_number="7")
    with pytest.raises(ImportRefused, match="holds the role “Trainer”"):
        run(organisation, row, hr)
    assert run(organisation, row, lead)["changed"] == 1


def test_a_role_of_one_s_own_is_not_moved_to_somebody_else_either(organisation, hr):
    Member.objects.filter(pk=hr.pk).update(employee_number="9")
    with pytest.raises(ImportRefused, match="holds the role “HR”"):
        run(organisation, "9,Ravi,Nygård,friend@x.example,", hr)


def test_who_has_left_is_not_brought_back_with_their_role_by_who_may_not_give_it(organisation, hr, tess):
    Member.objects.filter(pk=tess.pk).update(left_on=clock.today() - timedelta(days=9))
    with pytest.raises(ImportRefused, match="holds the role"):
        run(organisation, "7,Tess,Nygård,tess@aldermoor.example,", hr)


def test_the_rest_of_a_record_is_hr_s_to_keep_and_so_is_a_first_number(organisation, hr, tess):
    assert run(organisation, "7,Tess,Berg,tess@aldermoor.example,", hr)["changed"] == 1
    Member.objects.filter(pk=tess.pk).update(employee_number=None)
    assert run(organisation, "70,Tess,Berg,tess@aldermoor.example,", hr)["changed"] == 1


def test_whoever_holds_a_role_and_is_missing_from_a_complete_file_stays_and_is_named(
    organisation, hr, lead, tess, visit
):
    make_member(organisation, "zoe", employee_number="1")
    text = b"Employee number,First name,Last name\n1,Zoe,Nyg\xc3\xa5rd\n"
    upload = {"file": SimpleUploadedFile("hr.csv", text)}
    client = visit(hr)
    page = client.post("/aldermoor/people/imports/new/", upload, follow=True)
    columns = {"column-0": "employee_number", "column-1": "given_name", "column-2": "family_name"}
    page = client.post(page.request["PATH_INFO"], columns | {"is_complete": "on"})
    assert [member.full_name for member in page.context["plan"].staying] == [
        "Claire Nygård",
        "Ravi Nygård",
        "Tess Nygård",
    ]
    assert page.context["plan"].gone == []
    assert "Tess Nygård" in page.text
    by_owner = plan_import(organisation=organisation, table=read_table(text), is_complete=True, by=lead)
    assert [member.full_name for member in by_owner.gone] == ["Ravi Nygård", "Tess Nygård"]


def test_the_last_owner_is_made_to_leave_by_nobody_and_on_no_day(organisation, lead):
    Member.objects.filter(pk=lead.pk).update(employee_number="5")
    for day in ("2020-01-31", "2090-01-31"):
        for by in (lead, None):
            with pytest.raises(ImportRefused, match="last owner"):
                run(organisation, f"5,Claire,Nygård,claire@aldermoor.example,{day}", by)


def test_a_role_that_was_just_taken_moves_nobody(organisation, lead, tess):
    """The page was open: what its reader holds is read anew."""
    bo = make_member(organisation, "bo", roles=["lead", "owner"])
    assert Role.OWNER in bo.roles
    from milepost.people.granting import revoke

    revoke(member=Member.objects.get(pk=bo.pk), role=Role.OWNER, by=lead)
    with pytest.raises(ImportRefused, match="holds the role"):
        run(organisation, "7,Tess,Nygård,bo2@x.example,", bo)


def test_the_old_address_of_whoever_holds_a_role_is_told(organisation, lead, tess):
    run(organisation, "7,Tess,Nygård,tess.berg@aldermoor.example,", lead)
    run_all()
    [told] = [message for message in mail.outbox if message.to == ["tess@aldermoor.example"]]
    assert "Claire Nygård" in told.body and "address" in told.subject
    assert told.reply_to == ["claire@aldermoor.example"]


def test_somebody_without_a_role_is_moved_by_hr_and_told_so_once_they_have_joined(organisation, hr):
    """Links to sign went to whatever mailbox HR wrote down, and the person heard of nothing."""
    zoe = make_member(organisation, "zoe", employee_number="1")
    run(organisation, "1,Zoe,Nygård,zoe.berg@aldermoor.example,", hr)
    run_all()
    [told] = mail.outbox
    assert told.to == ["zoe@aldermoor.example"] and "role" not in told.body
    mail.outbox.clear()
    Member.objects.filter(pk=zoe.pk).update(user=None)
    run(organisation, "1,Zoe,Nygård,zoe.lind@aldermoor.example,", hr)
    run_all()
    assert mail.outbox == []


def test_an_owner_of_a_site_moves_those_whose_roles_they_may_give(organisation, hr, tess):
    from milepost.people.models import Site

    lyon = Site.objects.create(organisation=organisation, name="Lyon")
    grant(member=hr, role=Role.OWNER, scope="site", key=lyon.pk)
    with pytest.raises(ImportRefused):
        run(organisation, "7,Tess,Nygård,elsewhere@x.example,", hr)


WRITERS = {
    "people/importing.py",  # asks `recognising.Holders`
    "people/joining.py",  # the account, of the person themself
    "people/members.py",  # somebody new
    "people/merging.py",  # asks `recognising.Holders`
    "people/undoing_imports.py",  # asks `recognising.Holders`
}


@pytest.mark.one_database("sqlite")
def test_what_people_are_recognised_by_is_written_in_these_places_alone():
    """A further one is a further way to somebody's roles: let it ask `recognising.Holders`, and name it here."""
    root = Path(milepost.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        name = str(path.relative_to(root))
        if "/tests/" in name or "/migrations/" in name or name.startswith("demonstration/"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if writes_recognition(node):
                found.add(name)
    assert found == WRITERS


KEPT = {"email", "employee_number", "left_on", "user"}


def names_in(targets):
    for target in targets:
        yield from target.elts if isinstance(target, ast.Tuple) else [target]


def writes_recognition(node):
    """Whether this writes an address, a number, an account or a last day of a member, as far as its words tell."""
    if isinstance(node, ast.Assign):
        return any(
            isinstance(target, ast.Attribute)
            and target.attr in KEPT
            and isinstance(target.value, ast.Name)
            and target.value.id in {"member", "person", "locked", "held", "waiting"}
            for target in names_in(node.targets)
        )
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    about_members = ast.unparse(node.func).startswith("Member.objects")
    writes = node.func.attr in {"update", "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update"}
    names = {keyword.arg for keyword in node.keywords}
    return about_members and writes and (node.func.attr.startswith("bulk") or bool(names & KEPT))
