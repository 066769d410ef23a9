"""A form that is sent twice makes nothing twice: every form there is, those of tomorrow too."""

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from milepost.core import clock
from milepost.documents.tests.agreements import a_pdf
from tests.hostile import forms_in
from tests.test_hostile import DURING, _silence, addresses, auditor, everything  # noqa: F401 (two are fixtures)

pytestmark = [
    pytest.mark.one_database("sqlite"),  # the races are run on PostgreSQL
    pytest.mark.usefixtures("_silence"),
]
# Who asks for the data or the receipt of a person twice has had them twice, and the journal says so. A key that is shown once can't be
# shown again: who asks twice has the second one, and the first opens nothing.
EACH_TIME = ("/data/", "/security/key/", "/my-receipt/", "/receipt/")
PASSING = {"core.Job", "core.Kept", "core.Tries", "sessions.Session", "usersessions.UserSession"}


def test_a_form_that_is_sent_twice_makes_nothing_twice(everything, visit):  # noqa: F811
    twice, made = {}, []
    with clock.at(DURING):
        lead, outside = visit(everything.lead), auditor()
        for form, client in forms(everything, lead, outside):
            client.raise_request_exception = False
            cookies = client.cookies.copy()
            with transaction.atomic():
                before = rows()
                client.post(form.action, filled_in(form))
                after = rows()
                client.post(form.action, filled_in(form))
                if again := {name: count - after[name] for name, count in rows().items() if count > after[name]}:
                    twice[form.action] = again
                if after != before:
                    made.append(form.action)
                transaction.set_rollback(True)
            client.cookies = cookies
    assert {action: again for action, again in twice.items() if not action.endswith(EACH_TIME)} == {}
    assert len(made) >= 25, made


def forms(world, lead, outside):
    """Each form of each page once, with who sends it."""
    known = set()
    for path, _view in addresses(world):
        client = lead if path.startswith(("/aldermoor/", "/accounts/2fa", "/outbox")) else outside
        page = client.get(path)
        if page.status_code == 200 and page.headers["Content-Type"].startswith("text/html"):
            for form in forms_in(page.text, path):
                if form.method == "post" and form.action not in known:
                    known.add(form.action)
                    yield form, client


def filled_in(form):
    """What somebody might send who fills it in."""
    sent = {name: value or ("Some words" if form.types[name] == "text" else "") for name, value in form.values.items()}
    files = [name for name, kind in form.types.items() if kind == "file"]
    return sent | {name: SimpleUploadedFile("a.pdf", a_pdf()) for name in files}


def rows():
    """How many rows there are of what stays."""
    models = [model for model in apps.get_models() if model._meta.label not in PASSING]
    return {model._meta.label: model._base_manager.count() for model in models}
