"""An organisation beside the one of the test."""

import pytest

from milepost.people.organisations import create_organisation


@pytest.fixture
def other_organisation(organisation):
    return create_organisation(slug="norrviken", name="Norrviken")
