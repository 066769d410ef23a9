"""Addresses that are put together for speed are those that the pages have."""

from django.urls import reverse

from milepost.courses.addresses import media_base
from milepost.learning.addresses import activity_url


def test_an_activity_is_where_its_page_is():
    page = reverse("activity", args=["aldermoor", "ladders", "01-first", "02-check"])
    assert activity_url("aldermoor", "ladders", "01-first/02-check") == page


def test_media_are_where_they_are_served():
    served = reverse("media", args=["aldermoor", "ab" * 32, "a.png"])
    assert media_base("aldermoor") + "ab" * 32 + "/a.png" == served
