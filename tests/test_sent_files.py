"""A file that is empty or too large is told so at whichever form it was sent with, before anything is read of it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from milepost.core.sent_files import FileNotTaken, sent_file
from tests.worlds import make_member

FORMS = {  # what else the form sends, and the name of its file
    "/aldermoor/people/imports/new/": ({}, "file"),
    "/aldermoor/courses/new/": ({}, "file"),
    "/aldermoor/settings/": ({"page": "look", "name": "Aldermoor"}, "logo"),
    "/aldermoor/documents/new/": ({"title": "Agreement"}, "file"),
    "/verify/": ({}, "file"),
}


@pytest.mark.django_db
def test_an_empty_file_is_called_empty_by_each_form(visit, organisation):
    client = visit(make_member(organisation, "ellen", roles=["owner"]))
    for address, (more, name) in FORMS.items():
        answer = client.post(address, more | {name: SimpleUploadedFile("people 2026.csv", b"")})
        assert "“people 2026.csv” is empty." in answer.text, address


def test_a_file_that_is_too_large_is_told_the_limit_and_what_to_do():
    file = SimpleUploadedFile("scan.pdf", bytes((1 << 20) + 1))
    with pytest.raises(FileNotTaken, match=r"^The file is larger than 1 MB. Split it\.$"):
        sent_file(file, most=1 << 20, advice="Split it.")
    assert sent_file(file, most=2 << 20) is file
