"""Erasing a person where no law wants their records kept, without breaking any proof (GDPR, article 17)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.mail import EmailMessage
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from milepost.classroom.models import Participant, Trainer
from milepost.core import clock, mails
from milepost.core.refusals import Refused
from milepost.credentials.models import Certificate
from milepost.documents.models import Document, Signatory, SignatureRequest
from milepost.evidence.export import files_about
from milepost.evidence.forgetting import files_of, forget_files, named_in
from milepost.evidence.models import Dossier, TrainingAction
from milepost.evidence.profiles import profiles
from milepost.evidence.retention import kept_until
from milepost.journal.erasing import erase, nameless
from milepost.journal.models import Entry
from milepost.journal.verbs import Verb
from milepost.learning.models import Enrolment
from milepost.people.models import Member

# Facts of an office: what somebody did for the organisation, which stays a fact about the organisation.
OFFICE = (
    Verb.CREATED, Verb.UPDATED, Verb.DEACTIVATED, Verb.REACTIVATED, Verb.INVITED, Verb.GRANTED, Verb.REVOKED, Verb.IMPORTED,
    Verb.PUBLISHED, Verb.EXPORTED, Verb.SCHEDULED, Verb.CANCELLED, Verb.CLOSED, Verb.REQUESTED, Verb.ERASED,
)  # fmt: skip


class ErasureRefused(Refused):
    """A law still wants the records kept; `holds` says which, and until when."""

    def __init__(self, holds: "list[Hold]") -> None:
        super().__init__("; ".join(hold.reason for hold in holds))
        self.holds = holds


@dataclass(frozen=True)
class Hold:
    """Why somebody's records can't be erased yet, and, where a calendar says it, until when."""

    reason: str
    until: date | None = None


def holds_on(member: Member) -> list[Hold]:
    """Why the person's records have to stay, in words for them to read; empty when they can be erased."""
    return [*_held_by_roles(member), *_held_by_actions(member), *_held_by_documents(member), *_held_by_sheets(member)]


def _held_by_roles(member: Member) -> Iterator[Hold]:
    for role in sorted(member.roles, key=str):
        yield Hold(_("They hold the role “%(role)s”. Take it from them first.") % {"role": role.label})


def _actions_of(member: Member) -> "models.QuerySet[TrainingAction]":
    signed = Signatory.objects.filter(member=member, request__document__about__startswith="action:")
    abouts = {about.split(":")[1] for about in signed.values_list("request__document__about", flat=True)}
    sessions = Q(sessions__participants__member=member) | Q(sessions__trainers__member=member)
    rows = TrainingAction.objects.filter(organisation=member.organisation_id, let_go_at=None)
    return rows.filter(Q(members=member) | sessions | Q(uid__in=abouts)).select_related("organisation").distinct()


def _held_by_actions(member: Member) -> Iterator[Hold]:
    for action in _actions_of(member).order_by("ends_on", "pk"):
        until = kept_until(action)
        words = {
            "reference": action.reference, "title": action.title, "profile": profiles()[action.profile].label,
            "day": date_format(until, "DATE_FORMAT"),
        }  # fmt: skip
        if until < clock.today(member.organisation.time_zone):
            yield Hold(_("%(reference)s “%(title)s”: its time is over since %(day)s. Let it go first.") % words, until)
        else:
            yield Hold(_("%(reference)s “%(title)s” is kept until %(day)s (%(profile)s).") % words, until)


def _held_by_documents(member: Member) -> Iterator[Hold]:
    others = Signatory.objects.filter(request=OuterRef("request"), state=Signatory.State.SIGNED).exclude(member=member)
    signed = Signatory.objects.filter(member=member, state=Signatory.State.SIGNED, request__document__about="")
    for row in signed.filter(Exists(others)).select_related("request__document"):
        words = _("“%(title)s” was signed together with others, who may need it.")
        yield Hold(words % {"title": row.request.document.title})


def _held_by_sheets(member: Member) -> Iterator[Hold]:
    """A closed sheet of a session that belongs to no action is kept as a company's own evidence is."""
    years = profiles()["internal"].kept_years
    since = clock.now() - timedelta(days=365.25 * years)
    seats = Participant.objects.filter(member=member, session__actions=None, session__slots__closed_at__gte=since)
    for seat in seats.select_related("session").distinct():
        words = _("The attendance sheet of “%(title)s” is kept for %(count)d years.")
        yield Hold(words % {"title": seat.session.title, "count": years})


def erase_person(*, member: Member, by: Member) -> int:
    """Erase everything of the person, their account too, for good; return how many facts lost their words.

    Numbers lose them as well: what was theirs is gone, and no proof of anybody else is touched. What they did in an
    office (published a course, say) stays a fact of the organisation. Raises `ErasureRefused`. Records `erased`.
    """
    with transaction.atomic():
        locked = Member.objects.select_for_update(of=("self",)).select_related("organisation", "user").get(pk=member.pk)
        if holds := holds_on(locked):
            raise ErasureRefused(holds)
        organisation, facts = locked.organisation, _facts_of(locked)
        dossiers = Dossier.objects.filter(member=locked).values_list("digest", flat=True)
        files = (digest for _name, digest in files_about(locked))
        digests = {*files, *dossiers, *files_of(_own_documents(locked)), *named_in(facts)}
        count = erase(facts, organisation_id=organisation.pk, by=by.as_reference(),
                      about=nameless(locked.as_reference()), reason=_("Asked for by the person"))  # fmt: skip
        _delete(locked)
        forget_files(organisation, digests)
    return count


def notice_of_erasure(*, member: Member, by: Member) -> EmailMessage | None:
    """The mail that tells the person what was done (GDPR, article 12(3)); None for somebody without an address.

    Written before the erasure, which leaves nobody to write to, and sent by the caller once that has happened.
    """
    if not member.email:
        return None
    organisation = member.organisation
    context = {
        "name": member.full_name, "organisation": organisation.name, "day": clock.today(organisation.time_zone),
        "contact": by.email or organisation.name,
    }  # fmt: skip
    return mails.compose("evidence/mail/erased", context, to=member.email, language=member.speaks)


def _own_documents(member: Member) -> "models.QuerySet[Document]":
    """Documents that nobody else was asked to sign."""
    others = Signatory.objects.filter(request=OuterRef("request")).exclude(member=member)
    return Document.objects.filter(request__signatories__member=member).exclude(Exists(others)).distinct()


def _facts_of(member: Member) -> set[int]:
    uid = str(member.uid)
    entries = Entry.objects.filter(organisation_id=member.organisation_id).exclude(statement="").order_by()
    things = [str(one) for one in Certificate.objects.filter(enrolment__member=member).values_list("uid", flat=True)]
    things += [str(one) for one in _own_documents(member).values_list("uid", flat=True)]
    parts = (
        entries.filter(object_id=uid),
        entries.filter(actor_id=uid).exclude(verb__in=OFFICE),
        entries.filter(object_id__in=things),
    )
    return {number for part in parts for number in part.values_list("id", flat=True)}


def _delete(member: Member) -> None:
    documents = list(_own_documents(member).values_list("pk", flat=True))
    SignatureRequest.objects.filter(document__in=documents).delete()
    Document.objects.filter(pk__in=documents).delete()
    nobody = {"member": None, "name": "–"}
    Signatory.objects.filter(member=member).update(
        **nobody, email="erased@invalid.invalid", address="", agent="", reason="–"
    )
    Trainer.objects.filter(member=member).update(**nobody, email="")
    certificates = Certificate.objects.filter(enrolment__member=member)
    certificates.update(replaces=None)
    certificates.delete()
    Enrolment.objects.filter(member=member).delete()
    Participant.objects.filter(member=member).delete()
    user = member.user
    member.delete()
    if user and not user.memberships.exists():
        user.delete()
