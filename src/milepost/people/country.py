"""In which country an organisation, or a site of it, works."""

from milepost.core.public_holidays import country_of_zone
from milepost.people.models import Organisation, Site
from milepost.people.organisation_settings import COUNTRY
from milepost.people.settings import value_of


def country_of(organisation: Organisation) -> str:
    """Its ISO 3166-1 code: what the organisation decided, or where its time zone lies; "" where that is nowhere."""
    return value_of(organisation, COUNTRY) or country_of_zone(organisation.time_zone)


def country_of_site(site: Site) -> str:
    """Its ISO 3166-1 code: what was said of it, or where its time zone lies; else that of the organisation."""
    return site.country or (country_of_zone(site.time_zone) if site.time_zone else "") or country_of(site.organisation)


def zone_of_site(site: Site) -> str:
    """Its time zone; else that of the organisation."""
    return site.time_zone or site.organisation.time_zone
