"""Audits: inviting somebody to read for a while, the code with which they identify, noting what they open, ending it.

What they read is in `views/auditor`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from milepost.core import clock, links, once
from milepost.core.code_cookie import CodeCookie
from milepost.core.irrevocable import irrevocable
from milepost.core.names import as_seen
from milepost.core.refusals import Refused
from milepost.evidence.facts import AUDIT_CANCELLED, AUDIT_IDENTIFIED, AUDIT_INVITED, AUDITOR_VIEWED
from milepost.evidence.models import Audit, TrainingAction
from milepost.journal.recording import Reference, record
from milepost.journal.vocabulary import FactType
from milepost.notices.immediate import say_now
from milepost.notices.outbox import Outside, notify
from milepost.people.models import Member, Organisation

LONGEST = 366  # days
BROWSERS = CodeCookie("audit", lives=timedelta(hours=12))  # those in which the code of an audit was typed


class InvalidAudit(Refused):
    """The audit can't be as it was asked for; the message says what to mend."""

    status = 422


@dataclass(frozen=True)
class Invitation:
    """Whom to let in, when, and to what. Without actions it is for every action, those to come too."""

    name: str
    email: str
    starts_on: date
    ends_on: date
    body: str = ""
    language: str = ""
    actions: Sequence[TrainingAction] = field(default_factory=tuple)
    key: str = ""  # of the form; see `core.once`


@irrevocable
def invite_auditor(*, organisation: Organisation, invitation: Invitation, by: Member) -> Audit:
    """Let an auditor in; the mail with their link goes out in the background. The same form twice is the same as once.

    Raises `InvalidAudit`. Records `invited`.
    """
    if invitation.ends_on < invitation.starts_on:
        raise InvalidAudit(_("The last day lies before the first."))
    if invitation.ends_on < clock.today(organisation.time_zone):
        raise InvalidAudit(_("The last day is over."))
    if (invitation.ends_on - invitation.starts_on).days >= LONGEST:
        raise InvalidAudit(_("An audit is open for a year at most. Invite again when it takes longer."))
    uid = _uid_of(invitation, organisation)
    with transaction.atomic():
        Organisation.locked(organisation.pk)
        if invited := Audit.objects.filter(uid=uid).first():
            return invited
        audit = Audit.objects.create(
            uid=uid,
            organisation=organisation,
            name=as_seen(invitation.name),
            email=invitation.email.lower(),
            body=invitation.body,
            language=invitation.language or organisation.language,
            starts_on=invitation.starts_on,
            ends_on=invitation.ends_on,
            covers_all=not invitation.actions,
            created_by=by,
        )
        audit.actions.set(invitation.actions)
        scope = [action.reference for action in invitation.actions] or ["*"]
        record(
            AUDIT_INVITED,
            organisation=organisation,
            actor=by.as_reference(),
            object=audit.as_reference(),
            context={"from": audit.starts_on.isoformat(), "until": audit.ends_on.isoformat(), "scope": scope},
        )
        notify("audit", to=_auditor(audit), about=audit.as_reference(), key=str(audit.uid))
    return audit


def _uid_of(invitation: Invitation, organisation: Organisation) -> UUID:
    said = [getattr(invitation, name) for name in ("name", "email", "starts_on", "ends_on", "body", "language")]
    return once.uid_of(invitation.key, organisation.uid, *said, *sorted(action.pk for action in invitation.actions))


def end_audit(*, audit: Audit, by: Member) -> None:
    """Close the room before its time. Records `cancelled`."""
    with transaction.atomic():
        if Audit.objects.filter(pk=audit.pk, ended_at=None).update(ended_at=clock.now()):
            record(
                AUDIT_CANCELLED,
                organisation=audit.organisation,
                actor=by.as_reference(),
                object=audit.as_reference(),
                result={"reason": _("Ended before its time")},
            )


def link_of(audit: Audit) -> str:
    """The personal link of the auditor."""
    return settings.BASE_URL + reverse("audit_room", args=[links.token("audit", audit.uid)])


def audit_of(token: str) -> Audit | None:
    """Whose link it is; None for one that is not ours."""
    uid = links.uid_in(token, "audit")
    return Audit.objects.select_related("organisation").filter(uid=uid).first() if uid else None


def send_code(*, audit: Audit) -> None:
    """Send a new code to the auditor; one that was sent before counts no more. Raises `TooSoon`, and as `say_now`."""
    secret = {"code": audit.new_code(), "title": audit.organisation.name}
    say_now("code", to=_auditor(audit), about=audit.as_reference(), secret=secret)


def _auditor(audit: Audit) -> Outside:
    return Outside(audit.organisation, audit.email, audit.name, audit.language)


def identify(*, audit: Audit, code: str) -> str:
    """Take the one-time code; return what to tell if it is not the one. Records `identified`."""
    with transaction.atomic():
        locked = Audit.objects.select_for_update(of=("self",), no_key=True).get(pk=audit.pk)
        problem = locked.take_code(code)
        if not problem:
            record(
                AUDIT_IDENTIFIED,
                organisation=audit.organisation,
                actor=audit.as_reference(),
                object=audit.as_reference(),
                context={"channel": "e-mail"},
            )
    return problem


def note(
    audit: Audit, action: TrainingAction, what: Reference, *, fact_type: FactType = AUDITOR_VIEWED, **more: str
) -> None:
    """Put into the journal what of the action the auditor opened, or took with them."""
    context = {"audit": str(audit.uid), "action": str(action.uid), **more}
    with transaction.atomic():
        record(fact_type, organisation=audit.organisation, actor=audit.as_reference(), object=what, context=context)
