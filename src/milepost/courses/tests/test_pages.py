import io
import re
from importlib import import_module

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from milepost.courses.drafts import export_to_zip
from milepost.courses.models import Course, Media
from tests.worlds import SMALL_COURSE, make_course


def zipped(course):
    data = io.BytesIO()
    export_to_zip(course, data)
    return SimpleUploadedFile("course.zip", data.getvalue())


def test_an_author_takes_in_checks_and_publishes_a_course(visit, lead, course):
    data = zipped(course)
    Course.objects.filter(pk=course.pk).update(slug="other")
    client = visit(lead)
    page = client.post("/aldermoor/courses/new/", {"file": data}, follow=True)
    assert "Ready to publish." in page.text
    page = client.post("/aldermoor/courses/ladders/publication/", follow=True)
    assert "Version 1 is published." in page.text


def test_what_is_wrong_in_a_zip_is_listed_with_file_and_line(visit, lead, organisation):
    import zipfile

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, text in (SMALL_COURSE | {"01-first/03-x.page.md": "broken"}).items():
            archive.writestr(path, text)
    page = visit(lead).post("/aldermoor/courses/new/", {"file": SimpleUploadedFile("c.zip", data.getvalue())})
    assert "01-first/03-x.page.md:1" in page.text
    assert re.search(r"<title>\s*1 thing to mend", page.text)  # what is heard first
    assert re.search(r"<section[^>]* autofocus>\s*<ul class=.problems", page.text)
    assert not Course.objects.exists()


def test_a_file_that_is_no_zip_is_answered_in_words(visit, lead):
    page = visit(lead).post("/aldermoor/courses/new/", {"file": SimpleUploadedFile("c.zip", b"nonsense")})
    assert "not a zip file" in page.text


def test_the_page_says_what_would_change(visit, lead, course, organisation):
    make_course(
        organisation, SMALL_COURSE | {"01-first/01-read.page.md": "---\ntitle: Read\n---\n\nNew.\n"}, publish=False
    )
    page = visit(lead).get("/aldermoor/courses/ladders/")
    assert "1 change is not published." in page.text
    assert "changed: 01-first/01-read.page.md" in page.text


def test_a_learner_may_not_manage_courses(visit, learner, course):
    client = visit(learner)
    for path in ("courses/", "courses/ladders/", "courses/new/", "courses/ladders/export/"):
        assert client.get(f"/aldermoor/{path}").status_code == 403


@pytest.fixture
def media(organisation, enrolment):
    """Files of a course that the learner is in, by their names."""
    tree = SMALL_COURSE | {
        "media/film.mp4": bytes(range(256)) * 4,
        "media/page.html": "<script>alert(1)</script>",
        "media/pic.svg": "<svg/>",
    }
    course = make_course(organisation, tree)
    return {path.split("/")[-1]: digest for path, (digest, _size) in course.draft.items()}


def test_media_are_served_in_ranges(visit, learner, media):
    page = visit(learner).get(f"/aldermoor/media/{media['film.mp4']}/film.mp4", headers={"Range": "bytes=0-3"})
    assert page.status_code == 206
    assert b"".join(page.streaming_content) == b"\x00\x01\x02\x03"
    assert page.headers["Content-Type"] == "video/mp4"


@pytest.mark.parametrize("name", ["page.html", "film.mp4"])
def test_a_file_that_browsers_would_run_is_a_download_whatever_it_is_called(visit, learner, media, name):
    page = visit(learner).get(f"/aldermoor/media/{media[name]}/renamed.html")
    assert page.headers["Content-Disposition"].startswith("attachment")
    assert page.headers["Content-Type"] == "application/octet-stream"


def test_a_picture_that_could_hold_a_script_may_not_run_it(visit, learner, media):
    page = visit(learner).get(f"/aldermoor/media/{media['pic.svg']}/pic.svg")
    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_file_is_found_by_two_look_ups_however_many_versions_there_are(visit, learner, organisation, media, lead):
    for number in range(3):
        page = {"01-first/01-read.page.md": f"---\ntitle: {number}\n---\nX"}
        make_course(organisation, SMALL_COURSE | page | {"media/pic.svg": "<svg/>"}, by=lead)
    client, address = visit(learner), f"/aldermoor/media/{media['pic.svg']}/pic.svg"
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    asked = [query["sql"] for query in captured if "courses_" in query["sql"] or "learning_" in query["sql"]]
    assert len(asked) == 2 and not any('"courses_version"' in sql for sql in asked)


def test_a_file_that_a_draft_alone_had_goes_with_the_draft_and_the_text_of_a_course_is_no_file(
    visit, lead, organisation
):
    drafts = [SMALL_COURSE | {"media/a.txt": "first"}, SMALL_COURSE | {"media/a.txt": "second"}]
    first, second = (make_course(organisation, tree, publish=False).draft for tree in drafts)
    served = [
        visit(lead).get(f"/aldermoor/media/{tree[path][0]}/a.txt").status_code
        for tree, path in ((first, "media/a.txt"), (second, "media/a.txt"), (second, "01-first/02-check.quiz.md"))
    ]
    assert served == [404, 200, 404]


def test_the_files_that_were_there_before_are_found_after_the_migration(organisation, media):
    make_course(organisation, SMALL_COURSE | {"media/only-in-the-draft.txt": "x"}, publish=False)
    before = sorted(Media.objects.values_list("course", "digest", "is_published"))
    Media.objects.all().delete()
    import_module("milepost.courses.migrations.0003_media").fill(apps, None)
    assert sorted(Media.objects.values_list("course", "digest", "is_published")) == before


def test_the_media_of_one_organisation_are_nobody_else_s(visit, media, db):
    from milepost.people.organisations import create_organisation
    from tests.worlds import make_member

    other = create_organisation(slug="other", name="Other")
    stranger = visit(make_member(other, "eve"))
    assert stranger.get(f"/aldermoor/media/{media['film.mp4']}/film.mp4").status_code == 404
    assert stranger.get(f"/other/media/{media['film.mp4']}/film.mp4").status_code == 404
