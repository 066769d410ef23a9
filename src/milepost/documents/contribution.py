"""What documents hold of training actions and people: agreements, convocations, what was signed."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import batched
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from milepost.core.queries import uuid_of
from milepost.core.words import date_format
from milepost.documents.composing import ensure_files
from milepost.documents.kinds import AGREED, AGREEMENT, VALUES
from milepost.documents.models import ERASED_ADDRESS, Document, Signatory, SignatureRequest
from milepost.documents.reminding import remind_now
from milepost.journal.recording import Reference
from milepost.people.contributions import (
    Actor,
    Contribution,
    File,
    FileKind,
    Finding,
    Hold,
    Involvement,
    Mended,
    Need,
    Outside,
    Paper,
    Remedy,
    Scope,
    State,
    ending_of,
    for_each,
)
from milepost.people.models import Member, Organisation


def documents_of(scope: Scope) -> "QuerySet[Document]":
    """What was written or uploaded for the action or somebody in it; one person's are about them, or they sign them."""
    documents = Document.objects.filter(organisation=scope.organisation).order_by("pk")
    if scope.member:
        signed = Q(about=scope.about, request__signatories__member=scope.member)
        return documents.filter(signed | Q(about=f"{scope.about}:{scope.member.uid}")).distinct()
    return documents.filter(Q(about=scope.about) | Q(about__startswith=f"{scope.about}:"))


def own_documents(member: Member) -> "QuerySet[Document]":
    """Documents that nobody but the person was asked to sign."""
    others = Signatory.objects.filter(request=OuterRef("request")).exclude(member=member)
    return Document.objects.filter(request__signatories__member=member).exclude(Exists(others)).distinct()


class DocumentFiles(FileKind[Document]):
    """The document as it stands, with its annexes; beside it what it was made from, which is no evidence."""

    name, heading, model = "document", gettext_lazy("Documents"), Document

    def of_action(self, scope: Scope) -> "QuerySet[Document]":
        return documents_of(scope).exclude(pdf="")

    def of_person(self, member: Member) -> "QuerySet[Document]":
        signed = Signatory.objects.filter(member=member, state=Signatory.State.SIGNED).values("request__document")
        theirs = Q(pk__in=signed) | Q(pk__in=own_documents(member).values("pk"))
        return Document.objects.filter(theirs).exclude(pdf="").order_by("pk")

    def file(self, row: Document) -> File:
        return File(row.pdf, f"documents/{self._stem(row)}.pdf", thing=str(row.uid))

    def beside(self, row: Document) -> Iterator[File]:
        for number, annex in enumerate(row.annexes, start=1):
            path = f"documents/{self._stem(row)}-annex-{number}{ending_of(annex['name'])}"
            yield File(annex["digest"], path)
        if row.source:
            yield File(row.source)

    def title(self, row: Document) -> str:
        return row.title

    def note(self, row: Document) -> str:
        return str(row.content.get("heading") or "PDF")

    def download_name(self, row: Document) -> str:
        return f"{self._stem(row)}.pdf"

    def reference(self, row: Document, scope: Scope) -> Reference:
        return row.as_reference()

    @staticmethod
    def _stem(row: Document) -> str:
        return f"{row.kind or 'document'}-{row.uid}"


# --- Readiness --------------------------------------------------------------------------------------------


def _about_action(scope: Scope) -> list[Document]:
    """The documents of the action itself, in the order in which they were written."""
    rows = Document.objects.filter(organisation=scope.organisation, about=scope.about)
    return scope.once("documents: of the action", lambda: list(rows.select_related("request").order_by("pk")))


def _is_complete(row: Document) -> bool:
    return hasattr(row, "request") and row.request.status == SignatureRequest.Status.COMPLETED


def people_with_document(scope: Scope, kinds: Iterable[str], *, signed: bool) -> set[int]:
    """The keys of those for whom a document of these kinds was written, and signed if it is to be."""
    start = f"{scope.about}:"
    rows = documents_of(scope).filter(about__startswith=start, kind__in=kinds).select_related("request")
    abouts = {row.about for row in rows if not signed or _is_complete(row)}
    return {person.pk for person in scope.people if f"{start}{person.uid}" in abouts}


def certified_by_document(scope: Scope, kind: str, *, asked: bool = False) -> dict[int, int]:
    """How many documents of this kind stand for each person, by their key: neither declined, withdrawn nor expired.

    With `asked` only those that somebody was asked to sign.
    """
    start = f"{scope.about}:"
    over = [SignatureRequest.Status.DECLINED, SignatureRequest.Status.WITHDRAWN, SignatureRequest.Status.EXPIRED]
    rows = documents_of(scope).filter(about__startswith=start, kind=kind).exclude(request__status__in=over)
    rows = rows.filter(Q(is_the_one=True) | Q(request__isnull=False))  # one that was written anew took its place
    counts = Counter((rows.filter(request__isnull=False) if asked else rows).values_list("about", flat=True))
    return {person.pk: counts[about] for person in scope.people if (about := f"{start}{person.uid}") in counts}


def _document(scope: Scope, need: Need) -> Iterator[Finding]:
    """A document of the kind, signed by all if it is to be."""
    if need.per == "person":
        there = people_with_document(scope, [need.kind], signed=bool(need.signed))
        yield for_each(scope, need, there, Actor.LEAD, remedy="write", target=need.kind)
        return
    base: dict[str, Any] = {"key": need.key, "label": need.name, "article": need.article}
    documents = [row for row in _about_action(scope) if row.kind == need.kind]
    whole = next((row for row in documents if not need.signed or _is_complete(row)), None)
    if whole:
        yield _whole(scope, need, whole, base)
    elif documents:
        yield _unsigned(scope, documents, base)
    else:
        state = State.LATE if need.signed == "before-start" and scope.has_begun else State.MISSING
        words = _("Not written yet.")
        yield Finding(**base, state=state, words=words, actor=Actor.LEAD, remedy="write", target=need.kind)


def _whole(scope: Scope, need: Need, document: Document, base: dict[str, Any]) -> Finding:
    link = _page_of(scope, document)
    signed = document.request.ended_at if need.signed else None
    if need.signed == "before-start" and signed and signed.date() >= scope.starts_on:
        days = {"day": date_format(signed, "DATE_FORMAT"), "start": date_format(scope.starts_on, "DATE_FORMAT")}
        words = _("Signed by all on %(day)s; the action began on %(start)s.") % days
        return Finding(**base, state=State.LATE, words=words, actor=Actor.LEAD, link=link)
    return Finding(**base, state=State.READY, words=_("There."), link=link, ready=1)


def _unsigned(scope: Scope, documents: list[Document], base: dict[str, Any]) -> Finding:
    waiting = next((row for row in documents if hasattr(row, "request") and row.request.is_open), None)
    if waiting is None:
        words, link = _("Written, but nobody was asked to sign."), _page_of(scope, documents[-1])
        return Finding(**base, state=State.UNSIGNED, words=words, actor=Actor.LEAD, link=link)
    names = ", ".join(who.name for who in waiting.request.signatories.filter(state="waiting"))
    words, target = _("%(names)s have still to sign.") % {"names": names}, str(waiting.uid)
    return Finding(**base, state=State.UNSIGNED, words=words, actor=Actor.SIGNATORY, remedy="remind", target=target)


def _page_of(scope: Scope, document: Document) -> str:
    return reverse("document", args=[scope.organisation.slug, document.uid])


def _agreement(scope: Scope) -> Iterator[Finding]:
    """What stands in the newest agreement: whatever it must name and does not was not known when it was written."""
    written = [row for row in _about_action(scope) if row.kind == AGREEMENT.name]
    label = _("The agreement names all that it must")
    if not written:
        return
    newest = next((row for row in reversed(written) if _is_complete(row)), written[-1])
    values = newest.content.get("values", {})
    if missing := [str(VALUES[name]) for name in AGREED if not values.get(name)]:
        words = _("It was written without: %(names)s. Complete what is missing, then write it anew and have it signed.")
        told = words % {"names": ", ".join(missing)}
        yield Finding(
            "agreement-words", label, State.INCONSISTENT, told, Actor.LEAD, remedy="write", target="agreement"
        )
    else:
        link = _page_of(scope, newest)
        yield Finding("agreement-words", label, State.READY, _("It does."), link=link, ready=1)


def _share(scope: Scope) -> Iterator[Finding]:
    """The newest agreement says how much of the training is at a distance (D6353-1 as of 1 July 2025)."""
    written = [row for row in _about_action(scope) if row.kind == AGREEMENT.name]
    if not written:
        return
    label = _("The agreement says how much is at a distance")
    if written[-1].content.get("values", {}).get("distance"):
        link = _page_of(scope, written[-1])
        yield Finding("distance-share", label, State.READY, _("It does."), link=link, ready=1)
    else:
        words = _("It does not. Write it anew once course and sessions are planned.")
        yield Finding(
            "distance-share", label, State.INCONSISTENT, words, Actor.LEAD, remedy="write", target=AGREEMENT.name
        )


def _remind(scope: Scope, target: str, by: Member) -> Mended | None:
    """Remind those who have not signed the document of the action that has this uid."""
    requests = SignatureRequest.objects.filter(organisation=scope.organisation, document__about=scope.about)
    uid = uuid_of({"target": target}, "target")
    request = requests.filter(document__uid=uid).first() if uid else None
    if request is None:
        return None
    count = remind_now(request)
    words = ngettext("%(count)d person was reminded.", "%(count)d people were reminded.", count)
    return Mended(words % {"count": count})


# --- The contribution -------------------------------------------------------------------------------------


NOBODY = {
    "name": "–",
    "email": ERASED_ADDRESS,
    "address": "",
    "agent": "",
    "reason": "–",
    "proposed_name": "",
    "proposed_email": "",
}


def _copied_to(organisation: Organisation, email: str) -> Iterator[SignatureRequest]:
    """Requests of which a copy goes to this address."""
    asked = SignatureRequest.objects.filter(document__organisation=organisation).exclude(copies=[])
    for row in asked.select_related("document").order_by("pk"):
        if email.casefold() in (address.casefold() for address in row.copies):
            yield row


def _signatories(organisation: Organisation, email: str) -> "QuerySet[Signatory]":
    theirs = Q(email__iexact=email) | Q(proposed_email__iexact=email)
    return Signatory.objects.filter(theirs, request__document__organisation=organisation, member=None)


class DocumentsContribution(Contribution):
    """Documents of actions and their signatories."""

    files = (DocumentFiles(),)
    sources: ClassVar = {"document": _document}
    checks: ClassVar = {"agreement": _agreement, "distance-share": _share}
    remedies: ClassVar = {"remind": Remedy(gettext_lazy("Remind"), "envelope", _remind)}
    records: ClassVar = {"documents.Signatory": gettext_lazy("Requests to sign")}

    def things(self, scope: Scope) -> Iterator[str]:
        return self._uids(scope)

    def actions_about(self, organisation: Organisation, uids: Collection[str]) -> Iterator[str]:
        documents = Document.objects.filter(organisation=organisation, uid__in=uids, about__startswith="action:")
        return (about.split(":")[1] for about in documents.values_list("about", flat=True))

    def facts(self, scope: Scope) -> Iterator[Q]:
        if scope.member:
            yield Q(about__in=list(self._uids(scope)))

    @staticmethod
    def _uids(scope: Scope) -> Iterator[str]:
        return (str(uid) for uid in documents_of(scope).values_list("uid", flat=True))

    def counts(self, scope: Scope) -> Iterator[tuple[str, int]]:
        yield _("Documents"), documents_of(scope).count()

    def titles(self, scope: Scope) -> Iterator[Paper]:
        for row in _about_action(scope):
            yield Paper(row.title, _("a document says"), _page_of(scope, row))

    def prepare(self, scope: Scope) -> None:
        waiting = documents_of(scope).filter(pdf="").select_related("organisation", "request")
        asked = (row for row in waiting if hasattr(row, "request") or not row.content.get("capacities"))
        for part in batched(asked, 25, strict=False):
            ensure_files(part)

    def let_go(self, scope: Scope) -> None:
        self._delete(list(documents_of(scope).values_list("pk", flat=True)))

    @staticmethod
    def _delete(documents: list[int]) -> None:
        Signatory.objects.filter(request__document__in=documents).update(delegated_by=None)
        SignatureRequest.objects.filter(document__in=documents).delete()
        Document.objects.filter(pk__in=documents).delete()

    def things_of(self, member: Member) -> Iterator[str]:
        return (str(uid) for uid in own_documents(member).values_list("uid", flat=True))

    def involvement(self, member: Member) -> Involvement:
        signed = Signatory.objects.filter(member=member, request__document__about__startswith="action:")
        abouts = signed.values_list("request__document__about", flat=True)
        return Involvement(action_uids=frozenset(about.split(":")[1] for about in abouts))

    def holds(self, member: Member) -> Iterator[Hold]:
        signed = Signatory.objects.filter(state=Signatory.State.SIGNED)
        others = signed.filter(request=OuterRef("request")).exclude(member=member)
        theirs = signed.filter(member=member, request__document__about="")
        for row in theirs.filter(Exists(others)).select_related("request__document"):
            words = _("“%(title)s” was signed together with others, who may need it.")
            yield Hold(words % {"title": row.request.document.title})

    def of_outsider(self, organisation: Organisation, email: str) -> Iterator[Outside]:
        for row in _signatories(organisation, email).select_related("request__document"):
            document = row.request.document
            others = row.request.signatories.filter(state=Signatory.State.SIGNED).exclude(pk=row.pk)
            is_shared = row.state == Signatory.State.SIGNED and not document.belongs_to and others.exists()
            words = _("“%(title)s” was signed together with others, who may need it.") % {"title": document.title}
            known = ("name", "email", "capacity", "state", "signed_at", "address", "agent", "values", "reason")
            yield Outside(
                _("Signature: %(title)s") % {"title": document.title},
                str(row.uid),
                {name: getattr(row, name) for name in known},
                reason=words if is_shared else "",
                action_uid=document.belongs_to.get("action", ""),
            )
        for asked in _copied_to(organisation, email):
            yield Outside(_("Address for copies"), "", {"copies": email, "document": asked.document.title})

    def erase_outsider(self, organisation: Organisation, email: str) -> None:
        _signatories(organisation, email).update(**NOBODY, signature="", values={}, capacity="")
        for asked in _copied_to(organisation, email):
            asked.copies = [address for address in asked.copies if address.casefold() != email.casefold()]
            asked.save(update_fields=["copies"])

    def erase(self, member: Member) -> None:
        self._delete(list(own_documents(member).values_list("pk", flat=True)))
        Signatory.objects.filter(member=member).update(member=None, **NOBODY)
