"""Menus: filled from outside, shown to whom may, and told where one is."""

from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.urls import NoReverseMatch

from milepost.design import navigation
from milepost.design.navigation import Link, Menus


def menus(path="/aldermoor/", allowed=("see_people",)):
    return Menus(path=path, organisation="aldermoor", allows=lambda permission: permission in allowed)


def labels(shown):
    return [link.label for link in shown]


def test_a_place_that_a_room_registers_stands_in_the_navigation_in_its_order():
    with navigation.main.holding("test", Link("Workshops", "people", order=15)):
        assert labels(menus().main).index("Workshops") == 1
    assert "Workshops" not in labels(menus().main)


def test_a_place_is_shown_only_to_whom_its_permission_is_given():
    with navigation.main.holding("test", Link("Costs", "people", order=1, permission="see_costs")):
        assert "Costs" not in labels(menus().main)
        assert "Costs" in labels(menus(allowed=("see_costs",)).main)


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/aldermoor/", "My learning"),
        ("/aldermoor/sessions/new/", "Sessions"),
        ("/aldermoor/journal/12/", "Evidence"),
        ("/aldermoor/audits/", "Evidence"),
        ("/aldermoor/settings/", None),
    ],
)
def test_the_navigation_says_where_one_is(path, here):
    shown = menus(path, allowed=("see_evidence",)).main
    assert [link.label for link in shown if link.is_here] == ([here] if here else [])


def test_outside_of_an_organisation_there_are_only_links_that_need_none():
    outside = Menus(path="/accounts/devices/", organisation=None, allows=lambda _permission: True)
    assert outside.main == []
    assert {link.name for link in outside.person} >= {"devices", "sign_out"}
    assert "my_data" not in {link.name for link in outside.person}


def test_a_menu_asks_for_no_permission_until_it_is_shown():
    asked = []
    Menus(path="/", organisation="aldermoor", allows=lambda permission: asked.append(permission) or True)
    assert asked == []


def test_tabs_are_about_a_thing_and_only_those_that_it_has():
    course = SimpleNamespace(slug="ladders", title="Ladders", is_published=lambda: False)
    context = Context(
        {"organisation": SimpleNamespace(slug="aldermoor"), "can": {"see_results": True}, "course": course}
    )
    template = Template('{% tabs "workshop" "content" "Pages" of=course %}')
    links = navigation.links("workshop")
    with (
        links.holding("always", Link("Costs", "numbers", order=1)),
        links.holding("content", Link("Content", "course_admin", order=3)),
        links.holding("published", Link("Grades", "numbers", order=2, shown=lambda thing: thing.is_published())),
    ):
        page = template.render(context)
    assert 'href="/aldermoor/courses/ladders/numbers/">Costs</a>' in page
    assert "Grades" not in page
    assert 'href="/aldermoor/courses/ladders/" aria-current="page"' in page


def test_a_link_to_an_address_that_there_is_not_fails_when_it_is_shown():
    with navigation.main.holding("test", Link("Nowhere", "no_such_address", order=1)), pytest.raises(NoReverseMatch):
        assert menus().main
