"""People in an organisation, and the roles that they hold there."""

import unicodedata
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import cached_property
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from milepost.core import clock
from milepost.core.local_days import before_today, from_today
from milepost.core.prepared import Prepared
from milepost.core.refusals import Refused
from milepost.journal.recording import Reference
from milepost.people.models.organisation import Department, Organisation, Site, validate_zone, zone_of
from milepost.people.models.user import User
from milepost.people.roles import FOLLOWING, ORGANISATION, Role

END_OF_NAME = "\n"  # in what search looks in; what is typed is split by it, so that nobody finds it
MOST_OF_NAME = 500  # characters


def plain(text: str) -> str:
    """Lower case without accents, so that “Nygard” finds “Nygård”."""
    if text.isascii():  # most of an HR file, of which this is asked some hundred thousand times
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("ø", "o").replace("æ", "ae").replace("ł", "l"))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


class WasErased(Refused):
    """They were erased at this moment: nothing is kept or told of them any more."""

    sentence = _("This person’s data were erased.")
    status = 404


class MemberQuerySet(models.QuerySet["Member"]):
    """Sets of members."""

    def active(self) -> Self:
        """Those whose leaving date, if they have one, is still to come by their organisation's calendar."""
        return self.filter(from_today("left_on", zone_of("organisation"), after=True))

    def absent_on(self, day: date) -> Self:
        """Those for whom a long absence is noted that this day is part of."""
        return self.filter(Q(absences__ends=None) | Q(absences__ends__gte=day), absences__begins__lte=day)

    def absent_today(self) -> Self:
        """Those who are away today by their organisation's calendar."""
        zone = zone_of("organisation")
        return self.filter(before_today("absences__begins", zone, or_today=True), from_today("absences__ends", zone))

    def days_absent(self, first: date, last: date) -> dict[int, int]:
        """How many days from `first` to `last`, both included, each of them (by key) is away; who is not is left out. One query."""
        among = self.filter(Q(absences__ends=None) | Q(absences__ends__gte=first), absences__begins__lte=last)
        days: Counter[int] = Counter()
        for key, begins, ends in among.order_by().values_list("pk", "absences__begins", "absences__ends"):
            days[key] += (min(ends or last, last) - max(begins, first)).days + 1
        return dict(days)

    def with_absence(self) -> Self:
        """Load with each member whether they are away today, as `is_away`, in the same query."""
        away = Member.objects.filter(pk=OuterRef("pk")).absent_today()
        return self.annotate(is_away=models.Exists(away))

    def matching(self, text: str) -> Self:
        """Those whose names, e-mail, employee number or job title hold every word of `text`."""
        members = self
        for word in plain(text).split():
            members = members.filter(searchable__contains=word)
        return members

    def with_roles(self) -> Self:
        """Load the role names with each member, in the same query."""
        granted = RoleGrant.objects.current().filter(member=OuterRef("pk")).order_by().values("member")
        names = granted.annotate(names=models.StringAgg("role", Value(","))).values("names")
        return self.annotate(granted_roles=Coalesce(models.Subquery(names), Value(""), output_field=models.TextField()))


class Relation(models.TextChoices):
    """What somebody is to the organisation."""

    EMPLOYEE = "employee", _("employee")
    PARTNER = "partner", _("partner")
    CLIENT = "client", _("client")
    PUBLIC = "public", _("public")


class Member(models.Model):
    """A person in one organisation, known from the HR file or by invitation; `user` is there once they signed in."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="memberships")
    employee_number = models.CharField(_("employee number"), max_length=64, null=True, blank=True)
    email = models.EmailField(_("e-mail"), null=True, blank=True)
    given_name = models.CharField(_("given name"), max_length=120)
    family_name = models.CharField(_("family name"), max_length=120)
    site = models.ForeignKey(
        Site, on_delete=models.SET_NULL, null=True, blank=True, related_name="members", verbose_name=_("site")
    )
    department = models.ForeignKey(
        Department,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="members",
        verbose_name=_("department"),
    )
    seniority = models.CharField(_("seniority"), max_length=60, blank=True)
    job_title = models.CharField(_("job title"), max_length=160, blank=True)
    manager = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="team", verbose_name=_("manager")
    )
    hire_date = models.DateField(_("hire date"), null=True, blank=True)
    left_on = models.DateField(_("left on"), null=True, blank=True)
    relation = models.CharField(_("relation"), max_length=16, choices=Relation.choices, default=Relation.EMPLOYEE)
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, validators=[validate_zone])
    invited_at = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(
        null=True, blank=True
    )  # when they said no to the organisation, who never joined it
    second_factor_due = models.DateTimeField(
        null=True, blank=True
    )  # see `second_factor`; once set it moves to no later day
    searchable = models.CharField(max_length=600, editable=False)

    # In a request: which of the grants carry something there; else they all do.
    counting: "Callable[[Member], list[RoleGrant]] | None" = None

    objects = MemberQuerySet.as_manager()

    class Meta:
        ordering = ["family_name", "given_name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "employee_number"], name="employee_number_once"),
            models.UniqueConstraint(fields=["organisation", "email"], name="member_email_once"),
            models.UniqueConstraint(fields=["organisation", "user"], name="one_membership_an_account"),
            models.CheckConstraint(
                condition=Q(employee_number__isnull=False) | Q(email__isnull=False), name="member_can_be_found_again"
            ),
            models.CheckConstraint(condition=~Q(manager=F("id")), name="nobody_manages_themselves"),
            models.CheckConstraint(condition=Q(declined_at=None) | Q(user=None), name="joined_or_declined"),
        ]
        indexes = [
            models.Index(fields=["organisation", "family_name", "given_name", "id"], name="member_by_name"),
            models.Index(fields=["organisation", "site"], name="member_by_site"),
            models.Index(fields=["organisation", "department"], name="member_by_department"),
            models.Index(fields=["organisation", "seniority"], name="member_by_seniority"),
        ]

    def __str__(self) -> str:
        return self.full_name

    @classmethod
    def locked(cls, key: int, *, to_erase: bool = False) -> "Member":
        """The person as they are now, their row held until the transaction ends. Raises `WasErased`."""
        held = cls.objects.select_for_update(of=("self",), no_key=not to_erase).filter(pk=key).first()
        if held is None:
            raise WasErased
        return held

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def initials(self) -> str:
        return (self.given_name[:1] + self.family_name[:1]).upper()

    @property
    def speaks(self) -> str:
        """The language in which Milepost speaks to them: their own choice, or the organisation's."""
        return self.language or self.organisation.language

    @property
    def has_left(self) -> bool:
        """Whether their last day is over, by the organisation's calendar."""
        return self.left_on is not None and self.left_on <= clock.today(self.organisation.time_zone)

    @property
    def is_out(self) -> bool:
        """Whether the organisation has no more to say to them: they have left, or said no to it."""
        return self.has_left or self.declined_at is not None

    @property
    def may_be_invited(self) -> bool:
        """Whether an invitation can reach them, and has a point: they have neither joined, nor said no, nor left."""
        return bool(self.email) and self.user_id is None and self.declined_at is None and not self.has_left

    @cached_property
    def grants(self) -> "list[RoleGrant]":
        """What was given to them, has not expired and carries something; a request reads it once."""
        return self.counting(self) if self.counting else self.given

    @property
    def is_held_back(self) -> bool:
        """Whether some of what was given to them carries nothing in this request."""
        return len(self.grants) < len(self.given)

    @cached_property
    def given(self) -> "list[RoleGrant]":
        """What was given to them and has not expired, whether it carries something or waits for a second factor."""
        held = _grants.all(member=self.pk)
        for grant in held:
            grant.member = self
        return [grant for grant in held if not grant.has_expired]

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that were given, in any scope; loaded with the member by `with_roles`, or on first use."""
        granted = getattr(self, "granted_roles", None)
        names = granted.split(",") if granted is not None else [grant.role for grant in self.grants]
        return frozenset(Role(name) for name in names if name)

    @cached_property
    def leads_somebody(self) -> bool:
        """Whether anybody reports to them."""
        return Member.objects.filter(manager=self.pk).exists()

    def forget_grants(self) -> None:
        """Read the grants anew when they are next asked for."""
        self.__dict__.pop("grants", None)
        self.__dict__.pop("given", None)
        self.__dict__.pop("granted_roles", None)

    def as_reference(self) -> Reference:
        return Reference("member", str(self.uid), self.full_name)

    def place(self) -> dict[str, str]:
        """Where they stand, as facts tell it, so that anybody can say later where they stood on a day."""
        told = {"relation": str(self.relation)}
        if self.site is not None:
            told["site"] = self.site.name
        if self.department is not None:
            told["department"] = self.department.path
        if self.left_on is not None:
            told["left_on"] = self.left_on.isoformat()
        return told

    def standing(self) -> dict[str, str]:
        """Where they stand, with their job, and by uid whom they report to: as facts tell it since these are shown by the day."""
        told = self.place()
        if self.job_title:
            told["job_title"] = self.job_title
        if self.manager is not None:
            told["manager"] = str(self.manager.uid)
        return told

    def refresh_searchable(self) -> None:
        """Keep the text that search looks in equal to what it is made of: the name, the end of it, and what not everybody may find by."""
        name, further = self.full_name, (self.email, self.employee_number, self.job_title)
        self.searchable = f"{plain(name)[:MOST_OF_NAME]}{END_OF_NAME}{plain(' '.join(filter(None, further)))}"[:600]

    def save(self, *args: object, **kwargs: object) -> None:
        self.refresh_searchable()
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    """Sets of grants."""

    def current(self) -> Self:
        """Those that have not expired, by the calendar of the holder's organisation."""
        return self.filter(from_today("expires_on", zone_of("member__organisation")))


class RoleGrant(models.Model):
    """A role that a member holds: within what (`milepost.people.scopes`), until when, who gave it.

    `scope_key` is the key of the site, department, person… that the scope names; the whole organisation needs none.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="role_grants")
    role = models.CharField(max_length=16, choices=Role.choices)
    scope = models.CharField(max_length=24, default=ORGANISATION)
    scope_key = models.BigIntegerField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    granted_by = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    granted_at = models.DateTimeField(default=clock.now)

    objects = RoleGrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "role", "scope", "scope_key"], name="role_granted_once"),
            models.UniqueConstraint(
                fields=["member", "role"], condition=Q(scope=ORGANISATION), name="role_granted_once_for_all"
            ),
            models.CheckConstraint(
                condition=Q(scope=ORGANISATION, scope_key=None) | (~Q(scope=ORGANISATION) & Q(scope_key__isnull=False)),
                name="a_scope_names_one",
            ),
            models.CheckConstraint(condition=~Q(role__in=sorted(FOLLOWING)), name="some_roles_only_follow"),
            models.CheckConstraint(
                condition=~Q(role=Role.AUDITOR) | Q(expires_on__isnull=False), name="auditors_look_for_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.role}"

    @property
    def owns_for_good(self) -> bool:
        """Whether it makes its member an owner of everything, without an end: somebody always is."""
        return (self.role, self.scope, self.expires_on) == (Role.OWNER, ORGANISATION, None)

    @property
    def has_expired(self) -> bool:
        """Whether its last day is over, by the organisation's calendar."""
        return self.expires_on is not None and self.expires_on < clock.today(self.member.organisation.time_zone)


_grants = Prepared(lambda member: RoleGrant.objects.filter(member=member).order_by(), member=int)
