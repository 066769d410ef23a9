import gzip

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from milepost.people.passwords import COMMON
from tests.thorough import IS_THOROUGH

pytestmark = pytest.mark.django_db
GOOD = "lantern gravel seven otters"


def why_not(password, user=None):
    try:
        validate_password(password, user)
    except ValidationError as refused:
        return " ".join(refused.messages)
    return ""


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "LANTERN GRAVEL SEVEN OTTERS",
        "onlysmalllettersofnosense",
        "trois lampes jaunes chantent",
        "  éléphant, ananas, tricycle  ",
        "王小明喜欢在山上喝茶看月亮",
        "x7#" + "lantern gravel otters " * 5,
        (GOOD + " ") * 4 + "and sixteen more",
    ],
)
def test_any_kind_of_characters_will_do_up_to_128_of_them(password):
    assert not why_not(password)


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("", "three or four words"),
        ("Xk7#pQ9!vB2", "This has 11 characters"),
        ("n!4 " * 33, "At most 128"),
    ],
)
def test_what_is_too_short_or_too_long_says_how_long_it_is_and_what_to_do(password, word):
    assert word in why_not(password)


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword1",
        "PasswordPassword1",
        "aaaaaaaaaaaaaaaaaaaa",
        "a" * 128,
        "123456789101112",
        "qwertyuiopasdfgh",
        "Liverpool2026!",
        "p@ssw0rd12345",
        "NICK1234-rem936",  # nothing but a leak tells that it is frequent
        "nick1234-REM936",
    ],
)
def test_what_would_be_tried_first_is_refused(password):
    assert "three or four words" in why_not(password)


def test_none_of_the_three_thousand_most_frequent_of_this_length_can_be_chosen():
    """ASVS 5.0, 6.2.4; the list is in no order, so every fifteenth of it, and each day every tenth of those."""
    frequent = gzip.decompress(COMMON.read_bytes()).decode().strip("\n").split("\n")
    assert len(frequent) > 40_000
    assert [password for password in frequent[:: 15 if IS_THOROUGH else 150] if not why_not(password)] == []


@pytest.mark.parametrize("name", ["Aldermoor", "milepost"])
def test_the_names_of_organisation_and_product_make_no_password(learner, name):
    assert f"“{name.lower()}” is what" in why_not(f"otters {name} gravel 7!", learner.user)


def test_no_name_or_address_of_the_person_makes_a_password(learner):
    learner.given_name, learner.family_name, learner.email = "Žofie", "Nygård", "z.quillfeather@example.org"
    learner.save()
    for word in ("ZOFIE", "nygard", "Nygård", "quillfeather"):
        assert "Leave it out" in why_not(f"otters {word} gravel 7!", learner.user)
    assert not why_not(GOOD, learner.user)


def test_a_stranger_s_password_is_held_to_the_same(db):
    assert why_not("passwordpassword1")
    assert not why_not(GOOD)


def test_the_page_says_what_to_choose_and_then_what_is_wrong(visit, learner):
    learner.user.set_unusable_password()
    learner.user.save()
    page = visit(learner)
    assert "12 characters or more" in page.get("/accounts/password/set/").text
    for password, words in (("passwordpassword1", "among the first"), ("short", "This has 5 characters")):
        assert words in choose(page, password).text
    assert choose(page, GOOD).status_code == 302
    learner.user.refresh_from_db()
    assert learner.user.check_password(GOOD)


def choose(page, password):
    return page.post("/accounts/password/set/", {"password1": password, "password2": password})


def test_a_password_of_earlier_rules_still_opens_until_it_is_changed(client, learner):
    learner.user.set_password("short")
    learner.user.save()
    assert client.post("/accounts/login/", {"login": learner.user.email, "password": "short"}).status_code == 302
    assert client.get("/aldermoor/").status_code == 200
