import re
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from milepost.courses.files import Folder, InMemory
from milepost.courses.frontmatter import parse_seconds, split
from milepost.courses.markdown import render, sanitise
from milepost.courses.reading import read_course
from tests.worlds import SMALL_COURSE, files

EXAMPLES = sorted(path for path in (Path(__file__).parents[4] / "examples/courses").iterdir() if path.is_dir())


def problems(**changes):
    tree = {
        path: text
        for path, text in (SMALL_COURSE | {k.replace("__", "/"): v for k, v in changes.items()}).items()
        if text is not None
    }
    return [str(problem) for problem in read_course(files(tree)).problems]


def problems_with(path, text):
    return [str(problem) for problem in read_course(files(SMALL_COURSE | {path: text})).problems]


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_the_example_courses_have_nothing_to_mend(folder):
    source = read_course(Folder(folder))
    assert source.problems == []
    assert len(source.modules) >= 4


def test_the_small_course_is_read_in_the_order_of_its_names():
    source = read_course(files(SMALL_COURSE))
    assert [activity.key for activity in source.activities] == [
        "01-first/01-read",
        "01-first/02-check",
        "02-second/01-more",
        "02-second/02-sign",
    ]
    assert [activity.is_required for activity in source.activities] == [True, True, False, True]


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("course.md", "no fields\n", "course.md:1: The file must begin"),
        ("course.md", "---\nlanguage: en\n---\n", "course.md:1: “title:” is missing"),
        ("course.md", "---\ntitle: A\nlanguage: xx\n---\n", "course.md:3: “language: xx” is not known"),
        ("course.md", "---\ntitle: A\npass_mark: 120\n---\n", "course.md:3: “pass_mark” must be a whole number"),
        ("course.md", "---\ntitle: A\ntilte: B\n---\n", "course.md:3: “tilte” is not a field"),
        ("course.md", "---\ntitle: [a\n---\n", "course.md:"),
        ("course.md", "---\na: &x [1]\ntitle: *x\n---\n", "References"),
        ("course.md", b"---\ntitle: A\n---\n\ncaf\xe9\n", "course.md:5: This is not UTF-8"),
        (
            "course.md",
            f"---\ntitle: A\nobjectives:\n  - {'x' * 501}\n---\n",
            "course.md:3: “objectives” is longer than 500 characters",
        ),
        ("course.md", f"---\ntitle: A\nobjectives: [{'x, ' * 51}]\n---\n", "There are more than 50 objectives"),
        ("01-first/module.md", f"---\ntitle: {'x' * 201}\n---\n", "“title” is longer than 200 characters"),
        ("01-first/module.md", "---\nsummary: x\n---\n", "01-first/module.md:1: “title:” is missing"),
        (
            "01-first/03-x.page.md",
            "---\ntitle: X\n---\n\n![](a.png)\n",
            "01-first/03-x.page.md:5: The picture a.png has no description",
        ),
        (
            "01-first/03-x.page.md",
            "---\ntitle: X\n---\n\n![A dog](dog.png)\n",
            "03-x.page.md:5: There is no file dog.png",
        ),
        ("01-first/03-x.page.md", "---\ntitle: X\n---\n\n![A](https://e.example/a.png)\n", "lies on another server"),
        (
            "01-first/03-x.page.md",
            "---\ntitle: X\n---\n\n[go](javascript:alert(1))\n\n[a](ftp://x)\n",
            "Links may begin with",
        ),
        ("01-first/03-x.page.md", "---\ntitle: X\n---\n\n# Again\n", "Use ## for headings"),
        ("01-first/03-x.page.md", "---\ntitle: X\n---\n", "The page is empty"),
        ("01-first/03-x.film.md", "---\ntitle: X\n---\n", "not the name of an activity"),
        ("01-first/notes.txt", "x", "not the name of an activity"),
        ("Second Part/module.md", "---\ntitle: X\n---\n", "neither “media” nor a module"),
        ("stray.md", "x", "not part of the course"),
        ("03-empty/module.md", "---\ntitle: X\n---\n", "“03-empty” has no activity"),
        ("01-first/03-x.acknowledgement.md", "---\ntitle: X\n---\n\nText\n", "“statement:” is missing"),
        (
            "01-first/03-x.acknowledgement.md",
            "---\ntitle: X\nstatement: Yes\n---\n" + "Text " * 20_001,
            "03-x.acknowledgement.md:5: The text is longer than 100000 characters",
        ),
        (
            "01-first/03-x.acknowledgement.md",
            f"---\ntitle: X\nstatement: {'Yes ' * 251}\n---\n\nText\n",
            "03-x.acknowledgement.md:3: “statement” is longer than 1000 characters",
        ),
        ("01-first/03-x.video.md", "---\ntitle: X\nsource: a.mp4\nduration: 1:00\n---\n", "There is no file a.mp4"),
        ("01-first/03-x.video.md", "---\ntitle: X\nsource: http://e.example/a.mp4\nduration: 60\n---\n", "https"),
        ("01-first/03-x.quiz.md", "---\ntitle: X\n---\n\nHello\n", "The quiz has no question"),
        ("01-first/03-x.quiz.md", "---\ntitle: X\n---\n\n## A?\n", "03-x.quiz.md:5: The question has no answers"),
        ("01-first/03-x.quiz.md", "---\ntitle: X\n---\n\n## A?\n\n- [ ] a\n- [ ] b\n", "No answer is marked as right"),
        ("01-first/03-x.quiz.md", "---\ntitle: X\n---\n\n## A?\n\n- [x] a\n\n= 3\n", "mixes several types"),
        (
            "01-first/03-x.quiz.md",
            "---\ntitle: X\n---\n\n## A?\n\n- [x] a\n- [ ] a\n",
            "03-x.quiz.md:8: The same answer stands here twice",
        ),
    ],
)
def test_a_problem_is_told_with_file_and_line(path, text, said):
    problems = problems_with(path, text)
    assert any(said in problem for problem in problems), problems


def test_without_course_md_there_is_no_course():
    assert "There is no course.md" in str(read_course(files({"x/module.md": ""})).problems[0])


def test_every_problem_is_told():
    assert len(problems(**{"course.md": "---\nlanguage: xx\nformat: yy\n---\n"})) == 3


def test_captions_are_checked_with_their_own_line():
    problems = problems_with(
        "01-first/03-x.video.md", "---\ntitle: X\nsource: a.mp4\nduration: 9\ncaptions: {en: a.vtt}\n---\n"
    )
    assert any("a.vtt" in problem for problem in problems)
    tree = SMALL_COURSE | {
        "01-first/03-x.video.md": "---\ntitle: X\nsource: ../media/a.mp4\nduration: 9\ncaptions: {en: ../media/a.vtt}\n---\n",
        "media/a.mp4": b"\x00",
        "media/a.vtt": "WEBVTT\n\n00:00.000 --> nonsense\nHi\n",
    }
    assert any("a.vtt, line 3" in str(problem) for problem in read_course(files(tree)).problems)


@pytest.mark.parametrize(("text", "seconds"), [("1:05", 65), ("1:02:30", 3750), (65, 65), ("0:00.5", 0.5)])
def test_times_are_read_as_people_write_them(text, seconds):
    assert parse_seconds(text) == seconds


def show(text):
    return render(text, media=lambda path: ("ab" * 32, path), report=lambda line, message: None)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "![a](x.png){onclick=1}",
        '<a href="data:text/html,x">a</a>',
        "<style>*{}</style>",
        "<iframe src=x>",
    ],
)
def test_nothing_that_runs_gets_through(text):
    html = show(text)
    assert not any(
        bad in html for bad in ("<script", "<img src=x", '<a href="javascript', "<iframe", "<style", '<a href="data')
    )


@given(st.text(max_size=200))
def test_whatever_is_written_comes_out_clean(text):
    html = show(text)
    assert sanitise(html) == html
    assert "<script" not in html


def test_callouts_tabs_tables_footnotes_and_sound_are_there():
    html = show(
        "::: warning Mind\nText\n:::\n\n:::: tabs\n::: tab One\n1\n:::\n::: tab Two\n2\n:::\n::::\n\n| a |\n| - |\n| 1 |\n\nx[^1]\n\n[^1]: Note\n\n![Hear](a.mp3)\n\n[Plan](plan.pdf)\n"
    )
    for piece in (
        'class="callout callout-warning"',
        '<details name="tabs-1" open',
        "<table>",
        'class="footnotes"',
        "<audio",
        'class="download"',
    ):
        assert piece in html, piece


@given(st.binary(max_size=120))
def test_no_bytes_whatever_break_the_head(data):
    problems = []
    source = split("x.md", data, problems)
    assert source is not None or problems


@given(st.text(alphabet="#-[]x()=!>:*1.2 \n|&?ab{}", max_size=160))
def test_no_text_whatever_breaks_a_quiz(text):
    read_course(files(SMALL_COURSE | {"01-first/03-x.quiz.md": f"---\ntitle: X\n---\n\n## Q\n{text}\n"}))


@pytest.mark.parametrize(
    ("head", "line", "told"),
    [
        ("title: [Ladders\nlanguage: en", 2, "title: [Ladders"),
        ('language: en\ntitle: "Ladders\nsummary: Up', 3, 'title: "Ladders'),
        ("language: en\ntitle: Ladders: up and down", 3, "title: Ladders: up and down"),
        ("title: &a Ladders\nsummary: *a", 3, "not used here"),
    ],
)
def test_fields_that_cannot_be_read_are_told_with_their_line_and_in_ones_language(head, line, told):
    with translation.override("fr" if told != "not used here" else "en"):
        problems = read_course(InMemory({"course.md": f"---\n{head}\n---\n".encode()})).problems
    problem = next(one for one in problems if told in one.message)
    assert (problem.path, problem.line) == ("course.md", line)
    assert not re.search("expected|found|mapping|scanning", problem.message)
