"""What must hold of the whole: migrations, triggers, translations, static files, the demonstration."""

import ast
import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import messages
import programs
import pytest
from django.core.management import call_command
from django.db import connection
from running import SECRET, clean_environment

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src/milepost"
CATALOGUES = sorted(SOURCE.rglob("locale/fr/LC_MESSAGES/django.po"))
FROZEN = (
    "journal_entry",
    "journal_seal",
    "journal_timestamp",
    "journal_sealcheckpoint",
    "journal_cosignature",
    "journal_keyrevocation",
    "courses_version",
    "courses_content",
)


@pytest.mark.django_db
def test_the_models_and_the_migrations_say_the_same():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
@pytest.mark.parametrize("table", FROZEN)
def test_what_is_frozen_still_is_after_all_migrations(table):
    """SQLite rebuilds a table to alter it, and loses its triggers without a word."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relname = %s AND NOT tgisinternal",
                [table],
            )
        else:
            cursor.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        assert cursor.fetchone()[0] == 2 + (table == "journal_entry")


def room_of(catalogue):
    return str(catalogue.relative_to(SOURCE).parents[3])


def entries(text):
    for block in re.split(r"\n\n+", text)[1:]:
        if "#~" in block:
            continue
        yield block, re.findall(r'^msgstr(?:\[\d\])? ((?:"(?:[^"\\]|\\.)*"\n?)+)', block + "\n", re.M)


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=room_of)
def test_french_is_complete(catalogue):
    missing = [
        block
        for block, strings in entries(catalogue.read_text(encoding="utf-8"))
        if not all(ast.literal_eval("(" + string + ")") for string in strings) or "#, fuzzy" in block
    ]
    assert missing == []


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=room_of)
def test_french_never_puts_a_name_after_a_word_that_would_be_elided_before_it(catalogue):
    text = "\n".join(string for _, strings in entries(catalogue.read_text(encoding="utf-8")) for string in strings)
    names = "name|organisation|who|actor|by|person|client|employer|email"
    assert re.findall(rf"(?i)\b(?:de|que|lorsque|jusque) (?:%\((?:{names})\)s|{{(?:{names})}})", text) == []


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=room_of)
def test_no_line_of_french_ends_before_the_sign_that_belongs_to_its_word(catalogue):
    text = catalogue.read_text(encoding="utf-8")
    assert messages.unbroken(text) == text


def test_every_text_is_collected_into_the_catalogue_of_its_room(tmp_path):
    programs.program("xgettext")
    copy = tmp_path / "milepost"
    shutil.copytree(SOURCE, copy)
    messages.collect(copy)
    for catalogue in copy.rglob("django.po"):
        there = SOURCE / catalogue.relative_to(copy)
        assert there.exists(), there
        assert identifiers(catalogue) == identifiers(there), there


def identifiers(catalogue):
    return set(re.findall(r'^msgid (".*?")\n', catalogue.read_text(encoding="utf-8"), re.M))


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=room_of)
def test_the_compiled_translations_are_those_that_are_written(catalogue):
    import gettext

    with catalogue.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for block, strings in entries(catalogue.read_text(encoding="utf-8")):
        msgid = re.search(r'^msgid ((?:"(?:[^"\\]|\\.)*"\n?)+)', block + "\n", re.M)
        if "msgid_plural" in block or "msgctxt" in block or not msgid:
            continue
        assert compiled.gettext(ast.literal_eval("(" + msgid[1] + ")")) == ast.literal_eval("(" + strings[0] + ")")


def test_no_page_has_inline_script_or_style():
    # A letter is no page: mail programs read nothing but style=.
    letter = ROOT / "src/milepost/notices/templates/notices/letter.html"
    for template in set((ROOT / "src/milepost").rglob("templates/**/*.html")) - {letter}:
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son\w+=", text), template
        for attributes in re.findall(r"<script([^>]*)>", text):
            assert "src=" in attributes or "application/json" in attributes, template


def test_a_process_that_answers_pages_loads_nothing_that_few_of_them_need(tmp_path):
    """Each of them costs megabytes in every process under one `milepost up`."""
    large = {"requests", "urllib3", "jwt", "xlsxwriter", "pyhanko", "typst", "pikepdf", "pypdfium2", "PIL", "babel"}
    large |= {"holidays", "prometheus_client", "opentelemetry", "procrastinate", "boto3", "redis"}
    large |= {"django.contrib.admin", "markdown_it"}
    script = "import sys, milepost.config.wsgi; print(*sys.modules)"
    environment = clean_environment(MILEPOST_DATA=str(tmp_path), MILEPOST_SECRET_KEY=SECRET)
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    assert large & set(done.stdout.split()) == set()


def test_the_static_files_are_hashed_to_the_last_import(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "milepost.design.storage.StaticStorage"}}
    call_command("collectstatic", interactive=False, verbosity=0)
    app = next(tmp_path.glob("design/app.*.js"))
    assert re.search(r'from "\./keep-and-send\.[0-9a-f]{12}\.js"', app.read_text())


@pytest.fixture
def a_third_of_aldermoor(tmp_path, monkeypatch):
    """The demonstration with every third of its people, and those who sign in or lead: all of it takes three times as long."""
    from milepost.demonstration import building

    with (building.EXAMPLES / "people.csv").open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    named = {row["Manager"] for row in people} | {f"{local}@aldermoor.example" for local, *_ in building.PEOPLE}
    rows = [row for at, row in enumerate(people) if at % 3 == 0 or named & {row["Employee number"], row["E-mail"]}]
    with (tmp_path / "people.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, people[0])
        writer.writeheader()
        writer.writerows(rows)
    (tmp_path / "courses").symlink_to(building.EXAMPLES / "courses")
    monkeypatch.setattr(building, "EXAMPLES", tmp_path)
    return len(rows)


@pytest.mark.one_database("postgresql")  # on SQLite the tests in the browser build all of it, and look at its pages
@pytest.mark.django_db
def test_the_demonstration_is_alive_and_built_once(a_third_of_aldermoor):
    from contextlib import contextmanager

    from milepost.demonstration.building import AlreadyBuilt, build
    from milepost.journal.verification import verify
    from milepost.learning.models import Enrolment
    from milepost.people.models import Member, Organisation

    class Bar:
        def update(self, count):
            pass

    @contextmanager
    def progress(label, length):
        yield Bar()

    assert "claire.fontaine@aldermoor.example" in build(progress=progress)
    aldermoor = Organisation.objects.get(slug="aldermoor")
    assert Member.objects.filter(organisation=aldermoor).count() == a_third_of_aldermoor
    assert verify(aldermoor.pk).finding is None
    fire = Enrolment.objects.filter(course__slug="fire-safety")
    done = {
        site: fire.filter(member__site__name=site, completed_at__isnull=False).count()
        / fire.filter(member__site__name=site).count()
        for site in ("Lyon", "Oslo")
    }
    assert done["Lyon"] > done["Oslo"] + 0.2
    assert fire.filter(completed_at=None, done__gt=0).exists()
    assert fire.filter(launched_at=None).exists()
    with pytest.raises(AlreadyBuilt):
        build(progress=progress)
