"""Reads of who is in an audience and who moved, in pages that begin behind somebody: the thousandth costs what the first does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from milepost.audiences.models import Audience, Membership, is_in
from milepost.people.models import Member, MemberQuerySet

PAGE_SIZE = 50


@dataclass(frozen=True)
class Slice:
    """A part of a list, and behind what the next begins; empty at its end."""

    rows: Sequence[Any]
    after: str


def people_of(audience: Audience, reach: MemberQuerySet, *, after: UUID | None = None) -> Slice:
    """Those of `reach` who count in the audience, by name, from behind the person of this uid."""
    members = reach.filter(is_in(audience)).select_related("site", "department", "organisation")
    behind = Member.objects.filter(organisation=audience.organisation_id, uid=after).first() if after else None
    if behind is not None:
        family, given = behind.family_name, behind.given_name
        members = members.filter(
            Q(family_name__gt=family)
            | Q(family_name=family, given_name__gt=given)
            | Q(family_name=family, given_name=given, pk__gt=behind.pk)
        )
    rows = list(members.order_by("family_name", "given_name", "pk")[: PAGE_SIZE + 1])
    return Slice(rows[:PAGE_SIZE], str(rows[PAGE_SIZE - 1].uid) if len(rows) > PAGE_SIZE else "")


def moves_of(
    audience: Audience, reach: MemberQuerySet, *, what: str, after: int | None = None, size: int = PAGE_SIZE
) -> Slice:
    """Who of `reach` entered (`what` is entered) or left, the newest first, from behind the membership of this key."""
    column = "left_at" if what == "left" else "counts_since"
    rows = Membership.objects.filter(audience=audience, member__in=reach.order_by().values("pk")).exclude(
        **{column: None}
    )
    behind = Membership.objects.filter(audience=audience, pk=after).exclude(**{column: None}).first() if after else None
    if behind is not None:
        moment = getattr(behind, column)
        rows = rows.filter(Q(**{f"{column}__lt": moment}) | Q(**{column: moment}, pk__lt=behind.pk))
    found = list(rows.select_related("member").order_by(f"-{column}", "-pk")[: size + 1])
    return Slice(found[:size], str(found[size - 1].pk) if len(found) > size else "")


def sample_of(members: MemberQuerySet, *, size: int = 10) -> list[Member]:
    """A few of them, whoever they are: by their uid, which follows nothing, so the same few each time; in the order of names."""
    return sorted(members.order_by("uid")[:size], key=lambda member: (member.family_name, member.given_name, member.pk))
