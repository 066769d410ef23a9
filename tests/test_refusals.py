"""A refusal that no view and no command caught is told once each as page, part of a page, problem details, exit status."""

import ast
import importlib
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.shortcuts import redirect
from django.test import RequestFactory
from django.urls import path

import milepost
from milepost.cli import cli
from milepost.config import urls
from milepost.core.openness import Whom, open_to
from milepost.core.refusals import Refused, as_message
from milepost.design.refusals import RefusalMiddleware
from milepost.journal.proofs import NotSealedYet
from milepost.people.inviting import InvitationRefused


class SlotClosed(Refused):
    """The trainer closed the half-day."""

    sentence = "The trainer has closed this half-day. Ask the trainer."


@open_to(Whom.EVERYBODY, "a test asks")
def refuse(request):
    raise SlotClosed


@open_to(Whom.EVERYBODY, "a test asks")
def wait(request):
    raise NotSealedYet


@open_to(Whom.EVERYBODY, "a test asks")
def show(request):
    with as_message(request):
        raise SlotClosed
    return redirect("home")


urlpatterns = [
    path("refuse/", refuse),
    path("wait/", wait),
    path("show/", show),
    *urls.urlpatterns,
]


@pytest.fixture
def client(client, settings):
    settings.ROOT_URLCONF = __name__
    return client


def test_a_refusal_that_flies_is_a_page_that_says_what_is_in_the_way_and_what_to_do(client, db):
    response = client.get("/refuse/", HTTP_REFERER="http://testserver/where-i-was/")
    assert response.status_code == 409
    assert "<h1>The trainer has closed this half-day.</h1>" in response.text
    assert "<p>Ask the trainer.</p>" in response.text
    assert 'href="http://testserver/where-i-was/"' in response.text


def test_an_address_that_only_takes_a_form_says_so_where_somebody_opens_it(client, db):
    """Whoever reloads what a form led to saw an empty page."""
    response = client.get("/accounts/shared/")
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "There is no page at this address" in response.text


def test_the_way_back_leads_to_no_other_site(client, db):
    assert "evil" not in client.get("/refuse/", HTTP_REFERER="https://evil.example/").text


def test_htmx_gets_it_above_what_is_on_the_screen(client, db):
    response = client.get("/refuse/", headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Retarget"], response["HX-Reswap"]) == (200, "#main", "afterbegin")
    assert "Ask the trainer." in response.text
    assert "<html" not in response.text


@pytest.mark.parametrize("accepted", ["application/json", "application/problem+json"])
def test_programs_get_problem_details(client, db, accepted):
    response = client.get("/refuse/", headers={"Accept": accepted})
    assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
    assert response.json() == {"title": SlotClosed.sentence, "status": 409, "code": "slot-closed"}


def test_what_will_do_in_a_minute_says_so(client, db):
    response = client.get("/wait/", headers={"Accept": "application/json"})
    assert (response.status_code, response["Retry-After"]) == (503, "60")


def test_a_refusal_can_wait_for_the_page_that_comes_next(client, db):
    assert "Ask the trainer." in client.get("/show/", follow=True).text


def test_a_fault_stays_a_fault():
    assert RefusalMiddleware(lambda request: None).process_exception(RequestFactory().get("/"), ValueError("x")) is None


def test_an_old_invitation_says_what_to_do(client, db):
    response = client.get("/invitations/forged:token/")
    assert response.status_code == InvitationRefused.status == 410
    assert "ask for a sign-in code" in response.text


def test_the_command_line_ends_with_status_1_and_the_sentence(organisation):
    result = CliRunner().invoke(cli, ["organisation", "create", organisation.slug, "--name", "Twice"])
    assert result.exit_code == 1
    assert result.stderr == "Error: There is already an organisation at “aldermoor”.\n"


SOURCES = [path for path in Path(milepost.__file__).parent.rglob("*.py") if "tests" not in path.parts]
LIBRARIES = {"ValidationError", "Http404", "PermissionDenied", "ComposerError"}  # what they ask their users to raise


def spoken_to_people(source):
    """The names of exceptions that are raised with words in the person's language."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            calls = [
                part.func for argument in node.exc.args for part in ast.walk(argument) if isinstance(part, ast.Call)
            ]
            if any(isinstance(call, ast.Name) and call.id in ("_", "gettext", "ngettext") for call in calls):
                yield ast.unparse(node.exc.func).rpartition(".")[2]


def refusals_in(kind):
    for below in kind.__subclasses__():
        yield below.__name__
        yield from refusals_in(below)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(Path(milepost.__file__).parent)))
def test_an_exception_that_tells_a_person_something_is_a_refusal(path):
    spoken = set(spoken_to_people(path.read_text(encoding="utf-8")))
    if spoken:  # an entry point says nothing, and binds the process that imports it, which answers other tests too
        name = ".".join(("milepost", *path.relative_to(Path(milepost.__file__).parent).with_suffix("").parts))
        importlib.import_module(name.removesuffix(".__init__"))
    assert spoken <= {*refusals_in(Refused), *LIBRARIES}


def test_words_for_a_person_in_an_ordinary_exception_are_noticed():
    assert list(spoken_to_people('raise ValueError(_("Too late. Ask %(who)s.") % {"who": x})')) == ["ValueError"]


def test_a_form_that_is_refused_leads_back_to_its_own_page(client, db):
    here = "http://testserver/refuse/"
    assert 'href="http://testserver/refuse/"' in client.post("/refuse/", headers={"referer": here}).text
    assert "Back to where you were" not in client.get("/refuse/", headers={"referer": here}).text


def test_facts_are_recorded_by_verbs_and_by_no_view():
    """A view has no transaction: what it records by itself is refused, and tests, which run in one, would not see it."""
    recording = [
        str(path)
        for path in Path(milepost.__file__).parent.rglob("views/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record"
    ]
    assert recording == []
