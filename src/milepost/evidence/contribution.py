"""What evidence itself holds of actions and people: the action, files that were made elsewhere, dossiers."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from milepost.core import clock
from milepost.core.words import date_format
from milepost.design.templatetags.design import megabytes
from milepost.documents.kinds import KINDS
from milepost.evidence.actions import write_document
from milepost.evidence.checks import CHECKS, action_of
from milepost.evidence.contributions import actions_of
from milepost.evidence.facts import PIECE_CREATED
from milepost.evidence.models import Audit, Dossier, Piece, TrainingAction
from milepost.evidence.profiles import profile_of
from milepost.evidence.retention import KEPT, kept_until
from milepost.evidence.words import planned_of
from milepost.people.contributions import (
    Actor,
    Contribution,
    File,
    FileKind,
    Finding,
    Hold,
    Listed,
    Mended,
    Need,
    Outside,
    Remedy,
    Scope,
    State,
    for_each,
    safe_name,
)
from milepost.people.models import Member, Organisation


class PieceFiles(FileKind[Piece]):
    """Files that were made elsewhere; one person's are those about them."""

    name, model = "piece", Piece

    def of_action(self, scope: Scope) -> "QuerySet[Piece]":
        return scope.narrow(Piece.objects.filter(action__uid=scope.uid)).order_by("key", "pk")

    def of_person(self, member: Member) -> "QuerySet[Piece]":
        return Piece.objects.filter(member=member).order_by("pk")

    def file(self, row: Piece) -> File:
        return File(row.digest, f"files/{row.key}-{row.uid}-{safe_name(row.name)}")

    def note(self, row: Piece) -> str:
        return row.key

    def download_name(self, row: Piece) -> str:
        return row.name


class DossierFiles(FileKind[Dossier]):
    """Dossiers that are whole."""

    name, model, listed, in_dossier, is_export = "dossier", Dossier, Listed.ACTION, False, True

    def of_action(self, scope: Scope) -> "QuerySet[Dossier]":
        rows = Dossier.objects.filter(action__uid=scope.uid).exclude(digest="").select_related("action", "member")
        return scope.narrow(rows).order_by("-asked_at", "-pk")

    def of_person(self, member: Member) -> "QuerySet[Dossier]":
        return Dossier.objects.filter(member=member).exclude(digest="").select_related("action").order_by("pk")

    def file(self, row: Dossier) -> File:
        return File(row.digest)

    def title(self, row: Dossier) -> str:
        return _("Dossier: %(name)s") % {"name": row.member.full_name} if row.member else _("Dossier")

    def note(self, row: Dossier) -> str:
        return f"{date_format(row.asked_at, 'DATE_FORMAT')} · {megabytes(row.size)}"

    def download_name(self, row: Dossier) -> str:
        return f"{row.action.reference}.zip"


def _named(pieces: "QuerySet[Piece]") -> list[str]:
    """What the facts call them: by their uids, earlier ones by their fingerprints."""
    return [name for uid, digest in pieces.values_list("uid", "digest") for name in (str(uid), digest)]


def _file(scope: Scope, need: Need) -> Iterator[Finding]:
    """A file that somebody adds by hand."""
    pieces = scope.once("evidence: pieces", lambda: list(Piece.objects.filter(action__uid=scope.uid)))
    if need.per == "person":
        there = {row.member_id for row in pieces if row.key == need.key and row.member_id}
        yield for_each(scope, need, there, Actor.LEAD, remedy="file", target=need.key)
        return
    piece = next((row for row in pieces if row.key == need.key), None)
    state = State.READY if piece else State.LATE if scope.is_over else State.MISSING
    yield Finding(
        need.key,
        need.name,
        state,
        piece.name if piece else _("No file was added yet."),
        Actor.NOBODY if piece else Actor.LEAD,
        remedy="file",
        target=need.key,
        article=need.article,
        ready=int(bool(piece)),
    )


def _help(scope: Scope, need: Need) -> Iterator[Finding]:
    """Who helps those who learn at a distance, by what means, and how fast; nothing is asked where all is live."""
    action = action_of(scope)
    if not planned_of(action).at_a_distance:
        return
    labels = {"help_by": _("who helps"), "help_means": _("by what means"), "help_within": _("within what time")}
    said = {name: getattr(action, name) for name in labels}
    missing = [str(label) for name, label in labels.items() if not said[name]]
    link = reverse("action_details", args=[scope.organisation.slug, scope.uid])
    base: dict[str, Any] = {"key": need.key, "label": need.name, "article": need.article, "link": link}
    if missing:
        words = _("Missing: %(names)s. Type it on the page that “See” opens.") % {"names": ", ".join(missing)}
        yield Finding(**base, state=State.MISSING, words=words, actor=Actor.LEAD)
    else:
        yield Finding(**base, state=State.READY, words=" · ".join(said.values()), ready=1)


def _write(scope: Scope, kind: str, by: Member) -> Mended | None:
    """Write a document of this kind from what is known of the action."""
    if kind not in KINDS:
        return None
    action = TrainingAction.objects.select_related("organisation", "course").get(uid=scope.uid)
    document = write_document(action=action, kind=kind, by=by, member=scope.member)
    words = _("Written from what is known of the action. Read it, and say who signs.")
    return Mended(words, reverse("document", args=[scope.organisation.slug, document.uid]))


class EvidenceContribution(Contribution):
    """The action itself."""

    files = (PieceFiles(), DossierFiles())
    sources: ClassVar = {"file": _file, "help": _help}
    checks: ClassVar = CHECKS
    remedies: ClassVar = {"write": Remedy(gettext_lazy("Write it"), "pen", _write)}
    records: ClassVar = {
        "evidence.TrainingAction_members": gettext_lazy("Training actions"),
        "evidence.Piece": gettext_lazy("Files"),
        "evidence.Dossier": gettext_lazy("Dossiers"),
    }

    def things(self, scope: Scope) -> Iterator[str]:
        yield str(scope.uid)

    def facts(self, scope: Scope) -> Iterator[Q]:
        """To one person belongs that a file about them was added."""
        if scope.member:
            yield Q(about=str(scope.uid), fact=PIECE_CREATED.name, object_id__in=_named(PieceFiles().of_action(scope)))

    def things_of(self, member: Member) -> Iterator[str]:
        """A file about the person goes with them, so the fact that it was added does, too: a dossier owes what it tells of."""
        return iter(_named(Piece.objects.filter(member=member)))

    def let_go(self, scope: Scope) -> None:
        Piece.objects.filter(action__uid=scope.uid).delete()
        Dossier.objects.filter(action__uid=scope.uid).delete()

    def holds(self, member: Member) -> Iterator[Hold]:
        for action in actions_of(member).order_by("ends_on", "pk"):
            until = kept_until(action)
            if until < clock.today(member.organisation.time_zone):
                words = _("%(reference)s “%(title)s”: its time is over since %(day)s. Let it go first.")
            else:
                words = str(KEPT)
            names = {"reference": action.reference, "title": action.title, "profile": profile_of(action).label}
            yield Hold(words % (names | {"day": date_format(until, "DATE_FORMAT")}), until)

    def of_outsider(self, organisation: Organisation, email: str) -> Iterator[Outside]:
        for audit in Audit.objects.filter(organisation=organisation, email__iexact=email):
            known = {
                "name": audit.name,
                "email": audit.email,
                "body": audit.body,
                "from": audit.starts_on,
                "until": audit.ends_on,
            }
            reason = (
                ""
                if audit.is_over
                else _("The audit goes on until %(day)s. End it first.")
                % {"day": date_format(audit.ends_on, "DATE_FORMAT")}
            )
            yield Outside(_("Audit"), str(audit.uid), known, reason=reason)

    def erase_outsider(self, organisation: Organisation, email: str) -> None:
        theirs = Audit.objects.filter(organisation=organisation, email__iexact=email)
        theirs.update(name="–", email="erased@example.invalid", body="", code="")

    def erase(self, member: Member) -> None:
        Dossier.objects.filter(member=member).delete()
        Piece.objects.filter(member=member).delete()
