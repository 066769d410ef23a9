"""In which country an organisation works."""

from milepost.core.public_holidays import country_of_zone
from milepost.people.models import Organisation
from milepost.people.organisation_settings import COUNTRY
from milepost.people.settings import value_of


def country_of(organisation: Organisation) -> str:
    """Its ISO 3166-1 code: what the organisation decided, or where its time zone lies; "" where that is nowhere."""
    return value_of(organisation, COUNTRY) or country_of_zone(organisation.time_zone)
