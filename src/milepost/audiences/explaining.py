"""“Why is Anna in?” and “why isn't she?”: the rule as it is for one person, each condition in a sentence with a tick or a cross."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from milepost.audiences.models import Audience, Membership
from milepost.audiences.rules import (
    Leaf,
    Path,
    Reading,
    group_in_words,
    holding,
    leaf_in_words,
    leaves,
    read,
    with_leaves,
)
from milepost.core import clock
from milepost.core.words import date_format
from milepost.people.models import Member


@dataclass(frozen=True)
class Explanation:
    """Whether somebody is in an audience, in a sentence, and the rule as it is for them."""

    is_in: bool
    fits: bool
    sentence: str
    reading: Reading


def explain(*, audience: Audience, member: Member) -> Explanation:
    """Why the member is in the audience, or is not, by what is so now. A query for each condition, at most, and three."""
    organisation, today = audience.organisation, clock.today(audience.organisation.time_zone)
    of = Member.objects.filter(pk=member.pk, organisation=organisation).select_related(
        "organisation", "site", "department", "manager"
    )
    person = with_leaves(of, organisation, audience.rule, today).get()
    reading = read(audience.rule, holding(person))
    _put_in_words(reading, audience, person, today)
    row = Membership.objects.open().filter(audience=audience, member=member).first()
    is_here = not person.has_left
    fits = reading.holds and is_here
    return Explanation(
        is_in=row is not None and row.counts_since is not None,
        fits=fits,
        sentence=_sentence(audience, row, fits=fits, is_here=is_here),
        reading=reading,
    )


def _put_in_words(reading: Reading, audience: Audience, person: Member, today: date) -> None:
    by_path: dict[Path, Leaf] = {leaf.path: leaf for leaf in leaves(audience.rule)}

    def put(part: Reading) -> None:
        if part.name:
            leaf = by_path.get(part.path)
            part.sentence = leaf_in_words(audience.organisation, leaf, negated=part.is_negated)
            part.seen = leaf.condition.seen(person, leaf.value, today) if leaf else ""
        else:
            part.sentence = group_in_words(part.group, is_negated=part.is_negated, count=len(part.parts))
        for below in part.parts:
            put(below)

    put(reading)


def _sentence(audience: Audience, row: Membership | None, *, fits: bool, is_here: bool) -> str:
    zone = ZoneInfo(audience.organisation.time_zone)

    def day(moment: datetime) -> str:
        return date_format(moment.astimezone(zone).date())

    if not is_here:
        return _("has left the organisation, and is in no audience")
    if fits != (row is not None) and not (fits and row is None and audience.is_archived):
        return (
            _("fits now; who is in is being looked at")
            if fits
            else _("does not fit any more; who is in is being looked at")
        )
    if row is None:
        return _("is not in it")
    if row.counts_since is not None:
        return _("is in it since %(day)s") % {"day": day(row.counts_since)}
    begins = row.fits_since.astimezone(zone).date() + timedelta(days=audience.minimum_days)
    words = ngettext(
        "fits since %(since)s; it counts after %(days)d day, from %(from)s",
        "fits since %(since)s; it counts after %(days)d days, from %(from)s",
        audience.minimum_days,
    )
    return words % {"since": day(row.fits_since), "days": audience.minimum_days, "from": date_format(begins)}
