"""What is sent of a template: its lines, without the indentation of whoever wrote it."""

from pathlib import Path

import pytest
from django.template import Context, Engine
from django.template.loader import get_template
from django.utils import translation

from milepost.design.loaders import Loader, with_plain_numbers


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
    assert [line.strip() for line in source.splitlines()] == [
        line.strip() for line in with_plain_numbers(written).splitlines()
    ]


@pytest.mark.parametrize(("language", "said"), [("en", "10,240"), ("fr", "10\N{NO-BREAK SPACE}240")])
def test_a_number_is_said_as_the_language_has_it_and_written_plainly_in_a_tag(language, said):
    source = """
        <a id="row-{{ n }}" {% if n > 3 %}data-of="{{ n }}"{% endif %} href="?page={{ n }}"
          title="{% blocktranslate %}{{ n }} rows{% endblocktranslate %}">{{ n }} &gt; {{ n|floatformat }}</a>
        {% blocktranslate count n=n %}{{ n }} thing{% plural %}{{ n }} things{% endblocktranslate %}"""
    with translation.override(language):
        html = Engine.get_default().from_string(with_plain_numbers(source)).render(Context({"n": 10240}))
    assert 'id="row-10240"' in html and 'data-of="10240"' in html and 'href="?page=10240"' in html
    assert f'title="{said} rows"' in html and f"{said} &gt; {said}</a>" in html and f"{said} things" in html


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
