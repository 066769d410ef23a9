"""Reads of people that are more than a filter."""

from django.db.models import FETCH_PEERS, Q

from milepost.people.models import Department, Member, MemberQuerySet, Organisation


def filter_members(
    organisation: Organisation,
    *,
    text: str = "",
    site: int | None = None,
    department: int | None = None,
    seniority: str = "",
    role: str = "",
    status: str = "active",
) -> MemberQuerySet:
    """The organisation's members that fit every filter given; a department includes those below it.

    `status` is active, left or all.
    """
    members = Member.objects.filter(organisation=organisation).fetch_mode(FETCH_PEERS)
    if status == "active":
        members = members.active()
    elif status == "left":
        members = members.exclude(pk__in=members.active().values("pk"))
    if text:
        members = members.matching(text)
    if site:
        members = members.filter(site_id=site)
    if department:
        members = members.filter(department__in=departments_below(organisation, department))
    if seniority:
        members = members.filter(seniority=seniority)
    if role:
        members = members.filter(role_grants__role=role)
    return members


def departments_below(organisation: Organisation, department: int) -> "list[int]":
    """The department and all departments under it, as keys."""
    top = Department.objects.filter(organisation=organisation, pk=department).first()
    if top is None:
        return []
    below = Department.objects.filter(organisation=organisation).filter(
        Q(pk=top.pk) | Q(path__startswith=top.path + " / ")
    )
    return list(below.values_list("pk", flat=True))


def seniorities(organisation: Organisation) -> list[str]:
    """The seniorities that occur in the organisation, sorted."""
    found = Member.objects.filter(organisation=organisation).exclude(seniority="")
    return list(found.order_by("seniority").values_list("seniority", flat=True).distinct())
