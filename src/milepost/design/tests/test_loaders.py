"""What is sent of a template: its lines, without the indentation of whoever wrote it."""

from pathlib import Path

from django.template.loader import get_template

from milepost.design.loaders import Loader


def source_of(name: str) -> str:
    engine = get_template(name).template.engine
    loader = Loader(engine)
    return loader.get_contents(
        next(origin for origin in loader.get_template_sources(name) if Path(origin.name).exists())
    )


def test_a_page_is_sent_without_indentation_and_with_every_line():
    source = source_of("design/base.html")
    assert not [line for line in source.splitlines() if line.startswith((" ", "\t"))]
    written = Path(get_template("design/base.html").origin.name).read_text(encoding="utf-8")
    assert [line.strip() for line in source.splitlines()] == [line.strip() for line in written.splitlines()]


def test_no_page_has_text_of_its_own_where_indentation_is_seen():
    for path in (Path(__file__).parents[2]).rglob("templates/**/*.html"):
        text = path.read_text(encoding="utf-8")
        for tag in ("pre", "textarea"):
            for part in text.split(f"<{tag}")[1:]:
                inside = part.split(f"</{tag}>")[0].partition(">")[2]
                assert inside == Loader.shorten(inside), f"{path}: text within <{tag}> would lose its indentation"


def test_a_plain_text_stays_as_it_is():
    written = Path(get_template("notices/invitation.txt").origin.name).read_text(encoding="utf-8")
    assert source_of("notices/invitation.txt") == written
