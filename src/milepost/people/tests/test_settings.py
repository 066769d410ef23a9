"""What organisations decide: checked, kept, recorded, and read."""

import ast
from pathlib import Path

import pytest
from django import forms
from django.apps import apps
from django.utils import translation

from milepost.core.registry import NotRegistered
from milepost.journal.models import Entry
from milepost.journal.vocabulary import fact_type_of
from milepost.people import settings
from milepost.people.models import Organisation
from milepost.people.settings import InvalidSetting, Page, Setting, change, value_of

TEA = Setting("tea", forms.IntegerField(min_value=1), 2, Page("kitchen", "The kitchen"))


@pytest.fixture
def kitchen():
    with settings.holding("tea", TEA):
        yield


def facts(organisation):
    updated = Entry.objects.filter(organisation_id=organisation.pk, verb="updated").order_by("pk")
    return [(entry.content["context"]["setting"], entry.content["result"]) for entry in updated]


def test_the_default_holds_until_somebody_decides(organisation, kitchen):
    assert value_of(organisation, TEA) == 2
    change(organisation=organisation, values={"tea": 5})
    assert value_of(organisation, TEA) == 5
    assert value_of(Organisation.objects.get(pk=organisation.pk), TEA) == 5


def test_each_change_is_recorded_under_its_own_name_with_what_it_was(organisation, lead, kitchen):
    change(organisation=organisation, values={"name": "Aldermoor SA", "tea": 3, "language": "en"}, by=lead)
    assert facts(organisation) == [
        ("name", {"before": "Aldermoor", "after": "Aldermoor SA"}),
        ("tea", {"before": 2, "after": 3}),
    ]
    change(organisation=organisation, values={"name": "Aldermoor SA", "tea": 3}, by=lead)
    assert len(facts(organisation)) == 2


@pytest.mark.parametrize(
    "wrong",
    [{"tea": 0}, {"name": ""}, {"time_zone": "Mars/Olympus"}, {"brand_colour": "#ffee88"}, {"language": "tlh"}],
)
def test_what_is_not_possible_is_refused_whoever_asks_and_nothing_is_changed(organisation, kitchen, wrong):
    with pytest.raises(InvalidSetting) as refused:
        change(organisation=organisation, values={"postal_address": "1 Quay"} | wrong)
    assert refused.value.field == next(iter(wrong))
    organisation.refresh_from_db()
    assert organisation.postal_address == ""
    assert facts(organisation) == []


@pytest.mark.parametrize(
    ("language", "values", "sentence"),
    [
        ("en", {"language": "fr"}, "Changed the setting “Language” from “English” to “Français”"),
        (
            "fr",
            {"postal_address": "1 % Quay"},
            "A changé le réglage « Adresse postale » : « rien » devient « 1 % Quay »",
        ),
    ],
)
def test_the_history_calls_settings_and_values_what_the_page_calls_them(organisation, lead, language, values, sentence):
    change(organisation=organisation, values=values, by=lead)
    entry = Entry.objects.get(organisation_id=organisation.pk, verb="updated")
    with translation.override(language):
        assert sentence in fact_type_of("organisation.updated").tell(entry.content)


def test_yes_and_no_and_the_setting_of_a_room_that_is_gone_are_told_too():
    tea = Setting("tea", forms.BooleanField(label="serve tea"), False, TEA.page)
    with settings.holding("tea", tea):
        assert settings.tell_change("tea", False, True) == "Changed the setting “serve tea” from “no” to “yes”"
    assert settings.tell_change("tea", 1, 2) == "Changed the setting “tea” from “1” to “2”"


def test_a_setting_that_nobody_registered_can_not_be_changed(organisation):
    with pytest.raises(NotRegistered):
        change(organisation=organisation, values={"tea": 1})


def test_all_settings_of_an_organisation_cost_one_query(organisation, kitchen, django_assert_num_queries):
    fresh = Organisation.objects.get(pk=organisation.pk)
    kept = [setting for setting in settings.all_settings() if not setting.column]
    with django_assert_num_queries(1):
        assert all(value_of(fresh, setting) == setting.default for setting in kept)


def test_a_room_s_setting_stands_on_the_page_and_is_saved_there(organisation, lead, visit, kitchen):
    client = visit(lead)
    assert "The kitchen" in client.get("/aldermoor/settings/").text
    assert client.post("/aldermoor/settings/", {"page": "kitchen", "tea": "0"}).status_code == 400
    assert client.post("/aldermoor/settings/", {"page": "kitchen", "tea": "7"}).status_code == 302
    assert value_of(Organisation.objects.get(pk=organisation.pk), TEA) == 7


def test_no_setting_goes_unread():
    """Somebody asks for each: by `value_of(…, CONSTANT)`, or for the column in which it lies."""
    read = set()
    rooms = [Path(room.path) for room in apps.get_app_configs() if room.name.startswith(("milepost.", "tests."))]
    for path, inside in ((path, path.relative_to(room)) for room in rooms for path in room.rglob("*.py")):
        if {"tests", "migrations"} & set(inside.parts) or path.name in ("settings.py", "organisation_settings.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "value_of":
                read |= {part.id.lower() for part in node.args[1:] if isinstance(part, ast.Name)}
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                read.add(f".{node.attr}")
    unread = [one.name for one in settings.all_settings() if (f".{one.column}" if one.column else one.name) not in read]
    assert unread == []
