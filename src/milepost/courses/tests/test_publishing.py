import io
import zipfile
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from milepost.courses.drafts import CourseHasProblems, export_to_folder, export_to_zip, import_draft
from milepost.courses.files import Folder, RefusedFiles, Zip
from milepost.courses.models import Content, Course, Version
from milepost.courses.publishing import DraftChanged, NothingToPublish, publish
from tests.worlds import SMALL_COURSE, files, make_course, verbs

EXAMPLES = Path(__file__).parents[4] / "examples/courses"


def tree_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", [path.name for path in EXAMPLES.iterdir() if path.is_dir()])
def test_export_gives_back_the_bytes_that_were_imported(organisation, tmp_path, name):
    course = import_draft(organisation=organisation, files=Folder(EXAMPLES / name))
    export_to_folder(course, tmp_path / "one")
    assert tree_of(tmp_path / "one") == tree_of(EXAMPLES / name)
    again = import_draft(organisation=organisation, files=Folder(tmp_path / "one"), slug="again")
    export_to_folder(again, tmp_path / "two")
    assert tree_of(tmp_path / "two") == tree_of(tmp_path / "one")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=80), st.binary(max_size=300)
)
def test_any_text_and_any_file_survive_the_round_trip(organisation, text, blob):
    tree = SMALL_COURSE | {
        "01-first/05-any.page.md": f"---\ntitle: Any\n---\n\nText.\r\n\r\n    {text}\n",
        "media/any.bin": blob,
    }
    source = files(tree)
    course = import_draft(organisation=organisation, files=source)
    data = io.BytesIO()
    export_to_zip(course, data)
    back = Zip(data)
    assert back.paths() == source.paths()
    assert all(b"".join(back.chunks(path)) == b"".join(source.chunks(path)) for path in source.paths())


def test_the_same_draft_makes_the_same_zip(course):
    one, other = io.BytesIO(), io.BytesIO()
    export_to_zip(course, one)
    export_to_zip(course, other)
    assert one.getvalue() == other.getvalue()
    assert zipfile.ZipFile(one).testzip() is None


def test_an_export_never_overwrites(course, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RefusedFiles, match="not an empty folder"):
        export_to_folder(course, tmp_path)


def test_a_course_with_problems_is_refused_whole(organisation):
    with pytest.raises(CourseHasProblems):
        import_draft(organisation=organisation, files=files(SMALL_COURSE | {"01-first/03-x.page.md": "broken"}))
    assert not Course.objects.exists()


def test_publishing_freezes_a_version_and_says_so(course, organisation):
    assert course.published.number == 1
    assert verbs(organisation)[-1] == "published"


def test_publishing_twice_without_changes_is_refused(course):
    with pytest.raises(NothingToPublish):
        publish(course=course)


def test_unchanged_activities_are_shared_between_versions(course, organisation):
    before = Content.objects.count()
    make_course(organisation, SMALL_COURSE | {"01-first/01-read.page.md": "---\ntitle: Read\n---\n\nFour points.\n"})
    assert Version.objects.count() == 2
    assert Content.objects.count() == before + 1


def test_a_new_draft_leaves_the_published_version_alone(course, organisation):
    changed = make_course(
        organisation, SMALL_COURSE | {"course.md": SMALL_COURSE["course.md"].replace("Ladders", "Steps")}, publish=False
    )
    assert changed.published.title == "Ladders"
    assert changed.has_unpublished_changes


@pytest.mark.parametrize("table", ["courses_version", "courses_content"])
def test_the_database_refuses_to_change_what_was_published(course, table):
    for sql in (f"UPDATE {table} SET title = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_a_published_version_keeps_its_media_when_the_draft_loses_them(organisation):
    from milepost.core import blobs

    tree = SMALL_COURSE | {
        "01-first/05-p.page.md": "---\ntitle: P\n---\n\n![A dot](../media/dot.png)\n",
        "media/dot.png": b"\x89PNG one",
    }
    make_course(organisation, tree)
    course = make_course(organisation, SMALL_COURSE, publish=False)
    digest = course.published.files["media/dot.png"][0]
    assert blobs.read(organisation.uid, digest) == b"\x89PNG one"


def test_what_is_published_is_what_was_looked_at_or_nothing_is(organisation, course, lead):
    """Somebody brings another draft between the look at the first and its publication."""
    looked_at = Course.objects.select_related("organisation").get(pk=course.pk)
    import_draft(
        organisation=organisation, files=files(SMALL_COURSE | {"01-first/01-read.page.md": "---\ntitle: New\n---\nX\n"})
    )
    with pytest.raises(DraftChanged):
        publish(course=looked_at, by=lead)
    assert publish(course=Course.objects.get(pk=course.pk), by=lead).number == 2
