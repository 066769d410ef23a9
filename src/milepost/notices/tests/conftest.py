import pytest

from milepost.journal.recording import Reference
from milepost.notices.kinds import Kind, kinds
from milepost.notices.outbox import Said, notify_many
from milepost.notices.tests.servers import inbox
from milepost.people.models import Member
from tests.worlds import make_people


class Note(Kind):
    """A kind made for the tests: its words and its faults come with the notice."""

    label = "Notes"
    template = "notices/note.txt"
    may_wait = True

    def find(self, notice):
        return None if notice.data.get("is_gone") else notice

    def context(self, notice, thing):
        if notice.data.get("is_broken"):
            raise FileNotFoundError("the attachment is not there")
        return {"title": notice.data.get("title", "Ladders")}

    def example(self, organisation, to):
        return {"title": "Ladders"}


@pytest.fixture
def note(settings):
    """The kind “note”, with its template."""
    words = (
        "{% partialdef subject %}A note: {{ title }}{% endpartialdef %}"
        "{% partialdef words %}Hello {{ to.given_name }},\n\nread “{{ title }}”.{% endpartialdef %}"
        "{% partialdef link %}https://learn.example.org/note/{% endpartialdef %}"
        "{% partialdef button %}Read{% endpartialdef %}"
    )
    settings.TEMPLATES = [
        settings.TEMPLATES[0]
        | {
            "APP_DIRS": False,
            "OPTIONS": settings.TEMPLATES[0]["OPTIONS"]
            | {
                "loaders": [
                    ("django.template.loaders.locmem.Loader", {"notices/note.txt": words}),
                    "django.template.loaders.app_directories.Loader",
                ]
            },
        }
    ]
    with kinds.holding("note", Note()) as kind:
        yield kind


@pytest.fixture
def people(organisation):
    make_people(organisation, 3)
    return list(Member.objects.filter(organisation=organisation, user=None).order_by("employee_number"))


@pytest.fixture
def say(note):
    """Say a note to these people; `data` by person, or for all."""

    def to(people, key="first", **data):
        notify_many("note", [Said(person, Reference("note", "1", "A note"), key, data) for person in people])

    return to


@pytest.fixture
def server(settings):
    """A real mail server, and Milepost set to it."""
    with inbox() as found:
        use_server(settings, found.port)
        yield found


def use_server(settings, port, **options):
    backend = "milepost.notices.channels.email.smtp.EmailBackend"
    settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": {"host": "127.0.0.1", "port": port, **options}}}
