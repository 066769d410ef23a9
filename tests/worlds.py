"""Small worlds for tests, made with the public verbs."""

import pickle
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from types import ModuleType
from typing import Any
from unittest import mock

_answers: dict[bytes, Any] = {}  # of parsers

SMALL_COURSE = {
    "course.md": "---\ntitle: Ladders\nslug: ladders\nsummary: Stand safely.\nenrolment: open\ncompletion: required\n---\nHello.\n",
    "01-first/module.md": "---\ntitle: First\n---\n",
    "01-first/01-read.page.md": "---\ntitle: Read\n---\n\nThree points of contact.\n",
    "01-first/02-check.quiz.md": "---\ntitle: Check\npass_mark: 50\nattempts: 2\n---\n\n## One and one?\n\n= 2\n\n## Pick a.\n\n- [x] a\n- [ ] b\n",
    "02-second/module.md": "---\ntitle: Second\n---\n",
    "02-second/01-more.page.md": "---\ntitle: More\nrequired: false\n---\n\nMore.\n",
    "02-second/02-sign.acknowledgement.md": "---\ntitle: Sign\nstatement: I have read it.\n---\n\nThe rules.\n",
}


@dataclass
class World:
    organisation: Any
    lead: Any
    learner: Any
    course: Any
    enrolment: Any


def make_organisation() -> Any:
    from milepost.people.organisations import create_organisation

    return create_organisation(slug="aldermoor", name="Aldermoor", time_zone="Europe/Paris")


def make_lead(organisation: Any) -> Any:
    return make_member(organisation, "claire", roles=["lead", "owner"])


def files(tree: dict[str, str | bytes]) -> Any:
    from milepost.courses.files import InMemory

    return InMemory({path: text.encode() if isinstance(text, str) else text for path, text in tree.items()})


def make_course(organisation: Any, tree: dict[str, str | bytes], *, by: Any = None, publish: bool = True) -> Any:
    from milepost.courses import reading
    from milepost.courses.drafts import import_draft
    from milepost.courses.models import Course
    from milepost.courses.publishing import publish as freeze

    with read_once(reading):
        course = import_draft(organisation=organisation, files=files(tree), by=by)
        if publish:
            freeze(course=course, by=by)
    return Course.objects.select_related("published", "organisation").get(pk=course.pk)


def make_member(organisation: Any, name: str, *, roles: list[str] = [], **fields: Any) -> Any:  # noqa: B006
    from allauth.account.models import EmailAddress

    from milepost.core import clock
    from milepost.people.granting import grant
    from milepost.people.models import Member, User
    from milepost.people.roles import Role

    email = f"{name}@{organisation.slug}.example"
    user = User.objects.create_user(email, "correct horse")
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    member = Member.objects.create(
        organisation=organisation, user=user, email=email, given_name=name.title(), family_name="Nygård", **fields
    )
    for role in roles:
        grant(member=member, role=Role(role), until=clock.today() + timedelta(days=30) if role == "auditor" else None)
    return member


def make_people(organisation: Any, count: int) -> None:
    """Many people at once, without accounts, through the HR file."""
    from milepost.core import tables
    from milepost.people.importing import KIND, HRFile, import_people
    from milepost.people.models import BulkAct

    rows = "\n".join(f"N{n:06},Given{n},Family{n},n{n}@{organisation.slug}.example,Site {n % 4}" for n in range(count))
    with read_once(tables):
        table = tables.read_table(f"Employee number,First name,Last name,Email,Site\n{rows}\n".encode())
    import_people(organisation=organisation, file=HRFile(table))
    BulkAct.objects.filter(organisation=organisation, kind=KIND).delete()  # as long ago as nobody undoes it


@contextmanager
def read_once(module: ModuleType) -> Iterator[None]:
    """Have the module's confined `_read` answer the same file from memory: tests make the same course a thousand times, and
    each reading is a process.
    """
    read: Callable[..., Any] = module._read

    @wraps(read)
    def remembering(*args: Any) -> Any:
        from django.utils.translation import get_language

        asked = pickle.dumps((module.__name__, get_language(), args))
        if asked not in _answers:
            _answers[asked] = read(*args)
        return deepcopy(_answers[asked])

    with mock.patch.object(module, "_read", remembering):
        yield


def activity(enrolment: Any, key: str) -> Any:
    return enrolment.outline.by_key[key]


def once_of(page: Any) -> dict[str, str]:
    """The key of the form on a page, by which it is known when it is sent twice (`milepost.core.once`)."""
    return {"once": re.search(r'name="once" value="(\w+)"', page.text)[1]}


def verbs(organisation: Any) -> list[str]:
    from milepost.journal.models import Entry

    return list(Entry.objects.filter(organisation_id=organisation.pk).order_by("id").values_list("verb", flat=True))
