"""The verbs on an audience: making it, changing it, putting it away, bringing it back.

Each holds the organisation's row, so that of two who change audiences at the same moment the second one sees what the first one did:
no two have one name, and none stands on itself.
"""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.audiences.facts import AUDIENCE_ARCHIVED, AUDIENCE_CREATED, AUDIENCE_RESTORED, AUDIENCE_UPDATED
from milepost.audiences.models import NAME_LENGTH, Audience
from milepost.audiences.ordering import refuse_circle
from milepost.audiences.rules import Rule, audiences_in, checked, leaves
from milepost.core import clock, once
from milepost.core.canonical import canonical_json, fingerprint
from milepost.core.jobs import named
from milepost.core.names import as_seen
from milepost.core.refusals import Refused
from milepost.journal.recording import SYSTEM, Reference, record
from milepost.people.models import Member, Organisation

MOST_AUDIENCES = 500  # of an organisation that nobody archived
MOST_DAYS = 3_650  # that somebody must fit before it counts


class AudienceRefused(Refused):
    """It can't be saved like this; the message says why."""

    status = 400


class StoodOn(Refused):
    """Another audience is made of it."""

    sentence = gettext_lazy("Another audience is made of this one.")


class NameTaken(Refused):
    """Another audience has the name."""

    sentence = gettext_lazy("There is an audience of this name already.")


def make_audience(
    *, organisation: Organisation, name: str, rule: object, minimum_days: int = 0, by: Member | None, key: str = ""
) -> Audience:
    """Make an audience; who is in it is known within seconds. Sent twice with the same `key`, it is made once.

    Raises `AudienceRefused`, `NameTaken`, `rules.RuleRefused`, `StandsOnItself`. Records `created`.
    """
    name, minimum_days = _checked(name, minimum_days)
    with transaction.atomic():
        organisation = Organisation.locked(organisation.pk)
        kept = checked(organisation, rule)
        uid = once.uid_of(key, organisation.uid, "audience", name, canonical_json(kept), minimum_days)
        if made := Audience.objects.filter(uid=uid).first():
            return made
        _refuse_taken(organisation, name)
        if Audience.objects.current().filter(organisation=organisation).count() >= MOST_AUDIENCES:
            raise AudienceRefused(_("There are %(most)d audiences already. Archive one.") % {"most": MOST_AUDIENCES})
        audience = Audience.objects.create(
            uid=uid, organisation=organisation, name=name, rule=kept, minimum_days=minimum_days, made_by=by
        )
        _keep_places(audience)
        _tell(AUDIENCE_CREATED, audience, by, _rule_of(audience))
        _gather(audience)
    return audience


def change_audience(
    *, audience: Audience, name: str, rule: object, minimum_days: int = 0, by: Member | None
) -> Audience:
    """Give it another name, rule or time; nothing happens where all is as it was.

    Raises as `make_audience` does. Records `updated`.
    """
    name, minimum_days = _checked(name, minimum_days)
    with transaction.atomic():
        organisation = Organisation.locked(audience.organisation_id)
        audience = Audience.objects.select_for_update(no_key=True).get(pk=audience.pk)
        kept = checked(organisation, rule)
        refuse_circle(str(audience.uid), kept, _rules(organisation))
        if name != audience.name:
            _refuse_taken(organisation, name)
        if (name, kept, minimum_days) == (audience.name, audience.rule, audience.minimum_days):
            return audience
        is_other = (kept, minimum_days) != (audience.rule, audience.minimum_days)
        audience.name, audience.rule, audience.minimum_days = name, kept, minimum_days
        if is_other:
            audience.stale_at, audience.has_new_rule = clock.now(), True
        audience.save()
        _keep_places(audience)
        _tell(AUDIENCE_UPDATED, audience, by, _rule_of(audience))
        if is_other:
            _gather(audience)
    return audience


def archive_audience(*, audience: Audience, by: Member | None) -> None:
    """Put it away: nobody is chosen by it any more. Who was in it stays as it is. Raises `StoodOn`. Records `archived`."""
    with transaction.atomic():
        organisation = Organisation.locked(audience.organisation_id)
        audience = Audience.objects.select_for_update(no_key=True).get(pk=audience.pk)
        if audience.is_archived:
            return
        above = Audience.objects.current().filter(organisation=organisation)
        if standing := [one.name for one in above if str(audience.uid) in audiences_in(one.rule)]:
            words = _("“%(name)s” is made of this audience. Change that one first.")
            raise StoodOn(words % {"name": standing[0]})
        audience.archived_at = clock.now()
        audience.save(update_fields=["archived_at"])
        _tell(AUDIENCE_ARCHIVED, audience, by)


def restore_audience(*, audience: Audience, by: Member | None) -> None:
    """Bring it back; who entered and left meanwhile is told within seconds.

    Raises `NameTaken`, and `RuleRefused` where its rule names what is not there any more. Records `restored`.
    """
    with transaction.atomic():
        organisation = Organisation.locked(audience.organisation_id)
        audience = Audience.objects.select_for_update(no_key=True).get(pk=audience.pk)
        if not audience.is_archived:
            return
        _refuse_taken(organisation, audience.name)
        checked(organisation, audience.rule)
        refuse_circle(str(audience.uid), audience.rule, _rules(organisation))
        audience.archived_at, audience.stale_at = None, clock.now()
        audience.save(update_fields=["archived_at", "stale_at"])
        _tell(AUDIENCE_RESTORED, audience, by)
        _gather(audience)


def _checked(name: str, minimum_days: int) -> tuple[str, int]:
    name = as_seen(name)
    if not name:
        raise AudienceRefused(_("Give it a name."), field="name")
    if len(name) > NAME_LENGTH:
        raise AudienceRefused(_("Longer than %(count)d characters.") % {"count": NAME_LENGTH}, field="name")
    if type(minimum_days) is not int or not 0 <= minimum_days <= MOST_DAYS:
        words = _("Write a number of days from 0 to %(most)d.") % {"most": MOST_DAYS}
        raise AudienceRefused(words, field="minimum_days")
    return name, minimum_days


def _refuse_taken(organisation: Organisation, name: str) -> None:
    names = Audience.objects.current().filter(organisation=organisation).values_list("name", flat=True)
    if name.casefold() in {known.casefold() for known in names}:
        raise NameTaken(field="name")


def _rules(organisation: Organisation) -> dict[str, Rule]:
    rows = Audience.objects.current().filter(organisation=organisation).values_list("uid", "rule")
    return {str(uid): rule for uid, rule in rows}


def _keep_places(audience: Audience) -> None:
    """Refer to the sites and departments that the rule names, so that nobody removes them."""
    named: dict[str, set[int]] = {"site": set(), "department": set()}
    for leaf in leaves(audience.rule):
        if leaf.condition.name in named:
            named[leaf.condition.name] |= set(leaf.value)
    audience.sites.set(named["site"])
    audience.departments.set(named["department"])


def _gather(audience: Audience) -> None:
    named("audiences.keep_current").enqueue(audience.organisation_id)


def _rule_of(audience: Audience) -> dict[str, Any]:
    return {
        "rule_sha256": fingerprint(canonical_json(audience.rule)),
        "conditions": sorted({leaf.condition.name for leaf in leaves(audience.rule)}),
        "minimum_days": audience.minimum_days,
    }


def _tell(fact_type: Any, audience: Audience, by: Member | None, result: dict[str, Any] | None = None) -> None:
    actor: Reference = by.as_reference() if by else SYSTEM
    record(fact_type, organisation=audience.organisation, actor=actor, object=audience.as_reference(), result=result)
