"""Organisations and the people in them."""

from milepost.people.models.absence import Absence, AbsenceGone, AbsenceQuerySet
from milepost.people.models.bulk_act import BulkAct, BulkActPerson
from milepost.people.models.factor_reset import FactorReset
from milepost.people.models.member import (
    END_OF_NAME,
    MOST_OF_NAME,
    Member,
    MemberQuerySet,
    Relation,
    RoleGrant,
    RoleGrantQuerySet,
    WasErased,
    plain,
)
from milepost.people.models.merge import Merge
from milepost.people.models.organisation import (
    Department,
    Organisation,
    OrganisationSetting,
    Site,
    validate_colour,
    validate_zone,
    zone_of,
)
from milepost.people.models.people_feed import PeopleFeed
from milepost.people.models.people_import import ImportedPerson, PeopleImport
from milepost.people.models.user import User, UserManager

__all__ = [
    "END_OF_NAME",
    "MOST_OF_NAME",
    "Absence",
    "AbsenceGone",
    "AbsenceQuerySet",
    "BulkAct",
    "BulkActPerson",
    "Department",
    "FactorReset",
    "ImportedPerson",
    "Member",
    "MemberQuerySet",
    "Merge",
    "Organisation",
    "OrganisationSetting",
    "PeopleFeed",
    "PeopleImport",
    "Relation",
    "RoleGrant",
    "RoleGrantQuerySet",
    "Site",
    "User",
    "UserManager",
    "WasErased",
    "plain",
    "validate_colour",
    "validate_zone",
    "zone_of",
]
