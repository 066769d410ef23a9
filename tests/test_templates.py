"""Templates keep to the floors as code does, and stay readable."""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType
from django.urls import URLPattern, URLResolver, get_resolver

from milepost.design import navigation

ROOT = Path(__file__).parent.parent
ROOMS = ROOT / "src/milepost"
TEMPLATES = sorted(
    path for path in ROOMS.rglob("*") if "templates" in path.parts and path.suffix in {".html", ".txt", ".css"}
)
PAGES = [path for path in TEMPLATES if path.suffix != ".txt"]  # a line of a text mail is a paragraph of the mail
WIDTH = 160  # signs: what fits a screen
NAMED = {
    "extends": re.compile(r"""^extends\s+["']([^"']+)["']"""),
    "include": re.compile(r"""^include\s+["']([^"']+)["']"""),
    "static": re.compile(r"""^static\s+["']([^"']+)["']"""),
    "url": re.compile(r"""^url\s+["']([^"']+)["']"""),
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOMS)))
def test_a_template_uses_only_its_own_room_and_lower_ones(path):
    own = room_of(path.relative_to(ROOMS))
    for tag, name in named_in(path):
        other = owner_of(tag, name)
        assert floor(other) <= floor(own), (
            f"{path}: {{% {tag} '{name}' %}} is of the room {other}, which stands above {own}"
        )


def test_the_menus_that_templates_ask_for_are_filled():
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        for page in re.findall(r"""\{% (?:tabs|links) ["'](\w+)""", text):
            assert navigation.links(page).all(), f"{path}: no room registers a link of the page {page}"
        for place in re.findall(r"""\{% place ["'](\w+)""", text):
            assert place in navigation.main, f"{path}: no room registers the place {place}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOMS)))
def test_a_line_of_a_page_fits_a_screen(path):
    long = [number for number, line in enumerate(path.read_text().splitlines(), 1) if len(line) > WIDTH]
    assert not long, f"{path}: over {WIDTH} signs in lines {long}"


WRITTEN_BY_HAND = {  # by the component that writes it; answers to questions have no label but the question
    r'<label[^>]*class="[^"]*form-label': "{% input %}, {% textarea %}, {% select %} or {% field %}",
    r'<(?:input|select|textarea)[^>]*class="form-(?:control|select)': "the tags of design/templatetags/fields.py",
    r'class="stretched"': "{% row %}",
    r'<section[^>]*class="[^"]*\bempty\b': 'include "design/components/empty.html"',
}


@pytest.mark.parametrize(
    "path",
    [path for path in PAGES if not {"components", "allauth", "activities"}.intersection(path.parts)],
    ids=lambda path: str(path.relative_to(ROOMS)),
)
def test_what_is_a_component_is_not_written_by_hand(path):
    text = path.read_text(encoding="utf-8")
    for markup, component in WRITTEN_BY_HAND.items():
        assert not (found := re.search(markup, text)), f"{path}: instead of {found[0]} use {component}"


def named_in(path):
    for token in Lexer(path.read_text(encoding="utf-8")).tokenize():
        if token.token_type == TokenType.BLOCK:
            for tag, form in NAMED.items():
                if match := form.match(token.contents):
                    yield tag, match[1]


def owner_of(tag, name):
    """The room that a template, a static file or an address belongs to; what comes with a library is of the lowest floor."""
    if tag == "url":
        return addresses().get(name, "core")
    owners = files("static" if tag == "static" else "templates")
    return owners.get(name, "core")


@cache
def files(sort):
    return {
        path.relative_to(folder).as_posix(): room_of(path.relative_to(ROOMS))
        for folder in ROOMS.rglob(sort)
        if folder.is_dir()
        for path in folder.rglob("*")
        if path.is_file()
    }


@cache
def addresses():
    """Every named address of ours, with the room that its view is written in."""

    def walk(patterns):
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            elif isinstance(pattern, URLPattern) and pattern.name:
                module = pattern.callback.__module__.split(".")
                if module[0] == "milepost":
                    yield pattern.name, module[1]

    return dict(walk(get_resolver().url_patterns))


def room_of(path):
    return path.parts[0]


@cache
def floors():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    return [layer.strip("()").removeprefix("milepost.") for layer in reversed(contract["layers"])]


def floor(room):
    return floors().index(room)
