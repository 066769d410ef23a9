import re
from datetime import UTC, date, datetime, timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from milepost.core import clock, sandbox
from milepost.core.jobs import named, run_all
from milepost.journal.models import Entry
from milepost.people import import_drafts
from milepost.people.granting import revoke
from milepost.people.import_plan import ImportRefused, changes_in_words
from milepost.people.models import Member, PeopleImport, RoleGrant
from milepost.people.roles import Role
from tests.worlds import make_member, make_people

FILE = "Matricule;Prénom;Nom;E-mail;Site\n1;Zoé;Roux;zoe@a.example;Lyon\n".encode("cp1252")


def upload(client, content=FILE, name="hr.csv"):
    return client.post("/aldermoor/people/imports/new/", {"file": SimpleUploadedFile(name, content)}, follow=True)


IMPORT = {
    f"column-{at}": name for at, name in enumerate(["employee_number", "given_name", "family_name", "email", "site"])
}
IMPORT["apply"] = "1"


def seen(page):
    """What the page says that the file would do, as its button sends it back."""
    return re.search(r'name="seen" value="([^"]+)"', page.text)[1]


def test_people_are_found_without_their_accents(visit, lead, organisation):
    make_member(organisation, "håkon")
    page = visit(lead).get("/aldermoor/people/", {"q": "hakon nygard"})
    assert "Håkon Nygård" in page.text
    assert "Claire" not in re.sub(r"(?s)<header.*?</header>", "", page.text)


def test_the_list_stays_fast_with_many_people(visit, lead, organisation):
    make_people(organisation, 300)
    client = visit(lead)
    client.get("/aldermoor/people/")
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/aldermoor/people/", {"site": "", "page": 3})
    assert "Page 3 of" in page.text
    assert len(captured) <= 13


def test_a_learner_may_not_see_the_list(visit, learner):
    assert visit(learner).get("/aldermoor/people/").status_code == 403


def test_an_hr_file_is_shown_before_it_is_imported(visit, lead):
    client = visit(lead)
    page = upload(client)
    assert "1 new, 0 changed, 0 gone." in page.text
    assert not Member.objects.filter(given_name="Zoé").exists()
    done = client.post(
        page.request["PATH_INFO"],
        {
            "apply": "1",
            "seen": seen(page),
            **{
                f"column-{i}": n
                for i, n in enumerate(["employee_number", "given_name", "family_name", "email", "site"])
            },
        },
        follow=True,
    )
    assert "Done: 1 new" in done.text
    assert Member.objects.get(given_name="Zoé").site.name == "Lyon"


@pytest.mark.parametrize(("count", "is_asked"), [(50, False), (51, True)])
def test_the_button_says_how_many_a_file_touches_and_asks_above_fifty(visit, lead, count, is_asked):
    rows = "\n".join(f"N{n},Given{n},Family{n}" for n in range(count))
    file = SimpleUploadedFile("hr.csv", f"Employee number,First name,Last name\n{rows}\n".encode())
    page = visit(lead).post("/aldermoor/people/imports/new/", {"file": file}, follow=True)
    button = page.text.partition('name="apply"')[2].partition("</button>")[0]
    assert f"Import {count} people" in button
    assert ('data-confirm="51 new, 0 changed, 0 gone. Import?"' in button) == is_asked


def test_what_is_imported_is_what_the_page_showed(visit, lead, organisation):
    """Somebody added the person meanwhile; then a column is chosen anew and “Import” is pressed without a look."""
    client = visit(lead)
    page = upload(client)
    Member.objects.filter(pk=make_member(organisation, "zoe").pk).update(email="zoe@a.example")
    other = client.post(page.request["PATH_INFO"], IMPORT | {"seen": seen(page)})
    assert "Look at it once more" in other.text
    assert "0 new, 1 changed, 0 gone." in other.text
    without_site = {name: value for name, value in IMPORT.items() if name != "column-4"}
    assert "Look at it once more" in client.post(page.request["PATH_INFO"], without_site | {"seen": seen(other)}).text
    assert not Member.objects.filter(given_name="Zoé", site__name="Lyon").exists()


def test_the_file_is_wiped_once_it_was_imported(visit, lead):
    client = visit(lead)
    page = upload(client)
    client.post(
        page.request["PATH_INFO"],
        IMPORT | {"seen": seen(page)},
    )
    assert bytes(PeopleImport.objects.get().content) == b""


def test_a_large_file_is_imported_in_the_background_while_its_page_waits(visit, lead, monkeypatch):
    monkeypatch.setattr(import_drafts, "LARGE", 0)
    client = visit(lead)
    page = upload(client)
    address = page.request["PATH_INFO"]
    for _pressed_twice in range(2):
        assert "is being imported" in client.post(address, IMPORT | {"seen": seen(page)}, follow=True).text
    with pytest.raises(import_drafts.UploadOver):
        import_drafts.choose(draft=PeopleImport.objects.get(), columns={}, is_complete=True)
    assert not Member.objects.filter(given_name="Zoé").exists()
    run_all(queues=["imports"])
    assert Member.objects.filter(given_name="Zoé").exists()
    assert Entry.objects.filter(verb="imported").count() == 1
    done = client.get(address).text
    assert "The file is imported" in done
    assert "hx-trigger" not in done.partition("<main")[2].partition("</main>")[0]


def test_a_large_file_that_would_do_something_else_by_now_is_there_again_with_the_reason(
    visit, organisation, monkeypatch
):
    monkeypatch.setattr(import_drafts, "LARGE", 0)
    hr = make_member(organisation, "hr", roles=["hr"])
    client = visit(hr)
    page = upload(client)
    client.post(page.request["PATH_INFO"], IMPORT | {"seen": "something else"})
    run_all(queues=["imports"])
    again = client.get(page.request["PATH_INFO"])
    assert "Look at it once more" in again.text
    client.post(page.request["PATH_INFO"], IMPORT | {"seen": seen(again)})
    revoke(member=hr, role=Role.HR)
    run_all(queues=["imports"])
    assert not Member.objects.filter(given_name="Zoé").exists(), "by whoever may not import any more"


def test_an_hr_file_is_read_once_though_a_refused_import_shows_again_what_it_would_do(lead):
    import_drafts.upload(content=b"Email,First name,Last name\na@aldermoor.example,A,N\n", name="a.csv", by=lead)
    draft = PeopleImport.objects.get()
    with sandbox.as_one() as allowance:
        with pytest.raises(ImportRefused):
            import_drafts.finish(draft=draft, seen="something else", by=lead)
        left = allowance.left
        assert import_drafts.plan_of(draft, by=lead).new
    assert allowance.left == left < sandbox.SECONDS


def test_a_broken_file_is_answered_with_what_to_do(visit, lead):
    page = upload(visit(lead), b"%PDF-1.7 \x00\x01\x02")
    assert "not a text file" in page.text


def test_problems_are_listed_and_importing_is_not_possible(visit, lead):
    client = visit(lead)
    page = upload(client, b"Email,First name,Last name\nbroken,Anna,Berg\n")
    assert "Row 2, Email" in page.text
    client.post(
        page.request["PATH_INFO"],
        {"apply": "1", "column-0": "email", "column-1": "given_name", "column-2": "family_name"},
    )
    assert not Member.objects.filter(given_name="Anna").exists()


def test_an_owner_gives_and_takes_roles(visit, lead, learner):
    client = visit(lead)
    client.post(f"/aldermoor/people/{learner.uid}/roles/", {"role": "author"})
    assert Member.objects.get(pk=learner.pk).roles == {Role.AUTHOR}
    held = Member.objects.get(pk=learner.pk).grants[0]
    client.post(f"/aldermoor/people/{learner.uid}/roles/", {"take": held.pk})
    assert Member.objects.get(pk=learner.pk).roles == set()


def test_the_last_owner_stays(visit, lead):
    owner = next(grant for grant in lead.grants if grant.role == Role.OWNER)
    page = visit(lead).post(f"/aldermoor/people/{lead.uid}/roles/", {"take": owner.pk}, follow=True)
    assert "needs an owner" in page.text
    assert Role.OWNER in Member.objects.get(pk=lead.pk).roles


def test_roles_are_given_by_those_who_may_only(visit, organisation, learner):
    hr = make_member(organisation, "ravi", roles=["hr"])
    assert visit(hr).post(f"/aldermoor/people/{learner.uid}/roles/", {"role": "owner"}).status_code == 403


def test_an_invitation_signs_its_person_in_once(visit, lead, organisation):
    make_people(organisation, 1)
    member = Member.objects.get(employee_number="N000000")
    visit(lead).post("/aldermoor/people/invitations/", {"member": member.uid})
    run_all()
    assert mail.outbox[0].to == [member.email]
    link = re.search(r"/invitations/\S+", mail.outbox[0].body)[0]
    client = Client()
    assert "Welcome, Given0." in client.get(link).text
    assert client.post(link).url == "/aldermoor/"
    assert client.get("/aldermoor/").status_code == 200
    member.refresh_from_db()
    assert member.joined_at is not None
    assert Client().get(link).status_code == 410


def test_a_forged_invitation_is_over(db):
    assert Client().get("/invitations/forged:token/").status_code == 410


def test_somebody_from_the_hr_file_signs_in_with_a_code_by_mail(organisation):
    make_people(organisation, 1)
    member = Member.objects.get(employee_number="N000000")
    client = Client()
    client.post("/accounts/login/code/", {"email": member.email})
    code = re.search(r"\n\n([A-Z0-9-]{6,9})\n", mail.outbox[0].body)[1]
    client.post("/accounts/login/code/confirm/", {"code": code})
    assert client.get("/aldermoor/").status_code == 200


def test_a_stranger_who_asks_for_a_code_gets_no_account(db):
    from milepost.people.models import User

    Client().post("/accounts/login/code/", {"email": "who@nowhere.example"})
    assert not User.objects.exists()


def test_signing_in_and_joining_are_on_record(organisation, learner):

    Client().post("/accounts/login/", {"login": learner.email, "password": "correct horse"}, follow=True)
    assert Entry.objects.filter(verb="signed-in", actor_id=str(learner.uid)).exists()


def test_wrong_passwords_are_slowed_down(organisation, learner):
    client = Client()
    for _ in range(12):
        page = client.post("/accounts/login/", {"login": learner.email, "password": "wrong"})
    assert page.status_code == 429 or "Too many" in page.text


def test_those_who_left_can_not_come_in(visit, learner):
    client = visit(learner)
    Member.objects.filter(pk=learner.pk).update(left_on=clock.today())
    assert client.get("/aldermoor/").status_code == 404


def test_somebody_leaves_at_midnight_where_the_organisation_is(visit, learner):
    client = visit(learner)
    Member.objects.filter(pk=learner.pk).update(left_on=date(2026, 11, 24))
    with clock.at(datetime(2026, 11, 23, 22, 59, tzinfo=UTC)):  # 23:59 in Paris
        assert client.get("/aldermoor/").status_code == 200
    with clock.at(datetime(2026, 11, 23, 23, 0, tzinfo=UTC)):
        assert client.get("/aldermoor/").status_code == 404


def test_a_brand_colour_that_can_not_be_read_is_refused(visit, lead, organisation):
    page = visit(lead).post(
        "/aldermoor/settings/",
        {"page": "look", "brand_colour": "#ffee88", "corner_radius": "4"},
    )
    assert "contrast" in page.text
    organisation.refresh_from_db()
    assert organisation.brand_colour == "#0f5c4d"


def test_a_logo_that_is_not_a_picture_is_refused(visit, lead):
    svg = SimpleUploadedFile("logo.png", b"<svg onload=alert(1)>", content_type="image/png")
    page = visit(lead).post(
        "/aldermoor/settings/",
        {
            "page": "look",
            "brand_colour": "#0f5c4d",
            "corner_radius": "4",
            "logo": svg,
        },
    )
    assert "PNG, JPEG or WebP" in page.text


def test_the_brand_is_a_style_sheet_that_is_kept_for_ever(organisation):
    page = Client().get(f"/brand/aldermoor/{organisation.brand_fingerprint}.css")
    assert "--brand: #0f5c4d" in page.text
    assert "immutable" in page.headers["Cache-Control"]


def test_the_language_that_was_chosen_wins_over_the_member_s(visit, learner):
    client = visit(learner)
    client.post("/language/", {"language": "fr", "next": "/aldermoor/"})
    assert 'lang="fr"' in client.get("/aldermoor/").text


def test_the_language_switch_never_leads_to_another_site(db):
    assert Client().post("/language/", {"language": "fr", "next": "https://evil.example/"}).url == "/"


def test_an_hr_file_that_nobody_imported_is_gone_after_a_day_whether_or_not_another_one_comes(lead):
    content = b"Email,First name,Last name\na@aldermoor.example,A,N\n"
    with clock.at(clock.now() - timedelta(hours=25)):
        import_drafts.upload(content=content, name="a.csv", by=lead)
    named("people.forget_what_is_over").enqueue()
    run_all(queues=["imports"])
    assert not PeopleImport.objects.exists()
    import_drafts.upload(content=content, name="b.csv", by=lead)
    named("people.forget_what_is_over").enqueue()
    run_all(queues=["imports"])
    assert PeopleImport.objects.get().file_name == "b.csv"


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21.0), ("#ffffff", "#ffffff", 1.0), ("#777777", "#ffffff", 4.48)]
)
def test_contrast_is_what_wcag_says(one, other, ratio):
    from milepost.people.colours import contrast

    assert round(contrast(one, other), 2) == ratio


def test_the_roles_are_listed_with_those_who_hold_them(visit, lead):
    page = visit(lead).get("/aldermoor/people/roles/")
    assert "Claire Nygård alone decides who may do what." in page.text
    told = page.text.partition("Make somebody else owner, too.")[2]
    assert '<a href="/aldermoor/people/">Choose somebody' in told.partition("</span>")[0]
    assert "Nobody holds it." in page.text and "Choose somebody, and give it on their page" in page.text


def test_a_device_is_signed_out_from_another(learner):
    def sign_in():
        client = Client()
        client.post("/accounts/login/", {"login": learner.email, "password": "correct horse"})
        return client

    laptop, phone = sign_in(), sign_in()
    page = laptop.get("/accounts/devices/")
    assert "signed in on 2 devices" in page.text
    other = re.search(r'name="session" value="(\d+)"', page.text)[1]
    laptop.post("/accounts/devices/", {"session": other})
    assert phone.get("/aldermoor/").status_code == 302
    assert laptop.get("/aldermoor/").status_code == 200


def test_an_hr_file_that_nobody_imported_does_not_stay(visit, lead):
    client = visit(lead)
    upload(client)
    upload(client)
    assert PeopleImport.objects.count() == 1


KEPT = "/aldermoor/learn/ladders/01-first/02-check/answers/"


def test_what_a_browser_kept_for_one_person_is_not_taken_from_another(visit, lead, learner, enrolment):
    kept_for = {"Milepost-Person": str(learner.uid)}
    assert visit(learner).post(KEPT, headers=kept_for).status_code != 403
    refused = visit(lead).post(KEPT, headers=kept_for)
    assert (refused.status_code, refused.json()["code"]) == (403, "another-person")


def test_what_was_kept_waits_also_while_somebody_from_outside_is_signed_in(visit, learner, organisation):
    from milepost.people.organisations import create_organisation

    stranger = make_member(create_organisation(slug="other", name="Other", time_zone="Europe/Paris"), "stranger")
    answer = visit(stranger).post(KEPT, headers={"Milepost-Person": str(learner.uid)})
    assert answer.status_code == 403


def test_whoever_filters_people_invites_those_shown_and_nobody_else(visit, lead, organisation):
    make_people(organisation, 3)
    Member.objects.create(
        organisation=organisation, email="hakon@aldermoor.example", given_name="Håkon", family_name="Nygård"
    )
    client = visit(lead)
    page = client.get("/aldermoor/people/", {"q": "hakon"}, headers={"HX-Request": "true"})
    found = re.search(r'(?s)<section class="sheet" id="found".*?</section>', page.text)[0]
    _list, button, whom = found.partition("Invite 1 person who has not joined")
    assert button and "Håkon Nygård" in whom and "data-confirm" not in found
    chosen = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', found))
    client.post("/aldermoor/people/invitations/", chosen)
    run_all()
    assert [message.to for message in mail.outbox] == [["hakon@aldermoor.example"]]


def test_an_empty_list_is_said_to_be_empty_once(visit, lead):
    page = visit(lead).get("/aldermoor/people/bulk-changes/").text
    assert "Nothing to undo." in page
    assert re.search(r"data-said hidden>\s*0 results", page)


def test_times_beside_an_account_are_those_of_its_person(visit, lead):
    client = visit(lead)
    UserSession.objects.create(
        user=lead.user,
        session_key=client.session.session_key,
        ip="192.0.2.1",
        user_agent="",
        created_at=datetime(2026, 11, 23, 23, 30, tzinfo=UTC),
    )
    UserSession.objects.update(created_at=datetime(2026, 11, 23, 23, 30, tzinfo=UTC))
    assert "24 November 2026, 00:30" in client.get("/accounts/devices/").text


def test_a_role_that_cannot_be_given_says_which_field_is_to_be_mended_and_keeps_what_was_typed(visit, lead, learner):
    client, page = visit(lead), f"/aldermoor/people/{learner.uid}/roles/"
    answer = client.post(page, {"role": "author", "scope": "site", "which": "Nowhere"})
    assert answer.status_code == 400
    assert 'value="Nowhere"' in answer.text
    assert re.search(r'name="which"[^>]*aria-invalid="true"', answer.text)
    assert not RoleGrant.objects.filter(member=learner).exists()


@pytest.mark.parametrize("page", ["people/invitations/", "courses/ladders/enrolments/new/", "documents/bulk/"])
def test_a_form_that_says_nothing_of_whom_it_showed_acts_on_nobody(visit, lead, course, organisation, page):
    """Sent bare, it meant everybody of the organisation."""
    make_people(organisation, 3)
    answer = visit(lead).post(f"/aldermoor/{page}", {"kind": "non-disclosure", "value-title": "X"})
    assert (answer.status_code, "Nobody was chosen" in answer.text) == (400, True)
    assert not Member.objects.exclude(invited_at=None).exists() and not course.enrolments.exists()


def test_french_counts_each_of_what_a_file_does_by_its_own_number():
    with translation.override("fr"):
        words = changes_in_words({"new": 1, "changed": 0, "gone": 2, "unchanged": 1})
    assert words == "1 nouvelle personne, 0 fiche modifiée, 2 départs, 1 fiche inchangée"


def test_a_name_that_runs_from_right_to_left_turns_nothing_beside_it(visit, lead, organisation):
    somebody = make_member(organisation, "fatima")
    Member.objects.filter(pk=somebody.pk).update(given_name="فاطمة", family_name="الفاسي")
    client, name = visit(lead), "فاطمة الفاسي"
    assert f"<bdi>{name}</bdi>" in client.get("/aldermoor/people/", {"q": "fatima"}).text
    assert f"<bdi>{name}</bdi>" in client.get(f"/aldermoor/people/{somebody.uid}/").text
    erasing = f"/aldermoor/people/{somebody.uid}/erasure/"
    apart = f"\u2068{name}\u2069"
    assert f"Erase {apart}?" in client.get(erasing).text  # within a sentence, where there is no element
    assert client.post(erasing, {"name": apart}).status_code == 302  # copied from there
    rows = "Employee number,First name,Last name\n7,فاطمة,الفاسي\n"
    file = SimpleUploadedFile("hr.csv", rows.encode())
    page = client.post("/aldermoor/people/imports/new/", {"file": file}, follow=True).text
    assert re.search('<strong dir="auto">[^<]*الفاسي</strong>', page)


def test_a_file_that_touches_many_names_fifty_and_says_how_many_others(visit, lead):
    rows = "\n".join(f"N{n},Given{n},Family{n}" for n in range(63))
    file = SimpleUploadedFile("hr.csv", f"Employee number,First name,Last name\n{rows}\n".encode())
    page = visit(lead).post("/aldermoor/people/imports/new/", {"file": file}, follow=True).text
    assert "Given49 Family49" in page and "Given50 Family50" not in page
    assert "and 13 others" in page


def test_problems_of_a_file_are_in_the_title_and_where_the_keyboard_begins(visit, lead):
    file = SimpleUploadedFile("hr.csv", b"Employee number,First name,Last name\n1,,Nyg\n")
    page = visit(lead).post("/aldermoor/people/imports/new/", {"file": file}, follow=True).text
    assert re.search(r"<title>\s*1 problem to correct", page)
    assert re.search(r"<section[^>]* autofocus>\s*<h2>Correct these", page)
