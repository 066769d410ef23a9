"""Making documents: from a kind and values, or from a PDF that somebody brought. Their files follow at once or in bulk."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from milepost.core import blobs, clock, once
from milepost.core.jobs import named
from milepost.core.refusals import Refused
from milepost.core.words import date_format
from milepost.documents.facts import DOCUMENT_CREATED, DOCUMENT_SEALED
from milepost.documents.kinds import KINDS, VALUES, DocumentKind
from milepost.documents.models import Document, Signatory, SignatureRequest, Wording
from milepost.documents.reading import examine
from milepost.documents.typesetting import facts_of, logo_of, render
from milepost.documents.wordings import breakable, sections, wording_of
from milepost.journal import keys
from milepost.journal.recording import SYSTEM, Fact, record, record_many
from milepost.people.models import Member, Organisation

MAX_FILE = 50 * 1024 * 1024
BATCH = 500


class RefusedDocument(Refused):
    """The document can't be taken or made; the message says why and what to do."""

    status = 422


def compose(
    *,
    organisation: Organisation,
    kind: DocumentKind,
    values: Mapping[str, str],
    language: str,
    by: Member | None = None,
    about: str = "",
    key: str = "",
) -> Document:
    """A document of the kind with these values, in the organisation's wording. Records `created`.

    The same from a form of the same `key` is made once (see `core.once`). One that its person has one of takes the place of an earlier
    one that nobody was asked to sign. Raises `RefusedDocument` where somebody was.
    """
    document = _composed(wording_of(organisation, kind, language), kind, values, by=by, about=about)
    document.uid = once.uid_of(key, organisation.uid, kind.name, language, about, sorted(values.items()))
    with transaction.atomic():
        if key and (made := _made_before(organisation, document.uid)):
            return made
        if document.is_one_each:
            _take_place(document)
        document.save()
        record_many([_created(document)], organisation=organisation)
        _ask_for_files([document], kind)
    return document


def compose_many(
    *,
    organisation: Organisation,
    kind: DocumentKind,
    rows: Iterable[Mapping[str, str]],
    language: str,
    by: Member | None = None,
    about: str = "",
) -> list[Document]:
    """A document of one kind for each row of values, in a few statements; their files follow. Records `created` of each."""
    wording = wording_of(organisation, kind, language)
    documents = [_composed(wording, kind, values, by=by, about=about) for values in rows]
    with transaction.atomic():
        Document.objects.bulk_create(documents, batch_size=BATCH)
        record_many(map(_created, documents), organisation=organisation)
        _ask_for_files(documents, kind)
    return documents


def _take_place(document: Document) -> None:
    """It is the one of its kind that counts for what it is about; whoever asks for signatures locks the same row. Raises `RefusedDocument`."""
    rows = Document.objects.filter(organisation=document.organisation, about=document.about, kind=document.kind)
    earlier = rows.filter(is_the_one=True).select_for_update(of=("self",), no_key=True).first()
    if earlier and SignatureRequest.objects.filter(document=earlier).exists():
        raise RefusedDocument(_("It is written already, and somebody was asked to sign it. Withdraw that first."))
    rows.filter(is_the_one=True).update(is_the_one=False)
    document.is_the_one = True


def _made_before(organisation: Organisation, uid: UUID) -> Document | None:
    """What the same form made; of two at once, the second waits here for the first."""
    Organisation.locked(organisation.pk)
    return Document.objects.filter(uid=uid).first()


def _created(document: Document) -> Fact:
    actor = document.created_by or document.organisation
    context = {"kind": document.kind, **document.belongs_to}
    return Fact(DOCUMENT_CREATED, actor.as_reference(), document.as_reference(), {}, context)


def _ask_for_files(documents: Sequence[Document], kind: DocumentKind) -> None:
    if not kind.signatories:  # else those who sign decide how it looks: it is made once they are asked
        named("documents.make_files").enqueue_each((document.organisation_id, document.pk) for document in documents)


def _composed(
    wording: Wording, kind: DocumentKind, values: Mapping[str, str], *, by: Member | None = None, about: str = ""
) -> Document:
    organisation, language = wording.organisation, wording.language
    given = {name: value for name, value in values.items() if value}
    all_values = values_of(organisation, language) | given
    with translation.override(language):
        all_values |= _parties(all_values)
        content = {
            "values": all_values,
            "heading": str(kind.label),
            "sections": sections(kind, wording, all_values, language),
            "facts": [[_fact_label(name), breakable(all_values[name])] for name in kind.facts if all_values.get(name)],
            "capacities": [str(capacity) for capacity in kind.signatories],
        }
        title = all_values.get("title") or str(kind.label)
    return Document(
        organisation=organisation,
        kind=kind.name,
        title=title[:200],
        language=language,
        content=content,
        created_by=by,
        about=about,
    )


def _parties(values: Mapping[str, str]) -> dict[str, str]:
    """Each party in one go: name, address, number, who represents it; what is not known is left out."""

    def party(name: str, address: str, number: str, represents: str, capacity: str) -> str:
        whom = " · ".join(filter(None, (values.get(represents, ""), values.get(capacity, ""))))
        told = {
            number: _("registered under %(number)s") % {"number": values.get(number, "")},
            represents: _("represented by %(name)s") % {"name": whom},
        }
        said = [values.get(name, ""), values.get(address, ""), *(told[key] for key in told if values.get(key))]
        return ", ".join(filter(None, said))

    return {
        "organisation_party": party(
            "organisation", "organisation_address", "registration", "representative", "capacity"
        ),
        "client_party": party(
            "client", "client_address", "client_registration", "client_representative", "client_capacity"
        ),
    }


def _fact_label(name: str) -> str:
    labels = {
        "reference": _("Reference"),
        "period": _("Period"),
        "dates": _("Dates"),
        "hours": _("Duration"),
        "place": _("Place and modality"),
        "date": _("Date"),
    }
    return labels[name]


def values_of(organisation: Organisation, language: str) -> dict[str, str]:
    """What the organisation itself brings to every document."""
    with translation.override(language):
        today = date_format(clock.today(organisation.time_zone), "DATE_FORMAT")
    return {
        "organisation": organisation.name,
        "organisation_address": organisation.postal_address,
        "registration": organisation.registration_number,
        "certifier": organisation.certifier_name or organisation.name,
        "representative": organisation.certifier_name,
        "capacity": organisation.certifier_quality,
        "date": today,
    }


def upload(
    *, organisation: Organisation, content: bytes, name: str, title: str, language: str, by: Member, key: str = ""
) -> Document:
    """A document from a PDF that somebody brought, with its places still to be put. Records `created`.

    The same file from a form of the same `key` is taken once (see `core.once`).

    Raises `RefusedPdf` for what is no PDF, is encrypted, empty or too long, `RefusedDocument` for what is too large. One
    that others signed is taken as it is: nothing but signatures can be added to it.
    """
    if len(content) > MAX_FILE:
        raise RefusedDocument(_("The file is larger than 50 MB. Save it with smaller pictures."))
    examined = examine(content)
    digest = blobs.store(organisation.uid, content)
    uid = once.uid_of(key, organisation.uid, digest, name, title, language)
    with transaction.atomic():
        if key and (brought := _made_before(organisation, uid)):
            return brought
        document = Document.objects.create(
            uid=uid,
            organisation=organisation,
            title=(title.strip() or name)[:200],
            language=language,
            content={"pages": examined.pages},
            source=digest,
            pdf=digest,
            was_signed_before=examined.was_signed,
            created_by=by,
        )
        record(
            DOCUMENT_CREATED,
            organisation=organisation,
            actor=by.as_reference(),
            object=document.as_reference(),
            context={"file": name[:200], "was_signed": examined.was_signed},
        )
    return document


def add_annex(*, document: Document, name: str, chunks: Iterable[bytes]) -> None:
    """Add a file that goes with the document. Raises `RefusedDocument` once people were asked to sign. Records nothing.

    Whoever asks for signatures records the annexes by their fingerprints.
    """
    digest = blobs.store_stream(document.organisation.uid, chunks)
    with transaction.atomic():
        locked = Document.objects.select_for_update(of=("self",), no_key=True).get(pk=document.pk)
        if SignatureRequest.objects.filter(document=locked).exists():
            raise RefusedDocument(_("Signatures were asked for already; nothing is added any more."))
        locked.annexes = document.annexes = [*locked.annexes, {"name": name[:200], "digest": digest}]
        locked.save(update_fields=["annexes"])


def page_data(document: Document, signatories: Sequence[str]) -> dict[str, Any]:
    """What the templates lay out: the head, the words, and a frame for each who signs (by their capacity)."""
    from milepost.documents.signature_fields import FRAMES

    organisation, content = document.organisation, document.content
    with translation.override(document.language):
        return {
            "language": document.language,
            "organisation": organisation.name,
            "organisation_facts": facts_of(organisation, organisation.postal_address, organisation.registration_number),
            "logo": logo_of(organisation),
            "colour": organisation.brand_colour,
            "heading": content.get("heading", ""),
            "title": document.title,
            "reference": breakable(content.get("values", {}).get("reference", "")),
            "facts": content.get("facts", []),
            "sections": content.get("sections", []),
            "signatories": list(signatories),
            "frames": FRAMES,
            "signatures_heading": _("Signatures"),
            "signatures_note": _(
                "Each signature is sealed into this file as it is made. Whoever signs, when, how they were identified, "
                "and fingerprints (SHA-256, first 16 signs) of the document, the signature and its context stand beside it. "
                "They are simple electronic signatures (Regulation (EU) 910/2014, article 3), sealed by %(organisation)s."
            )
            % {"organisation": organisation.name},
            "sealed": _("Made by %(name)s.") % {"name": organisation.name},
        }


def make_file(document: Document, capacities: Sequence[str]) -> str:
    """Make the PDF with a place for each who signs, keep it, and return its SHA-256."""
    from milepost.documents import signature_fields

    data = page_data(document, capacities)
    if document.source:
        content = blobs.read(document.organisation.uid, document.source)
        has_frames = bool(capacities) and not document.was_signed_before
        if has_frames:
            content = signature_fields.with_page(content, render("signature-page", data, time=document.created_at))
    else:
        content, has_frames = render("document", data, time=document.created_at), bool(capacities)
    if capacities:
        content = signature_fields.with_places(
            content, signatories=_field_words(document, capacities), places=document.places, has_frames=has_frames
        )
    elif not document.source:
        content = _sealed(content, document)
    return blobs.store(document.organisation.uid, content)


def _field_words(document: Document, capacities: Sequence[str]) -> list[str]:
    with translation.override(document.language):
        return [_("Signature: %(name)s") % {"name": capacity} for capacity in capacities]


def _sealed(content: bytes, document: Document) -> bytes:
    from milepost.documents.sealing import seal_pdf  # brings pyHanko, which few processes need

    key = keys.current_key(document.organisation_id)
    return seal_pdf(content, key=key, time=clock.now(), reason=document.content["heading"])


def file_of(document: Document) -> bytes:
    """The document as it stands: its file, or how it will look where people are still to be asked."""
    if document.pdf:
        return blobs.read(document.organisation.uid, document.pdf)
    return render("document", page_data(document, document.content["capacities"]), time=document.created_at)


def fileless() -> "QuerySet[Document]":
    """The documents whose file is to be made and is not there yet, in all organisations."""
    unsigned = [kind.name for kind in KINDS.values() if not kind.signatories]
    return Document.objects.filter(pdf="").filter(Q(request__isnull=False) | Q(kind__in=unsigned))


def ensure_files(documents: Iterable[Document]) -> int:
    """Make the files of those documents that have none; return for how many no other worker was first.

    A document that people sign has no file of its own before they are asked: who they are decides how it looks. Every
    file is on the disk before any of them is told of. Records `sealed` of each that nobody signs.
    """
    waiting = [document for document in documents if not document.pdf]
    signing: dict[int, list[str]] = {}
    for who in Signatory.objects.filter(request__document__in=waiting, delegated_by=None).select_related("request"):
        signing.setdefault(who.request.document_id, []).append(who.capacity or who.name)
    made = [(document, make_file(document, signing.get(document.pk, []))) for document in waiting]
    count = 0
    with transaction.atomic():
        for document, digest in made:
            is_first = Document.objects.filter(pk=document.pk, pdf="").update(pdf=digest)
            document.refresh_from_db(fields=["pdf"])
            count += is_first
            if is_first and document.pk not in signing:
                record(
                    DOCUMENT_SEALED,
                    organisation=document.organisation,
                    actor=SYSTEM,
                    object=document.as_reference(),
                    result={"sha256": digest},
                )
    return count


def preview(*, organisation: Organisation, kind: DocumentKind, values: Mapping[str, str], language: str) -> bytes:
    """The PDF that such a document would be; kept nowhere."""
    document = _composed(wording_of(organisation, kind, language), kind, values)
    return render("document", page_data(document, document.content["capacities"]), time=clock.now())


def example_values(*, organisation: Organisation, kind: DocumentKind, language: str) -> dict[str, str]:
    """Values to look at the words with: those of the newest document of the kind, else what each value is, in brackets."""
    with translation.override(language):
        values = {name: f"[{label}]" for name, label in VALUES.items()}
    newest = Document.objects.filter(organisation=organisation, kind=kind.name, language=language).first()
    if newest:
        values |= {name: text for name, text in newest.content["values"].items() if text}
    person = Member.objects.filter(organisation=organisation).active().first()
    return values | ({"person": person.full_name} if person else {})
