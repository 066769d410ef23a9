"""Organisations: what they decided, their sites and departments."""

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from milepost.core import clock, time_zones
from milepost.core.blobs.fields import BlobField
from milepost.core.canonical import fingerprint
from milepost.journal.recording import Reference


def validate_zone(name: str) -> None:
    """Refuse what is not a time zone of the tz database."""
    if name not in time_zones.known():
        raise ValidationError(_("“%(name)s” is not a time zone. Write it like Europe/Paris."), params={"name": name})


validate_colour = RegexValidator(r"^#[0-9a-f]{6}$", _("A colour looks like #0f5c4d."))


class Organisation(models.Model):
    """One walled garden: its people, courses and journal are seen by nobody else."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Paris", validators=[validate_zone])
    brand_colour = models.CharField(_("brand colour"), max_length=7, default="#0f5c4d", validators=[validate_colour])
    corner_radius = models.PositiveSmallIntegerField(_("corner radius, in pixels"), default=14)
    postal_address = models.CharField(_("postal address"), max_length=300, blank=True)
    registration_number = models.CharField(_("registration number"), max_length=80, blank=True)
    certifier_name = models.CharField(_("who certifies"), max_length=120, blank=True)
    certifier_quality = models.CharField(_("in which capacity"), max_length=120, blank=True)
    logo = BlobField(blank=True, of="pk")  # the SHA-256 of a blob
    logo_type = models.CharField(max_length=32, blank=True)
    second_factor_roles = models.JSONField(default=list, blank=True)  # which roles ask for one
    created_at = models.DateTimeField(default=clock.now)
    # From birth, and for ever: the database refuses to change it. Its facts, seals, pages and papers say so.
    is_demonstration = models.BooleanField(default=False, db_default=False, editable=False)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def locked(cls, key: int) -> "Organisation":
        """The organisation as it is now, its row held until the transaction ends: of two verbs that hold it, one waits.

        Whoever holds other rows, too, takes this one first. What only points to the organisation waits for nobody.
        """
        return cls.objects.select_for_update(no_key=True).get(pk=key)

    @property
    def home(self) -> str:
        """Where its pages begin."""
        return f"/{self.slug}/"

    @property
    def brand_fingerprint(self) -> str:
        """Changes whenever the brand does: part of the addresses of style sheet and logo."""
        return fingerprint(f"{self.brand_colour}|{self.corner_radius}|{self.logo}".encode())[:12]

    def as_reference(self) -> Reference:
        return Reference("organisation", str(self.uid), self.name)


def zone_of(organisation: str) -> Subquery:
    """The time zone of the organisation that a row names by this field: by its calendar the row's days come and go."""
    return Subquery(Organisation.objects.filter(pk=OuterRef(organisation)).values("time_zone"))


class OrganisationSetting(models.Model):
    """What an organisation decided, by the name of the setting; without a row its default holds. See `settings`."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="decided")
    name = models.CharField(max_length=60)
    value = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="setting_decided_once")]

    def __str__(self) -> str:
        return self.name


class Site(models.Model):
    """A place where people of the organisation work: in which country (ISO 3166-1) and time zone, if not in the organisation’s."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="sites")
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, validators=[validate_zone])

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="site_named_once")]

    def __str__(self) -> str:
        return self.name


class Department(models.Model):
    """A node of the organisation's tree. `path` is the names from the root, joined with ' / '."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="departments")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    name = models.CharField(max_length=120)
    path = models.CharField(max_length=600)

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["organisation", "path"], name="department_path_once")]

    def __str__(self) -> str:
        return self.path

    @property
    def depth(self) -> int:
        return self.path.count(" / ")
